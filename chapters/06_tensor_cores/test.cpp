// What a kernel of chapter 06 must do. The numbers are those of the TODOs that a case is about.

#include <cstddef>
#include <cstdint>
#include <utility>

#include "gpu/platform.h"
#include "workloads/attention/chapter_test.h"

using namespace attention;

namespace {

constexpr const char* all_todos = "6.1 6.2 6.3 6.4 6.5 6.6";

// Inputs with quantizers that are far from each other: each head has another scale, and the values' zero points lie on
// the other side of 128 than the keys'.
Inputs uneven_heads(const Shape& shape, uint64_t seed) {
  Numbers numbers = make_numbers(shape, seed);
  const int64_t size = int64_t{shape.keys} * shape.dim;
  for (int64_t i = 0; i < shape.key_count(); ++i) {
    const auto head = static_cast<float>(i / size);
    numbers.key[i] = (numbers.key[i] + 1) / (1 + head);
    numbers.value[i] = (numbers.value[i] - 1) * (1 + head);
  }
  return quantised(shape, std::move(numbers));
}

// Three heads in each batch, with zero points at both ends and in between, and bytes of every value.
Inputs every_byte(const Shape& shape) {
  Inputs inputs = make_inputs(shape, 1);
  for (std::size_t i = 0; i < inputs.key.size(); ++i) {
    inputs.key[i] = static_cast<uint8_t>(i * 37);
    inputs.value[i] = static_cast<uint8_t>(i * 91);
  }
  const float zero_points[] = {0, 255, 100};
  for (std::size_t head = 0; head < inputs.key_quantizer.size(); ++head) {
    inputs.key_quantizer[head] = {0.01f, zero_points[head % 3]};
    inputs.value_quantizer[head] = {0.01f, zero_points[2 - head % 3]};
  }
  return inputs;
}

// Inputs whose values are mostly around 0, but whose quantizers reach to -100: a byte of such a value is near 255, and
// what comes out is the small difference of large numbers, if the zero point is subtracted at the end.
Inputs values_far_from_their_range(const Shape& shape, uint64_t seed) {
  Numbers numbers = make_numbers(shape, seed);
  const int64_t size = int64_t{shape.keys} * shape.dim;
  for (int64_t i = 0; i < shape.key_count(); i += size) numbers.value[i] = -100;
  return quantised(shape, std::move(numbers));
}

}  // namespace

TEST_CASE("6.1 no batch, no heads or no queries: nothing to do, and no error") { check_empty(); }

TEST_CASE("6.1 every byte means its difference to the zero point, whatever that is" * needs(all_todos)) {
  // Four batches: each byte of a value stands in one row of each head. Where all rows of a head are the same, the
  // output is that row, whatever the weights are.
  Inputs inputs = every_byte({.batch = 4, .heads = 3, .queries = 1, .keys = 5, .dim = 64});
  const std::size_t head = 5 * 64;
  for (std::size_t i = 0; i < inputs.key.size(); ++i) {
    inputs.key[i] = inputs.key[i / head * head + i % 64];
    inputs.value[i] = inputs.value[i / head * head + i % 64];
  }
  check(inputs);
}

TEST_CASE("6.2 one query and one key: the output is the value" * needs(all_todos)) {
  for (const int dim : {64, 128}) {
    CAPTURE(dim);
    check(make_inputs(one_head(1, 1, dim), 1));
    check(make_inputs(causal(one_head(1, 1, dim)), 2));
  }
}

TEST_CASE("6.2 all 64 or 128 dims count, and each query takes the key that it names" * needs(all_todos)) {
  for (const int dim : {64, 128}) {
    CAPTURE(dim);
    check(make_address_coded_inputs(one_head(5, 40, dim), 3));
    check(make_inputs(one_head(5, 7, dim), 3));
  }
}

TEST_CASE("6.2 every byte counts, and keys and values of each head have quantizers of their own" * needs(all_todos)) {
  check(every_byte({.batch = 1, .heads = 3, .queries = 5, .keys = 8, .dim = 64}));
  Shape shape = small();
  shape.batch = 2;
  check(uneven_heads(shape, 2));
}

TEST_CASE("6.3 one key leads by far: first, in the middle, or last" * needs(all_todos)) {
  for (const int key : {0, 40, 69}) {
    CAPTURE(key);
    check(shifted_scores(one_head(5, 70), 4, key, key + 1, 20));
  }
}

TEST_CASE("6.3 a later tile raises the largest score: what was summed before is forgotten" * needs(all_todos)) {
  check(shifted_scores(one_head(5, 70), 5, 0, 32, -500));
  check(shifted_scores(one_head(5, 70), 6, 0, 64, -500));
}

TEST_CASE("6.3 the first tile has the largest scores: the later ones count next to nothing" * needs(all_todos)) {
  check(shifted_scores(one_head(5, 70), 7, 0, 32, 500));
}

TEST_CASE("6.3 scores of 100,000 and more, up and down, also of the only key" * needs(all_todos)) {
  check(large_scores(one_head(5, 70), 8));
  check(large_scores(one_head(5, 1), 8));  // with a score far below 0; what is not seen has an even lower one
}

TEST_CASE("6.3 all keys the same: all weights are equal" * needs(all_todos)) {
  check(identical_keys(one_head(5, 70), 9));
}

TEST_CASE("6.3 keys or values that are all 0, with a scale of 0" * needs(all_todos)) { check(zero_heads(small(), 10)); }

TEST_CASE("6.4 values far from the zero point: product and sum take the same weights" * needs(all_todos)) {
  check(values_far_from_their_range(one_head(16, 33), 11));
}

TEST_CASE("6.5 each row shrinks by its own factor, at its own tile" * needs(all_todos)) {
  const Shape shape = one_head(16, 96);
  check(make_inputs(shape, 12));
  check(make_address_coded_inputs(shape, 12));
}

TEST_CASE("6.6 a tile less than full, full, and a key more; one tile, two, three" * needs(all_todos)) {
  for (const int keys : {31, 32, 33, 63, 64, 65}) {
    CAPTURE(keys);
    check(make_inputs(one_head(3, keys), 13));
  }
}

TEST_CASE("6.6 queries that fill neither a warp nor a block, or just so" * needs(all_todos)) {
  for (const int queries : {15, 16, 17, 63, 64, 65}) {
    CAPTURE(queries);
    check(make_inputs(one_head(queries, 7), 14));
  }
}

TEST_CASE("6.6 causal: each query sees one key more than the one before, the last one all" * needs(all_todos)) {
  for (const auto& [queries, keys] : {std::pair{17, 17}, {65, 65}, {2, 33}, {16, 63}, {5, 97}}) {
    CAPTURE(queries);
    CAPTURE(keys);
    check(make_inputs(causal(one_head(queries, keys)), 15));
  }
  check(make_address_coded_inputs(causal(one_head(33, 40)), 15));
}

TEST_CASE("6.6 whoever is late, the result has the same bits" * needs(all_todos)) {
#if GPU_IS_REAL
  check_bits(make_inputs(mission_shape(), 16), 200);
#else
  check_bits(make_inputs(one_head(17, 65), 16), 1);
#endif
}

TEST_CASE("6.6 the whole operator" * needs(all_todos)) {
  check(make_inputs(quick_shape(), 17));
  check(make_inputs(causal(quick_shape()), 17));
#if GPU_IS_REAL
  for (const Shape& shape : {small_shape(), mission_shape(), causal(mission_shape()), long_shape()}) {
    check(make_inputs(shape, 18));
    check(uneven_heads(shape, 18));
  }
  Shape wide = mission_shape();
  wide.dim = 128;
  check(make_inputs(wide, 18));
#endif
}
