#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "workloads/attention/chapter_test.h"
#include "workloads/attention/field.h"
#include "workloads/attention/mistakes.h"
#include "workloads/attention/quantizer.h"
#include "workloads/attention/reference.h"
#include "workloads/workload_test.h"

using namespace attention;
using workloads::contains;
using workloads::refusal;
using workloads::same_bits;
using workloads::to_halves;

namespace {

/// Two in the batch, three heads, sizes that no tile divides.
Shape odd_shape(bool causal = false) {
  return {.batch = 2, .heads = 3, .queries = 21, .keys = 150, .dim = 64, .causal = causal};
}

double relative_l2(const std::vector<double>& actual, const std::vector<double>& expected) {
  double squares = 0, error_squares = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    squares += expected[i] * expected[i];
    error_squares += (actual[i] - expected[i]) * (actual[i] - expected[i]);
  }
  return std::sqrt(error_squares / squares);
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// The verdict on the output that a rule leads to.
judge::Verdict judged(const Inputs& inputs, const Rule& rule) {
  const std::vector<int64_t> rows = all_rows(inputs.shape);
  return OutputJudge(inputs, rows).judge(to_halves(reference(inputs, rows, rule)));
}

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

// ---------------------------------------------------------------------------------------------- shapes

TEST_CASE("the named shapes are valid and have their sizes") {
  for (const Shape& shape : {small_shape(), mission_shape(), long_shape(), large_shape(64), large_shape(128),
                             decode_shape(), quick_shape(), small(), odd_shape(), odd_shape(true)}) {
    CHECK(refusal(shape) == "");
  }
  CHECK(small_shape() == Shape{2, 8, 32, 32, 64, false});
  CHECK(mission_shape().rows() == 8192);
  CHECK(long_shape().scores() == 67'108'864);
  CHECK(large_shape(128).query_count() == 67'108'864);
  CHECK(decode_shape().rows() == 128);
  CHECK(decode_shape().key_count() == 67'108'864);
  CHECK(quick_shape().rows() == 96);
}

TEST_CASE("a causal shape has as many scores as its queries see keys") {
  for (const Shape& shape : {odd_shape(), odd_shape(true), Shape{1, 1, 4, 4, 64, true}, Shape{1, 2, 1, 9, 64, true}}) {
    int64_t scores = 0;
    for (int64_t row = 0; row < shape.rows(); ++row) scores += shape.seen_keys(row % shape.queries);
    CHECK(shape.scores() == scores);
  }
  CHECK(odd_shape(true).seen_keys(0) == 130);
  CHECK(odd_shape(true).seen_keys(20) == 150);
}

TEST_CASE("nothing in the batch, no head or no query is an empty problem, not an error") {
  for (int Shape::*size : {&Shape::batch, &Shape::heads, &Shape::queries}) {
    Shape shape = odd_shape();
    shape.*size = 0;
    CHECK(refusal(shape) == "");
    const Inputs inputs = make_inputs(shape, 1);
    CHECK(reference(inputs).empty());
    CHECK(OutputJudge(inputs, all_rows(shape)).judge({}).accepted());
    CHECK(make_address_coded_inputs(shape, 1).query.empty());
  }
}

TEST_CASE("each thing that is wrong with a shape has its own sentence") {
  Shape shape = odd_shape();
  std::string expected;
  SUBCASE("batch") {
    shape.batch = -1;
    expected = "The batch is -1";
  }
  SUBCASE("heads") {
    shape.heads = -1;
    expected = "There are -1 heads";
  }
  SUBCASE("queries") {
    shape.queries = -1;
    expected = "There are -1 queries";
  }
  SUBCASE("keys") {
    shape.keys = 0;
    expected = "There are 0 keys";
  }
  SUBCASE("dim") {
    shape.dim = 96;
    expected = "A row has 96 elements";
  }
  SUBCASE("causal") {
    shape = {1, 1, 5, 4, 64, true};
    expected = "There are fewer keys (4) than queries (5)";
  }
  SUBCASE("too many heads") {
    shape.batch = shape.heads = 256;
    expected = "There are more than 65535 heads";
  }
  SUBCASE("too large an output") {
    shape = {1, 65535, 513, 1, 64, false};
    expected = "The output has 2^31 elements or more";
  }
  SUBCASE("too many keys") {
    shape = {1, 2, 1, 1 << 24, 64, false};
    expected = "The keys have 2^31 elements or more";
  }
  const std::string sentence = refusal(shape);
  CAPTURE(sentence);
  CHECK(contains(sentence, expected));
  CHECK(sentence.back() == '.');
  CHECK_THROWS_AS(make_inputs(shape, 1), std::invalid_argument);
  CHECK_THROWS_AS(make_address_coded_inputs(shape, 1), std::invalid_argument);
}

TEST_CASE("the largest allowed sizes are allowed") {
  CHECK(refusal(Shape{1, 65535, 512, 512, 64, false}) == "");
  CHECK(refusal(Shape{1, 1, 1, (1 << 25) - 1, 64, false}) == "");
}

// ---------------------------------------------------------------------------------------------- quantizer

TEST_CASE("no number comes back from 8 bits further away than half a step, and zero comes back as zero") {
  const std::vector<float> normal = make_numbers(odd_shape(), 1).value;
  std::vector<float> positive, negative;
  for (const float number : normal) {
    positive.push_back(std::abs(number) + 3);
    negative.push_back(-std::abs(number) * 1e-6f);
  }
  for (const std::vector<float>& numbers : {normal, positive, negative, {1}, {-1}, {0, 5}, {-1e30f, 1e30f}}) {
    const Quantizer quantizer = fit(numbers);
    CHECK(quantizer.scale > 0);
    CHECK(quantizer.zero_point == std::round(quantizer.zero_point));
    CHECK((quantizer.zero_point >= 0 && quantizer.zero_point <= 255));
    CHECK(dequantize(quantizer, quantize(quantizer, 0)) == 0);
    double worst = 0;
    for (const float number : numbers) {
      worst = std::max(worst, std::abs(double{number} - dequantize(quantizer, quantize(quantizer, number))));
    }
    CHECK(worst <= quantizer.scale * 0.50001);
  }
}

TEST_CASE("all 256 elements come back from what they stand for") {
  for (const Quantizer quantizer :
       {Quantizer{0.031f, 117}, Quantizer{1, 128}, Quantizer{3e-7f, 0}, Quantizer{7, 255}}) {
    for (int u = 0; u < 256; ++u) {
      CHECK(quantize(quantizer, dequantize(quantizer, static_cast<uint8_t>(u))) == u);
    }
    CHECK(quantize(quantizer, quantizer.scale * 300) == 255);
    CHECK(quantize(quantizer, quantizer.scale * -300) == 0);
  }
}

TEST_CASE("a head of zeros has scale 0 and stays a head of zeros") {
  const Quantizer quantizer = fit(std::vector<float>(5, 0));
  CHECK(quantizer.scale == 0);
  CHECK(dequantize(quantizer, quantize(quantizer, 0)) == 0);
  CHECK(quantize(quantizer, 5) == 0);
}

TEST_CASE("a number that 8 bits cannot hold is refused") {
  CHECK_THROWS_AS(fit(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}), std::invalid_argument);
  CHECK_THROWS_AS(fit(std::vector<float>{std::numeric_limits<float>::infinity()}), std::invalid_argument);
}

TEST_CASE("the field's quantiser shifts every number by half a step, and its gate does not notice") {
  const Shape shape = mission_shape();
  Numbers numbers = make_numbers(shape, 1);
  const std::vector<int64_t> rows = sample_rows(shape, 256, 1);  // enough for two digits
  const std::vector<double> exact = exact_reference(quantised(shape, numbers), rows);

  const auto there_and_back = [&](const std::vector<float>& before) {
    float largest = 0;
    for (const float number : before) largest = std::max(largest, std::abs(number));
    std::vector<float> after;
    for (const float number : before) after.push_back(field::dequantize(field::quantize(number, largest), largest));
    return after;
  };
  Inputs shifted = quantised(shape, numbers);
  shifted.exact_key = there_and_back(numbers.key);
  shifted.exact_value = there_and_back(numbers.value);
  double shift = 0;
  for (size_t i = 0; i < numbers.value.size(); ++i) shift += shifted.exact_value[i] - numbers.value[i];
  CHECK(shift / static_cast<double>(numbers.value.size()) == doctest::Approx(-0.0165).epsilon(0.1));

  const std::vector<double> output = exact_reference(shifted, rows);
  const field::Errors errors = field::errors(output, exact);
  CHECK(errors.mean == doctest::Approx(0.0165).epsilon(0.15));
  CHECK(relative_l2(output, exact) == doctest::Approx(0.23).epsilon(0.15));
  CHECK(field::gate(errors));
  CHECK(!field::gate({.max = 0.07, .mean = 0.01}));
  CHECK(!field::gate({.max = 0.05, .mean = 0.03}));

  // The judge rejects it; and a quantiser that fits costs a tenth of that.
  const std::vector<float> actual(output.begin(), output.end());
  const judge::Verdict verdict = judge::compare({.actual = actual, .expected = exact, .columns = shape.dim});
  CHECK(!verdict.accepted());
  CHECK(quantisation_error(quantised(shape, numbers), rows) < 0.02);
}

// ---------------------------------------------------------------------------------------------- inputs

TEST_CASE("inputs are the same for the same seed, and others for another") {
  const Inputs a = make_inputs(odd_shape(), 7), b = make_inputs(odd_shape(), 7), c = make_inputs(odd_shape(), 8);
  CHECK((same_bits(a.query, b.query) && same_bits(a.key, b.key) && same_bits(a.value, b.value)));
  CHECK(!same_bits(a.query, c.query));
  CHECK(!same_bits(a.key, c.key));
  CHECK(!same_bits(a.value, c.value));
  CHECK(!same_bits(a.key, a.value));
}

TEST_CASE("inputs are the same on every machine") {
  const Inputs inputs = make_inputs(odd_shape(), 1);
  CHECK(std::bit_cast<uint16_t>(inputs.query[5]) == 0x3bae);
  CHECK(inputs.key[5] == 148);
  CHECK(inputs.value[5] == 161);
  CHECK(std::bit_cast<uint32_t>(inputs.key_quantizer[1].scale) == 0x3cefb9b6);
  CHECK(inputs.value_quantizer[1].zero_point == 125);
}

TEST_CASE("numbers have mean 0 and standard deviation 1") {
  const Numbers numbers = make_numbers(odd_shape(), 3);
  for (const std::vector<float>* array : {&numbers.query, &numbers.key, &numbers.value}) {
    double sum = 0, squares = 0;
    for (const float number : *array) {
      sum += number;
      squares += double{number} * number;
    }
    const double count = static_cast<double>(array->size());
    CHECK(std::abs(sum / count) < 0.05);
    CHECK(std::sqrt(squares / count) == doctest::Approx(1).epsilon(0.03));
  }
}

TEST_CASE("each head is quantised with its own quantizers, and the exact numbers are kept") {
  const Shape shape = odd_shape();
  const Inputs inputs = make_inputs(shape, 3);
  const int64_t size = int64_t{shape.keys} * shape.dim;
  std::set<float> scales;
  for (int64_t i = 0; i < shape.key_count(); ++i) {
    const Quantizer key = inputs.key_quantizer[i / size], value = inputs.value_quantizer[i / size];
    scales.insert({key.scale, value.scale});
    REQUIRE(std::abs(dequantize(key, inputs.key[i]) - inputs.exact_key[i]) <= key.scale * 0.50001f);
    REQUIRE(std::abs(dequantize(value, inputs.value[i]) - inputs.exact_value[i]) <= value.scale * 0.50001f);
  }
  CHECK(std::ssize(scales) == 2 * shape.head_count());
}

TEST_CASE("an array of the wrong size is refused by its name") {
  const Inputs good = make_inputs(small(), 1);
  Inputs bad = good;
  bad.query.pop_back();
  CHECK_THROWS_WITH_AS(validate(bad), "`query` has 639 elements, but the shape needs 640.", std::invalid_argument);
  bad = good;
  bad.key.pop_back();
  CHECK_THROWS_WITH_AS(validate(bad), "`key` has 895 elements, but the shape needs 896.", std::invalid_argument);
  bad = good;
  bad.value.pop_back();
  CHECK_THROWS_WITH_AS(validate(bad), "`value` has 895 elements, but the shape needs 896.", std::invalid_argument);
  bad = good;
  bad.key_quantizer.pop_back();
  CHECK_THROWS_AS(validate(bad), std::invalid_argument);
  bad = good;
  bad.value_quantizer.pop_back();
  CHECK_THROWS_AS(OutputJudge(bad, {0}), std::invalid_argument);
  Numbers numbers = make_numbers(small(), 1);
  numbers.value.pop_back();
  CHECK_THROWS_AS(quantised(small(), numbers), std::invalid_argument);
}

TEST_CASE("an address comes back from its code, and any two codes differ in one dim by 32") {
  std::set<std::array<float, 16>> codes;
  for (const int64_t key : {0, 1, 7, 8, 63, 64, 65535, (1 << 24) - 1}) {
    for (const int head : {0, 1, 8, 511}) {
      for (const int batch : {0, 3, 511}) {
        for (const int dim : {0, 16, 112}) {
          const Address address{batch, head, key, dim};
          const std::array<float, 16> code = encode(address);
          REQUIRE(decode(code) == address);
          for (const std::array<float, 16>& other : codes) {
            float difference = 0;
            for (int i = 0; i < 16; ++i) difference = std::max(difference, std::abs(code[i] - other[i]));
            REQUIRE(difference >= 32);
          }
          codes.insert(code);
          for (const float number : code) REQUIRE((number >= -128 && number < 112 && number == std::round(number)));
        }
      }
    }
  }
}

TEST_CASE("a mixture of addresses is no address") {
  const std::array<float, 16> a = encode({0, 1, 37, 16}), b = encode({0, 1, 38, 16});
  std::array<float, 16> mixture = a;
  mixture[0] = (a[0] + b[0]) / 2;
  CHECK(!decode(mixture));
  mixture = a;  // torn: one dim of another key, all of the others of this
  mixture[0] = b[0];
  CHECK(!decode(mixture));
  mixture = a;
  mixture[3] += 0.5f;
  CHECK(!decode(mixture));
  mixture[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK(!decode(mixture));
  std::rotate(mixture.begin(), mixture.begin() + 1, mixture.end());
  CHECK(!decode(mixture));
}

TEST_CASE("an address-coded output is the value of one key that the query sees, exactly") {
  for (const Shape& shape : {odd_shape(), odd_shape(true), Shape{1, 1, 3, 1, 128, false},
                             Shape{1, 2, 4, 2000, 128, true}, Shape{1, 1, 8, 65536, 64, false}}) {
    const Inputs inputs = make_address_coded_inputs(shape, 3);
    validate(inputs);
    const std::vector<double> output = reference(inputs);
    std::set<int64_t> keys;
    for (int64_t row = 0; row < shape.rows(); ++row) {
      int64_t key = -1;
      for (int dim = 0; dim < shape.dim; dim += 16) {
        std::array<float, 16> numbers;
        std::copy_n(output.begin() + row * shape.dim + dim, 16, numbers.begin());
        const auto address = decode(numbers);
        REQUIRE(address);
        if (key < 0) key = address->key;
        REQUIRE(encode(*address) == numbers);
        REQUIRE(*address == Address{static_cast<int>(row / shape.queries / shape.heads),
                                    static_cast<int>(row / shape.queries % shape.heads), key, dim});
      }
      REQUIRE(key < shape.seen_keys(row % shape.queries));
      keys.insert(key);
    }
    CHECK(std::ssize(keys) >= std::min<int64_t>(shape.keys, shape.rows() / 2));
  }
}

TEST_CASE("with address-coded inputs the judge says which value an output holds, and which belongs there") {
  const Shape shape = odd_shape();
  const Inputs inputs = make_address_coded_inputs(shape, 3);
  const std::vector<int64_t> rows = all_rows(shape);
  const std::vector<double> right = reference(inputs);
  std::array<float, 16> expected;
  std::copy_n(right.begin() + 77 * 64 + 16, 16, expected.begin());
  const OutputJudge judge(inputs, rows);
  CHECK(judge.judge(to_halves(right)).accepted());

  std::vector<double> wrong = right;
  const std::array<float, 16> other = encode({0, 2, 5, 16});
  std::copy_n(other.begin(), 16, wrong.begin() + 77 * 64 + 16);
  const std::string sentence = judge.judge(to_halves(wrong)).sentence;
  CAPTURE(sentence);
  CHECK(contains(sentence, "First: batch 1, head 0, query 14, dim 1"));
  CHECK(contains(sentence, "it holds the value of batch 0, head 2, key 5, dims 16-31 where the value of " +
                               describe(*decode(expected)) + " belongs"));
  for (int i = 16; i < 32; ++i) wrong[77 * 64 + i] = (wrong[77 * 64 + i] + right[77 * 64 + i]) / 2;
  CHECK(contains(judge.judge(to_halves(wrong)).sentence, "it holds no single value where"));
  // A head that reads another's keys, but its own values, finds another key.
  Inputs mixed = inputs;
  std::copy_n(inputs.key.begin(), 150 * 64, mixed.key.begin() + 150 * 64);
  CHECK(!judge.judge(to_halves(reference(mixed))).accepted());
}

// ---------------------------------------------------------------------------------------------- reference

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

// ---------------------------------------------------------------------------------------------- mistakes

TEST_CASE("a right output is accepted by the judge, in half precision") {
  for (const Shape& shape : {odd_shape(), odd_shape(true), quick_shape(), small(), Shape{1, 1, 3, 70, 128, true}}) {
    const Inputs inputs = make_inputs(shape, 4);
    const judge::Verdict verdict = OutputJudge(inputs, all_rows(shape)).judge(to_halves(reference(inputs)));
    CHECK(verdict.text() == "accepted");
    CHECK(verdict.relative_l2 < 5e-4);
  }
}

TEST_CASE("each mistake gives a wrong output, and the judge calls it by its name and variant") {
  std::set<std::string> names;
  for (const bool causal : {false, true}) {
    Shape shape = odd_shape(causal);
    shape.queries = 6;
    Inputs inputs = make_inputs(shape, 4);
    for (size_t head = 0; head < inputs.value_quantizer.size(); ++head) {
      inputs.value_quantizer[head].zero_point = 100 + 3 * static_cast<float>(head);  // further from 128
    }
    const std::vector<int64_t> rows = all_rows(inputs.shape);
    const std::vector<double> right = reference(inputs);
    const OutputJudge judge(inputs, rows);
    for (const judge::Hypothesis& mistake : mistakes(inputs, rows)) {
      CAPTURE(mistake.sentence);
      const std::vector<double> predicted = mistake.expected();
      std::vector<half> output = to_halves(predicted);
      bool differs = false;
      for (size_t i = 0; i < output.size(); ++i) {
        differs = differs || !(std::abs(predicted[i] - right[i]) <= 1e-9);
        if (std::isnan(predicted[i])) output[i] = __float2half(3);  // read outside all arrays: could be anything
      }
      const judge::Verdict verdict = judge.judge(output);
      CHECK(verdict.name == (differs ? mistake.name : ""));
      CHECK(verdict.sentence == (differs ? mistake.sentence : ""));
      if (differs) names.insert(mistake.name);
    }
  }
  CHECK(names == std::set<std::string>{"forgotten-scale",         "scale-twice",         "base-two",
                                       "not-normalised",          "forgotten-key-scale", "forgotten-value-scale",
                                       "forgotten-zero-point",    "fixed-zero-point",    "swapped-quantizers",
                                       "another-heads-quantizer", "transposed-keys",     "missing-mask",
                                       "top-left-mask",           "mask-off-by-one",     "masked-to-zero",
                                       "first-head-only",         "first-batch-only",    "heads-inside",
                                       "last-key-dropped",        "misaligned-values",   "sum-not-rescaled",
                                       "output-not-rescaled",     "sums-not-rescaled",   "counted-tail",
                                       "last-tile-dropped",       "last-tile-twice",     "stale-tile",
                                       "keys-zero-point",         "earlier-tiles-lost",  "own-lanes-weight",
                                       "base-change-twice"});
}

TEST_CASE("the mistakes of a first kernel are recognised at the quick shape") {
  const Inputs inputs = make_inputs(quick_shape(), 4);
  CHECK(judged(inputs, {}).name == "");
  CHECK(judged(inputs, {.scale_power = 0}).name == "forgotten-scale");
  CHECK(judged(inputs, {.normalise = false}).name == "not-normalised");
  CHECK(judged(inputs, {.tile = 16, .rescale_output = false}).name == "output-not-rescaled");
  CHECK(judged(inputs, {.tile = 32, .tail = Rule::Tail::zero_score}).name == "counted-tail");
  CHECK(judged(inputs, {.tile = 32, .last = Rule::Last::tile_dropped}).name == "last-tile-dropped");
  Shape causal = quick_shape();
  causal.causal = true;
  CHECK(judged(make_inputs(causal, 4), {.mask = Rule::Mask::none}).name == "missing-mask");
  CHECK(judged(make_inputs(causal, 4), {.mask = Rule::Mask::one_more}).name == "mask-off-by-one");
}

TEST_CASE("a zero point of the keys that is forgotten is no mistake: the softmax takes it out again") {
  const Inputs inputs = make_inputs(quick_shape(), 4);
  const std::vector<int64_t> rows = all_rows(inputs.shape);
  const std::vector<double> forgotten = reference(inputs, rows, {.key_reading = Rule::Reading::no_zero_point});
  CHECK(largest_difference(forgotten, reference(inputs)) < 1e-12);
}

TEST_CASE("nobody knows what the keys are that lie behind the last head") {
  const Inputs inputs = make_inputs(small(), 4);
  const std::vector<int64_t> rows = all_rows(small());
  for (const Rule& rule : {Rule{.tile = 8, .tail = Rule::Tail::next_rows}, Rule{.value_of_next_key = true}}) {
    const std::vector<double> output = reference(inputs, rows, rule);
    CHECK(!std::isnan(output.front()));  // the next head's first key
    CHECK(std::isnan(output.back()));
  }
}

TEST_CASE("places behind the last key that count have the weight of a score, and zeros or zero bytes as values") {
  Inputs inputs = make_inputs({.batch = 1, .heads = 1, .queries = 1, .keys = 1, .dim = 64}, 4);
  std::ranges::fill(inputs.query, __float2half(0));  // all scores are 0
  inputs.value_quantizer[0] = {0.5, 10};
  inputs.value[7] = 42;  // 16; zero bytes are -5
  const std::vector<int64_t> rows = {0};
  CHECK(reference(inputs, rows, {.tile = 16, .tail = Rule::Tail::zero_score})[7] == 1);
  CHECK(reference(inputs, rows, {.tile = 16, .tail = Rule::Tail::zero_bytes})[7] == (16 - 15 * 5) / 16.0);
}

TEST_CASE("without any key there is no result") {
  const Inputs inputs = make_inputs({.batch = 1, .heads = 1, .queries = 1, .keys = 1, .dim = 64}, 4);
  CHECK(std::isnan(reference(inputs, all_rows(inputs.shape), {.last = Rule::Last::key_dropped})[0]));
}

TEST_CASE("NaN where exponentials overflow comes with the question for the maximum") {
  const Inputs inputs = large_scores(quick_shape(), 4);
  std::vector<half> output = to_halves(reference(inputs));
  std::ranges::fill(std::span(output).first(640), __float2half(std::numeric_limits<float>::quiet_NaN()));
  const judge::Verdict verdict = OutputJudge(inputs, all_rows(inputs.shape)).judge(output);
  CHECK(verdict.name == "nan");
  CHECK(contains(verdict.sentence, "is the row's maximum subtracted"));
}

TEST_CASE("the judge asks of every element whether it was written, and names rows by their place in the whole output") {
  const Inputs inputs = make_inputs(odd_shape(), 4), other = make_inputs(odd_shape(), 5);
  const OutputJudge judge(inputs, {0, 77, 125});
  std::vector<half> output = to_halves(reference(inputs));
  CHECK(judge.judge(output).accepted());
  const std::vector<half> previous = to_halves(reference(other));
  std::vector<half> stale = output;
  std::copy_n(previous.begin() + 77 * 64, 64, stale.begin() + 77 * 64);
  CHECK(contains(judge.judge(stale).sentence, "First: batch 1, head 0, query 14, dim 0 holds"));
  CHECK(judge.judge(stale, previous).name == "stale");
  output[100 * 64 + 3] = std::bit_cast<half>(judge::poison);
  CHECK(contains(judge.judge(output).sentence, "batch 1, head 1, query 16, dim 3"));
  output.pop_back();
  CHECK_THROWS_AS(judge.judge(output), std::invalid_argument);
}
