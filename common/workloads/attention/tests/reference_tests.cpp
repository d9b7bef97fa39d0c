// The reference: by hand, against PyTorch, and on hard inputs.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "workloads/attention/chapter_test.h"
#include "workloads/attention/quantizer.h"
#include "workloads/attention/tests/test_inputs.h"

using namespace attention;

namespace {

struct Golden {
  Inputs inputs;
  std::vector<double> output;
};

std::vector<Golden> read_golden() {
  workloads::GoldenNumbers numbers;
  const auto next_elements = [&](std::vector<uint8_t>& elements, int64_t count) {
    for (int64_t i = 0; i < count; ++i) elements.push_back(static_cast<uint8_t>(numbers.next_int()));
  };
  const auto next_quantizers = [&](std::vector<Quantizer>& quantizers, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const float scale = numbers.next_float();
      quantizers.push_back({scale, numbers.next_float()});
    }
  };

  std::vector<Golden> cases(numbers.next_int());
  for (Golden& golden : cases) {
    Inputs& inputs = golden.inputs;
    Shape& shape = inputs.shape;
    shape.batch = numbers.next_int();
    shape.heads = numbers.next_int();
    shape.queries = numbers.next_int();
    shape.keys = numbers.next_int();
    shape.dim = numbers.next_int();
    shape.causal = numbers.next_int() != 0;
    for (int64_t i = 0; i < shape.query_count(); ++i) inputs.query.push_back(numbers.next_half());
    next_elements(inputs.key, shape.key_count());
    next_elements(inputs.value, shape.key_count());
    next_quantizers(inputs.key_quantizer, shape.head_count());
    next_quantizers(inputs.value_quantizer, shape.head_count());
    for (int64_t i = 0; i < shape.output_count(); ++i) golden.output.push_back(numbers.next());
    validate(inputs);
  }
  numbers.check_end();
  return cases;
}

}  // namespace

TEST_CASE("one key: the output is its value") {
  const Inputs inputs = make_inputs({.batch = 2, .heads = 2, .queries = 3, .keys = 1, .dim = 64}, 1);
  const std::vector<double> output = reference(inputs);
  for (int64_t row = 0; row < 12; ++row) {
    for (int dim = 0; dim < 64; ++dim) {
      const int64_t head = row / 3;
      const double value = dequantize(inputs.value_quantizer[head], inputs.value[head * 64 + dim]);
      CHECK(output[row * 64 + dim] == doctest::Approx(value).epsilon(1e-6));
    }
  }
}

TEST_CASE("two keys, by hand: the weights are those of the logistic function") {
  Inputs inputs = make_inputs({.batch = 1, .heads = 1, .queries = 1, .keys = 2, .dim = 64}, 1);
  std::ranges::fill(inputs.query, __float2half(0));
  inputs.query[3] = __float2half(2);
  inputs.key_quantizer[0] = {0.5, 10};
  inputs.value_quantizer[0] = {0.25, 4};
  inputs.key[3] = 42, inputs.key[64 + 3] = 34;    // 16 and 12: scores 32 / 8 = 4 and 24 / 8 = 3
  inputs.value[7] = 8, inputs.value[64 + 7] = 0;  // 1 and -1
  const double first = 1 / (1 + std::exp(-1.0));
  CHECK(reference(inputs)[7] == doctest::Approx(first - (1 - first)).epsilon(1e-14));
}

TEST_CASE("with a causal mask a query's output is that of a problem with only the keys that it sees") {
  const Shape shape{.batch = 1, .heads = 1, .queries = 6, .keys = 9, .dim = 64, .causal = true};
  const Inputs inputs = make_inputs(shape, 5);
  const std::vector<double> output = reference(inputs);
  for (int query = 0; query < shape.queries; ++query) {
    Inputs alone = inputs;
    alone.shape.causal = false;
    alone.shape.queries = 1;
    alone.shape.keys = query + 4;
    alone.query.assign(inputs.query.begin() + query * 64, inputs.query.begin() + query * 64 + 64);
    alone.key.resize(alone.shape.key_count());
    alone.value.resize(alone.shape.key_count());
    const std::vector<double> row(output.begin() + query * 64, output.begin() + query * 64 + 64);
    CHECK(reference(alone) == row);
  }
}

TEST_CASE("the order in which keys are taken, tile by tile, does not matter") {
  const Inputs inputs = make_inputs(odd_shape(true), 2);
  const std::vector<int64_t> rows = all_rows(inputs.shape);
  for (const int tile : {1, 16, 64, 128, 1000}) {
    CHECK(largest_difference(reference(inputs, rows, {.tile = tile}), reference(inputs)) < 1e-13);
  }
}

TEST_CASE("selected rows are rows of the whole output") {
  const Inputs inputs = make_inputs(odd_shape(), 2);
  const std::vector<double> whole = reference(inputs);
  const std::vector<int64_t> rows = {3, 125, 0};
  const std::vector<double> some = reference(inputs, rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int64_t dim = 0; dim < 64; ++dim) CHECK(some[i * 64 + dim] == whole[rows[i] * 64 + dim]);
  }
}

TEST_CASE(
    "what 8 bits cost is the difference from the numbers before they were quantised, and smaller with smaller steps") {
  const Shape shape{.batch = 1, .heads = 2, .queries = 32, .keys = 512, .dim = 64};
  Inputs inputs = make_inputs(shape, 2);
  const std::vector<int64_t> rows = all_rows(shape);
  const double error = quantisation_error(inputs, rows);
  CHECK(error == relative_l2(reference(inputs, rows), exact_reference(inputs, rows)));
  CHECK(error > 0.002);
  CHECK(error < 0.02);
  for (int64_t i = 0; i < shape.key_count(); ++i) {  // numbers that 8 bits hold exactly
    const int64_t head = i / shape.keys / shape.dim;
    inputs.exact_key[i] = dequantize(inputs.key_quantizer[head], inputs.key[i]);
    inputs.exact_value[i] = dequantize(inputs.value_quantizer[head], inputs.value[i]);
  }
  CHECK(quantisation_error(inputs, rows) < 1e-6);
}

TEST_CASE("the reference agrees with PyTorch's scaled_dot_product_attention") {
  const std::vector<Golden> cases = read_golden();
  CHECK(cases.size() >= 4);
  for (const Golden& golden : cases) {
    const std::vector<double> output = reference(golden.inputs);
    CHECK(largest_difference(output, golden.output) <= 1e-12);
    CHECK(std::ranges::max(golden.output) > 0.1);
  }
}

// ---------------------------------------------------------------------------------------------- hard inputs

TEST_CASE("large scores reach 1e5, and any two of a row are equal or far apart") {
  const Inputs inputs = large_scores({.batch = 1, .heads = 1, .queries = 8, .keys = 40, .dim = 64}, 1);
  double largest = 0, least_gap = 1e9;
  for (int64_t query = 0; query < 8; ++query) {
    std::set<double> scores;
    for (int64_t key = 0; key < 40; ++key) {
      double score = 0;
      for (int dim = 0; dim < 64; ++dim) {
        score += double{__half2float(inputs.query[query * 64 + dim])} *
                 dequantize(inputs.key_quantizer[0], inputs.key[key * 64 + dim]) / 8;
      }
      scores.insert(score);
      largest = std::max(largest, std::abs(score));
    }
    for (auto score = std::next(scores.begin()); score != scores.end(); ++score) {
      least_gap = std::min(least_gap, *score - *std::prev(score));
    }
  }
  CHECK(largest > 1e5);
  CHECK(least_gap >= 32);
  CHECK(judged(inputs, {}).text() == "accepted");
}

TEST_CASE("identical keys weigh the same, heads of zeros give means and zeros") {
  const Shape shape{.batch = 1, .heads = 2, .queries = 3, .keys = 50, .dim = 64};
  for (const Inputs& inputs : {identical_keys(shape, 1), zero_heads(shape, 1)}) {
    CHECK(judged(inputs, {}).text() == "accepted");
    const std::vector<double> output = reference(inputs);
    for (int dim = 0; dim < 64; ++dim) {
      double mean = 0;
      for (int key = 0; key < 50; ++key) {
        mean += dequantize(inputs.value_quantizer[0], inputs.value[key * 64 + dim]) / 50.0;
      }
      CHECK(std::abs(output[dim] - mean) < 1e-6);
    }
  }
  const Inputs zeros = zero_heads(shape, 1);
  CHECK(zeros.key_quantizer[0].scale == 0);
  CHECK(zeros.value_quantizer[1].scale == 0);
  for (int i = 0; i < 3 * 64; ++i) CHECK(reference(zeros)[3 * 64 + i] == 0);
}

TEST_CASE("shifted scores: keys far below the others have no weight, and keys far above have all") {
  const Shape shape{.batch = 1, .heads = 2, .queries = 5, .keys = 100, .dim = 64};
  for (const bool above : {false, true}) {
    const Inputs inputs = shifted_scores(shape, 1, 0, 64, above ? 500.0f : -500.0f);
    const std::vector<double> output = reference(inputs);
    Inputs other = inputs;  // of values that have no weight nothing is seen
    const int64_t begin = above ? 64 : 0, end = above ? 100 : 64;
    for (int head = 0; head < 2; ++head) {
      for (int64_t i = (head * 100 + begin) * 64; i < (head * 100 + end) * 64; ++i) other.value[i] ^= 0x55;
    }
    CHECK(reference(other) == output);
    CHECK(judged(inputs, {}).text() == "accepted");
    CHECK(judged(inputs, {.tile = 64, .rescale_sum = false}).name == (above ? "" : "sum-not-rescaled"));
  }
}
