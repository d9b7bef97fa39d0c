#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "judge/judge.h"
#include "workloads/attention/inputs.h"

namespace attention {

/// The mistakes that people make with this operator, each with the output that it leads to on these inputs and rows,
/// the more likely ones first. Those that depend on how many keys a tile has stand there for several. They refer to
/// `inputs` and `rows`, which must outlive them.
///
/// Two mistakes are missing because they need not show. A zero point of the keys that is forgotten adds the same number
/// to all scores of a query, which the softmax takes out again: the result is right. And without subtracting the
/// maximum the result is right as long as no exponential overflows; where one does, the judge's hint for "nan" says so.
std::vector<judge::Hypothesis> mistakes(const Inputs& inputs, std::span<const int64_t> rows);

/// What a rejection by the judge probably means in this operator, by its name.
const std::map<std::string, std::string>& hints();

}  // namespace attention
