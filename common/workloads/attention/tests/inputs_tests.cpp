// Shapes, the quantiser, and inputs.

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "workloads/attention/chapter_test.h"
#include "workloads/attention/field.h"
#include "workloads/attention/quantizer.h"
#include "workloads/attention/tests/test_inputs.h"

using namespace attention;

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
