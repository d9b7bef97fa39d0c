#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "judge/judge.h"
#include "workloads/deformable_attention/inputs.h"

namespace deformable_attention {

/// "image 0, query 3, head 1".
std::string row_name(const Shape& shape, int64_t row);

/// Judges outputs for one set of inputs: knows the expected result, the mistakes and the words of this workload.
/// The reference is computed once, in the constructor. Refers to the inputs, which must outlive it.
class OutputJudge {
 public:
  /// Judges by the selected rows (see all_rows() and sample_rows()). For a wrong output some 30 mistakes are tried,
  /// each of which costs as much as the reference: select some 4096 rows of a large shape. Errors:
  /// std::invalid_argument as validate(Inputs).
  OutputJudge(const Inputs& inputs, std::vector<int64_t> rows);

  /// `output` is the whole output as the kernel left it, poisoned before the launch (judge/guarded.h); whether it was
  /// written is asked of every element, its correctness of the selected rows. `previous`: the whole output of an
  /// earlier launch on other inputs, if there was one.
  /// Errors: std::invalid_argument if an output has another size than the shape says.
  judge::Verdict judge(std::span<const half> output, std::span<const half> previous = {}) const;

 private:
  std::vector<float> selected(std::span<const half> output) const;
  std::string explain(std::span<const float> actual, int64_t row, int64_t channel) const;

  const Inputs& inputs_;
  const std::vector<int64_t> rows_;
  const std::vector<double> expected_;
};

}  // namespace deformable_attention
