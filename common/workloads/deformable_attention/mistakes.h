#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "judge/judge.h"
#include "workloads/deformable_attention/inputs.h"

namespace deformable_attention {

/// The mistakes that people make with this operator, each with the output that it leads to on these inputs and rows,
/// the more likely ones first. They refer to `inputs` and `rows`, which must outlive them.
std::vector<judge::Hypothesis> mistakes(const Inputs& inputs, std::span<const int64_t> rows);

/// What a rejection by the judge probably means in this operator, by its name.
const std::map<std::string, std::string>& hints();

}  // namespace deformable_attention
