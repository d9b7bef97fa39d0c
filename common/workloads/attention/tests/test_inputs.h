#pragma once

// What the tests of this workload share.

#include <algorithm>
#include <cmath>
#include <vector>

#include "workloads/attention/mistakes.h"
#include "workloads/attention/output_judge.h"
#include "workloads/attention/reference.h"
#include "workloads/rows.h"
#include "workloads/workload_test.h"

namespace attention {

using workloads::contains;
using workloads::refusal;
using workloads::same_bits;
using workloads::to_halves;

/// Two in the batch, three heads, sizes that no tile divides.
inline Shape odd_shape(bool causal = false) {
  return {.batch = 2, .heads = 3, .queries = 21, .keys = 150, .dim = 64, .causal = causal};
}

inline double relative_l2(const std::vector<double>& actual, const std::vector<double>& expected) {
  double squares = 0, error_squares = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    squares += expected[i] * expected[i];
    error_squares += (actual[i] - expected[i]) * (actual[i] - expected[i]);
  }
  return std::sqrt(error_squares / squares);
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// The verdict on the output that a rule leads to.
inline judge::Verdict judged(const Inputs& inputs, const Rule& rule) {
  const std::vector<int64_t> rows = all_rows(inputs.shape);
  return OutputJudge(inputs, rows).judge(to_halves(reference(inputs, rows, rule)));
}

}  // namespace attention
