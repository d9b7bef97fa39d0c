#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "workloads/random.h"

namespace workloads {

/// Every row of the output, 0 .. shape.rows() - 1.
template <class Shape>
std::vector<int64_t> all_rows(const Shape& shape) {
  std::vector<int64_t> rows(shape.rows());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

/// `count` rows of the output in rising order, spread evenly with a random place in each interval; always with the
/// first and the last row. All rows, if there are no more than that.
template <class Shape>
std::vector<int64_t> sample_rows(const Shape& shape, int64_t count, uint64_t seed) {
  if (shape.rows() <= count) return all_rows(shape);
  const Random random(seed, 0);
  std::vector<int64_t> rows(count);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = i * shape.rows() / count, end = (i + 1) * shape.rows() / count;
    rows[i] = begin + random.below(end - begin, i);
  }
  rows.front() = 0;
  rows.back() = shape.rows() - 1;
  return rows;
}

}  // namespace workloads
