#pragma once

// What the tests of the chapters on attention share.

#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "gpu/platform.h"
#include "workloads/attention/runner.h"
#include "workloads/chapter_test.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#endif

namespace attention {

/// Few queries and keys, not as many of one as of the other, in two heads; few enough for many schedules.
inline Shape small() { return {.batch = 1, .heads = 2, .queries = 5, .keys = 7, .dim = 64}; }

/// One head, so many queries and keys.
inline Shape one_head(int queries, int keys, int dim = 64) {
  return {.batch = 1, .heads = 1, .queries = queries, .keys = keys, .dim = dim};
}

/// The same shape with a causal mask.
inline Shape causal(Shape shape) {
  shape.causal = true;
  return shape;
}

using workloads::check;
using workloads::check_bits;

/// check() on random inputs of a shape.
inline void check(const Shape& shape, std::string_view configuration = {}) {
  check(make_inputs(shape, 1), configuration);
}

/// Ends the test case, red, if a problem without queries, heads or batch is not left alone.
inline void check_empty(std::string_view configuration = {}) {
  for (const int dim : {64, 128}) {
    check({.batch = 1, .heads = 2, .queries = 0, .keys = 7, .dim = dim}, configuration);
    check({.batch = 1, .heads = 0, .queries = 5, .keys = 7, .dim = dim}, configuration);
    check({.batch = 0, .heads = 2, .queries = 5, .keys = 7, .dim = dim}, configuration);
  }
}

/// Ends the test case, red, if the last launch, of one block, asked by cp.async for more than the bytes of its keys and
/// values, 16 at a time. The keys fill their tiles. (On a GPU nobody counts.)
inline void check_nothing_else_is_copied([[maybe_unused]] const Shape& shape) {
#if !GPU_IS_REAL
  const auto needed = static_cast<uint64_t>(2 * shape.key_count() / 16), copies = emulator::counts().cp_async_copies;
  if (copies > needed) {
    FAIL("The block asked for " << copies << " copies, and its tiles have " << needed
                                << ": is a tile asked for twice, or one that does not exist?");
  }
#endif
}

/// Inputs whose scores reach 1e5 and -1e5 and more: exp of them is infinite or 0 without the row's maximum. All
/// products and sums are whole multiples of 256, exact in float, so that two scores of a row are equal or far apart.
inline Inputs large_scores(const Shape& shape, uint64_t seed) {
  Numbers numbers = make_numbers(shape, seed);
  for (float& number : numbers.query) number = std::round(number * 32) * 4;
  Inputs inputs = quantised(shape, std::move(numbers));
  for (Quantizer& quantizer : inputs.key_quantizer) quantizer.scale = 64;  // the same elements, read as larger numbers
  return inputs;
}

/// Inputs of which all keys of a head are the same: every query's weights are equal.
inline Inputs identical_keys(const Shape& shape, uint64_t seed) {
  Numbers numbers = make_numbers(shape, seed);
  const int64_t size = int64_t{shape.keys} * shape.dim;
  for (int64_t i = 0; i < shape.key_count(); ++i) {
    numbers.key[i] = numbers.key[i / size * size + i % shape.dim];
  }
  return quantised(shape, std::move(numbers));
}

/// Inputs of which every even head's keys, and every odd head's values, are all 0, with quantizers of scale 0.
inline Inputs zero_heads(const Shape& shape, uint64_t seed) {
  Numbers numbers = make_numbers(shape, seed);
  const int64_t size = int64_t{shape.keys} * shape.dim;
  for (int64_t i = 0; i < shape.key_count(); ++i) (i / size % 2 == 0 ? numbers.key : numbers.value)[i] = 0;
  return quantised(shape, std::move(numbers));
}

/// Inputs of which keys `first` to `last - 1` have scores around `shift`, which is in [-500, 500], and the others
/// scores around 0: where they are far below, a softmax must forget what it took from them before. (Much larger scores
/// would leave too few digits in float for the differences between them.)
inline Inputs shifted_scores(const Shape& shape, uint64_t seed, int64_t first, int64_t last, float shift) {
  constexpr float key_size = 3;  // within the range of the other numbers
  Numbers numbers = make_numbers(shape, seed);
  const float query_size = shift * std::sqrt(static_cast<float>(shape.dim)) / key_size;
  for (int64_t i = 0; i < shape.query_count(); i += shape.dim) numbers.query[i] = query_size;
  for (int64_t i = 0; i < shape.key_count(); i += shape.dim) {
    const int64_t key = i / shape.dim % shape.keys;
    numbers.key[i] = first <= key && key < last ? key_size : 0;  // 0 stays exactly 0
  }
  return quantised(shape, std::move(numbers));
}

}  // namespace attention
