// Shapes, and inputs.

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <stdexcept>

#include "workloads/deformable_attention/output_judge.h"
#include "workloads/deformable_attention/tests/test_inputs.h"

using namespace deformable_attention;

// ---------------------------------------------------------------------------------------------- shapes

TEST_CASE("the named shapes are valid and have their sizes") {
  for (const Shape& shape : {field_shape(), quick_shape(), detr_shape(), small_shape(), padded_shape()}) {
    CHECK(refusal(shape) == "");
  }
  CHECK(field_shape().pixels == 20522);
  CHECK(field_shape().rows() == 985'056);
  CHECK(field_shape().point_count() == 31'521'792);
  CHECK(quick_shape().pixels == 100);
  CHECK(quick_shape().rows() == 100);
  CHECK(detr_shape().pixels == detr_shape().queries);
  CHECK(detr_shape().levels[3].start == 13400 + 3350 + 850);
}

TEST_CASE("a batch or queries of 0 are an empty problem, not an error") {
  Shape shape = small_shape();
  shape.batch = 0;
  CHECK(refusal(shape) == "");
  const Inputs inputs = make_inputs(shape, Sampling::local, 1);
  CHECK(reference(inputs).empty());
  CHECK(OutputJudge(inputs, all_rows(shape)).judge({}).accepted());
  shape = small_shape();
  shape.queries = 0;
  CHECK(refusal(shape) == "");
  CHECK(make_inputs(shape, Sampling::local, 1).locations.empty());
  CHECK(make_address_coded_inputs(shape, 1).weights.empty());
}

TEST_CASE("each thing that is wrong with a shape has its own sentence") {
  Shape shape = small_shape();
  std::string expected;
  SUBCASE("no level") {
    shape.levels.clear();
    expected = "There is no level";
  }
  SUBCASE("too many levels") {
    shape = make_shape({1, 1, 1, 8, 1, std::vector<MapSize>(max_levels + 1, MapSize{2, 2})});
    expected = "There are 9 levels: give at most 8";
  }
  SUBCASE("empty level: height") {
    shape.levels[1].height = 0;
    expected = "Level 1 is empty (0 x 5)";
  }
  SUBCASE("empty level: width") {
    shape.levels[2].width = 0;
    expected = "Level 2 is empty (3 x 0)";
  }
  SUBCASE("negative size") {
    shape.levels[0].height = shape.levels[0].width = -2;
    expected = "Level 0 is empty (-2 x -2)";
  }
  SUBCASE("huge level") {
    shape = make_shape({1, 1, 1, 8, 1, {{65536, 32768}}});
    expected = "Level 0 has 2^31 pixels or more";
  }
  SUBCASE("absurd levels, whose sum overflows") {
    shape = make_shape({1, 1, 1, 8, 1, std::vector<MapSize>(8, MapSize{2147483647, 2147483647})});
    expected = "Level 0 has 2^31 pixels or more";
  }
  SUBCASE("negative start") {
    shape.levels[1].start = -1;
    expected = "Level 1 starts at pixel -1";
  }
  SUBCASE("overlap") {
    shape = padded_shape();
    shape.levels[1].start = 11;
    expected = "Levels 0 and 1 overlap: level 0 must start at pixel 31 or later";
  }
  SUBCASE("past the end") {
    --shape.pixels;
    expected = "Level 2 ends past the image's last pixel: it has 6 pixels from 74, the image has 79";
  }
  SUBCASE("a start near 2^63") {
    shape.levels[2].start = std::numeric_limits<int64_t>::max();
    expected = "Level 2 ends past the image's last pixel";
  }
  SUBCASE("batch") {
    shape.batch = -1;
    expected = "The batch is -1";
  }
  SUBCASE("queries") {
    shape.queries = -1;
    expected = "There are -1 queries";
  }
  SUBCASE("heads") {
    shape.heads = 0;
    expected = "There are 0 heads";
  }
  SUBCASE("points") {
    shape.points = 0;
    expected = "There are 0 points per level";
  }
  SUBCASE("channels not a multiple of 8") {
    shape.channels = 12;
    expected = "There are 12 channels per head: give a positive multiple of 8";
  }
  SUBCASE("no channels") {
    shape.channels = 0;
    expected = "There are 0 channels per head";
  }
  SUBCASE("output too large for 32-bit indices") {
    shape.queries = (1 << 25) - 16;  // * 2 images * 2 heads * 16 channels = 2^31 - 1024
    expected = "The output has 2^31 elements or nearly so";
  }
  SUBCASE("sizes whose product overflows 64 bits") {
    shape.batch = shape.queries = 1 << 30;
    shape.heads = 16;
    expected = "The output has 2^31 elements or nearly so";
  }
  SUBCASE("a level too large for 32-bit indices") {
    shape = make_shape({1, 1, 2, 1024, 1, {{1024, 1024}}});
    expected = "A level of 1024 x 1024 pixels has 2^31 values or more";
  }
  SUBCASE("too many values") {
    shape.pixels = int64_t{1} << 62;
    expected = "The inputs would take more than 64 GiB";
  }
  SUBCASE("too many points") {
    shape.points = 2147483647;
    expected = "The inputs would take more than 64 GiB";
  }
  const std::string sentence = refusal(shape);
  CAPTURE(sentence);
  CHECK(contains(sentence, expected));
  CHECK(sentence.back() == '.');
  CHECK_THROWS_AS(make_inputs(shape, Sampling::local, 1), std::invalid_argument);
  CHECK_THROWS_AS(make_address_coded_inputs(shape, 1), std::invalid_argument);
}

TEST_CASE("the largest allowed output is allowed") {
  Shape shape = small_shape();
  shape.queries = (1 << 25) - 17;  // * 64 outputs a query
  CHECK(refusal(shape) == "");
}

TEST_CASE("a pixel knows its level, also where there are gaps") {
  const Shape shape = padded_shape();
  CHECK(level_of_pixel(shape, 4) == -1);
  CHECK(level_of_pixel(shape, 5) == 1);
  CHECK(level_of_pixel(shape, 24) == 1);
  CHECK(level_of_pixel(shape, 25) == -1);
  CHECK(level_of_pixel(shape, 83) == 0);
  CHECK(level_of_pixel(shape, 95) == 2);
  CHECK(level_of_pixel(shape, 96) == -1);
}

// ---------------------------------------------------------------------------------------------- inputs

TEST_CASE("inputs are the same for the same seed, and others for another") {
  for (const Sampling sampling : {Sampling::local, Sampling::uniform}) {
    const Inputs a = make_inputs(small_shape(), sampling, 7), b = make_inputs(small_shape(), sampling, 7);
    const Inputs c = make_inputs(small_shape(), sampling, 8);
    CHECK((same_bits(a.value, b.value) && same_bits(a.locations, b.locations) && same_bits(a.weights, b.weights)));
    CHECK(!same_bits(a.value, c.value));
    CHECK(!same_bits(a.locations, c.locations));
    CHECK(!same_bits(a.weights, c.weights));
  }
}

TEST_CASE("inputs are the same on every machine") {
  const Inputs local = make_inputs(small_shape(), Sampling::local, 1);
  const Inputs uniform = make_inputs(small_shape(), Sampling::uniform, 1);
  CHECK(std::bit_cast<uint16_t>(local.value[5]) == 0x38bc);
  CHECK(std::bit_cast<uint16_t>(local.weights[5]) == 0x32b6);
  CHECK(std::bit_cast<uint32_t>(local.locations[5].x) == 0x3e50cf84);
  CHECK(std::bit_cast<uint32_t>(uniform.locations[5].y) == 0xbe6675e0);
}

TEST_CASE("inputs do not depend on the number of threads: a row is the same in a larger problem") {
  Shape larger = small_shape();
  larger.batch = 40;
  const Inputs a = make_inputs(small_shape(), Sampling::local, 1), b = make_inputs(larger, Sampling::local, 1);
  CHECK(std::ranges::equal(std::as_bytes(std::span(a.locations)),
                           std::as_bytes(std::span(b.locations).first(a.locations.size()))));
  CHECK(std::ranges::equal(std::as_bytes(std::span(a.value)), std::as_bytes(std::span(b.value).first(a.value.size()))));
}

TEST_CASE("a row's weights add up to 1, and none is 0") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::uniform, 3);
  const int64_t points = inputs.shape.points_per_row();
  std::set<uint16_t> different;
  for (int64_t row = 0; row < inputs.shape.rows(); ++row) {
    double sum = 0;
    for (int64_t i = 0; i < points; ++i) {
      const half weight = inputs.weights[row * points + i];
      CHECK(__half2float(weight) > 0);
      sum += __half2float(weight);
      different.insert(std::bit_cast<uint16_t>(weight));
    }
    CHECK(sum == doctest::Approx(1).epsilon(2e-3));
  }
  CHECK(different.size() > 100);
}

TEST_CASE("values have mean 0 and standard deviation 1.15") {
  const Inputs inputs = make_inputs(quick_shape(), Sampling::uniform, 3);
  double sum = 0, squares = 0;
  for (const half value : inputs.value) {
    sum += __half2float(value);
    squares += double{__half2float(value)} * __half2float(value);
  }
  const double count = static_cast<double>(inputs.value.size());
  CHECK(std::abs(sum / count) < 0.1);
  CHECK(std::sqrt(squares / count) == doctest::Approx(1.1547).epsilon(0.05));
}

TEST_CASE("local points lie around the query's own pixel, 2 pixels away in every level") {
  Shape shape =
      make_shape({.batch = 2, .queries = 1000, .heads = 1, .channels = 8, .points = 4, .maps = {{20, 30}, {10, 15}}});
  const Inputs inputs = make_inputs(shape, Sampling::local, 5);
  for (size_t level = 0; level < 2; ++level) {
    double sum_x = 0, sum_y = 0, squares_x = 0, squares_y = 0;
    for (int64_t row = 0; row < shape.rows(); ++row) {
      const int64_t pixel = row % 1000 % 750;  // through both levels, and then from the first pixel again
      const bool second = pixel >= 600;
      const double reference_x = ((second ? pixel - 600 : pixel) % (second ? 15 : 30) + 0.5) / (second ? 15 : 30);
      const double reference_y = ((second ? pixel - 600 : pixel) / (second ? 15 : 30) + 0.5) / (second ? 10 : 20);
      for (int64_t point = 0; point < 4; ++point) {
        const float2 location = inputs.locations[row * 8 + level * 4 + point];
        const double x = (location.x - reference_x) * shape.levels[level].width;
        const double y = (location.y - reference_y) * shape.levels[level].height;
        sum_x += x, sum_y += y, squares_x += x * x, squares_y += y * y;
      }
    }
    CHECK(std::abs(sum_x / 8000) < 0.1);
    CHECK(std::abs(sum_y / 8000) < 0.1);
    CHECK(std::sqrt(squares_x / 8000) == doctest::Approx(2).epsilon(0.03));
    CHECK(std::sqrt(squares_y / 8000) == doctest::Approx(2).epsilon(0.03));
  }
}

TEST_CASE("uniform points hit every border of every level, and some lie outside") {
  const Shape shape = small_shape();
  const Inputs inputs = make_inputs(shape, Sampling::uniform, 5);
  std::set<std::string> seen;
  for (int64_t i = 0; i < shape.point_count(); ++i) {
    const int64_t index = i % shape.points_per_row() / shape.points;
    const Level& level = shape.levels[index];
    const double x = inputs.locations[i].x * double{1} * level.width - 0.5,
                 y = inputs.locations[i].y * double{1} * level.height - 0.5;
    REQUIRE((x >= -1.5001 && x < level.width + 0.5001 && y >= -1.5001 && y < level.height + 0.5001));
    const std::string name = std::to_string(index);
    if (x < 0) seen.insert(name + (x > -1 ? " left" : " outside left"));
    if (x > level.width - 1) seen.insert(name + (x < level.width ? " right" : " outside right"));
    if (y < 0) seen.insert(name + (y > -1 ? " top" : " outside top"));
    if (y > level.height - 1) seen.insert(name + (y < level.height ? " bottom" : " outside bottom"));
  }
  CHECK(seen.size() == 3 * 8);
}

TEST_CASE("arrays that do not fit the shape are refused by name") {
  Inputs inputs = make_inputs(small_shape(), Sampling::local, 1);
  validate(inputs);
  SUBCASE("value") {
    inputs.value.pop_back();
    CHECK_THROWS_WITH_AS(validate(inputs), "`value` has 5119 elements, but the shape needs 5120.",
                         std::invalid_argument);
  }
  SUBCASE("locations") {
    inputs.locations.pop_back();
    CHECK_THROWS_WITH_AS(validate(inputs), "`locations` has 1439 elements, but the shape needs 1440.",
                         std::invalid_argument);
  }
  SUBCASE("weights") {
    inputs.weights.emplace_back();
    CHECK_THROWS_WITH_AS(validate(inputs), "`weights` has 1441 elements, but the shape needs 1440.",
                         std::invalid_argument);
  }
  SUBCASE("shape") {
    inputs.shape.levels[1].start = 0;
    CHECK_THROWS_AS(validate(inputs), std::invalid_argument);
  }
}

// ---------------------------------------------------------------------------------------------- address-coded inputs

TEST_CASE("an address survives encoding, and every code is exact in half") {
  for (const Address& address : {Address{0, 0, 0, 0}, Address{1, 2, 3, 8}, Address{47, 20521, 0, 24},
                                 Address{16383, 268435455, 127, 1016}, Address{300, 1 << 20, 100, 512}}) {
    const std::array<float, 8> codes = encode(address);
    for (const float code : codes) CHECK(__half2float(__float2half(code)) == code);
    const auto decoded = decode(codes);
    REQUIRE(decoded);
    CHECK(*decoded == address);
  }
}

TEST_CASE("what is no address is not decoded") {
  std::array<float, 8> codes = encode({1, 2, 3, 8});
  SUBCASE("a mixture") { codes[3] += 0.4f; }
  SUBCASE("channels that are swapped") { std::swap(codes[0], codes[1]); }
  SUBCASE("too large") { codes[7] += 2048; }
  SUBCASE("NaN") { codes[0] = not_a_number; }
  CHECK(!decode(codes));
}

TEST_CASE("neighbouring addresses differ by more than the gate lets pass") {
  const std::array<float, 8> codes = encode({0, 5, 0, 0});
  for (const Address& other : {Address{0, 6, 0, 0}, Address{1, 5, 0, 0}, Address{0, 5, 1, 0}, Address{0, 5, 0, 8}}) {
    const std::array<float, 8> others = encode(other);
    float largest = 0;
    for (int i = 0; i < 8; ++i) largest = std::max(largest, std::abs(codes[i] - others[i]));
    CHECK(largest >= 16);  // the gate: a hundredth of a root mean square of at most 1024
  }
}

TEST_CASE("the channels of one address differ by more than the gate lets pass") {
  std::array<float, 8> codes = encode({0, 0, 0, 0});
  std::ranges::sort(codes);
  for (int i = 1; i < 8; ++i) CHECK(codes[i] - codes[i - 1] >= 16);
}

TEST_CASE("every query of address-coded inputs reads one pixel exactly") {
  for (const Shape& shape : {small_shape(), padded_shape(), quick_shape()}) {
    const Inputs inputs = make_address_coded_inputs(shape, 11);
    validate(inputs);
    const std::vector<double> output = reference(inputs);
    std::set<int> levels;
    for (int64_t row = 0; row < shape.rows(); ++row) {
      for (int channel = 0; channel < shape.channels; channel += 8) {
        std::array<float, 8> codes;
        std::copy_n(output.begin() + row * shape.channels + channel, 8, codes.begin());
        const auto address = decode(codes);
        REQUIRE(address);
        CHECK(address->image == row / shape.heads / shape.queries);
        CHECK(address->head == row % shape.heads);
        CHECK(address->channel == channel);
        levels.insert(level_of_pixel(shape, address->pixel));
      }
    }
    CHECK(levels.size() == shape.levels.size());
    CHECK(!levels.contains(-1));
  }
}

TEST_CASE("a wrong output of address-coded inputs says which pixel it holds, and which belongs there") {
  const Shape shape = padded_shape();
  const Inputs inputs = make_address_coded_inputs(shape, 11);
  std::vector<half> output = to_halves(reference(inputs));
  const OutputJudge judge(inputs, all_rows(shape));
  CHECK(judge.judge(output).accepted());

  const auto right = [&](int64_t row) {
    std::array<float, 8> codes;
    for (int i = 0; i < 8; ++i) codes[i] = __half2float(output[row * 16 + 8 + i]);
    return describe(shape, *decode(codes));
  };
  const std::string belongs = right(33);
  const std::array<float, 8> wrong = encode({1, 5 + 2 * 5 + 3, 0, 8});
  for (int i = 0; i < 8; ++i) output[33 * 16 + 8 + i] = __float2half(wrong[i]);
  const judge::Verdict verdict = judge.judge(output);
  CHECK(verdict.name == "wrong-elements");
  CAPTURE(verdict.sentence);
  CHECK(contains(verdict.sentence, "image 0, query 16, head 1, channel "));
  CHECK(contains(verdict.sentence,
                 "it holds image 1, pixel (x 3, y 2) of level 1, head 0, channels 8-15 where " + belongs + " belongs"));

  CHECK(contains(describe(shape, {0, 3, 0, 0}), "pixel row 3 (in no level)"));
}
