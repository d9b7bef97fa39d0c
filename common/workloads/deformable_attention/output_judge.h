#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/deformable_attention/inputs.h"
#include "workloads/output_judge.h"

namespace deformable_attention {

/// "image 0, query 3, head 1".
std::string row_name(const Shape& shape, int64_t row);

/// Judges outputs for one set of inputs: knows the expected result, the mistakes and the words of this workload.
/// The reference is computed once, in the constructor. Refers to the inputs, which must outlive it.
class OutputJudge : public workloads::OutputJudge {
 public:
  /// Judges by the selected rows (see all_rows() and sample_rows()). For a wrong output some 30 mistakes are tried,
  /// each of which costs as much as the reference: select some 4096 rows of a large shape. Errors:
  /// std::invalid_argument as validate(Inputs).
  OutputJudge(const Inputs& inputs, std::vector<int64_t> rows);
};

}  // namespace deformable_attention
