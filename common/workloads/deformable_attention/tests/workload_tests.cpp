#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "workloads/deformable_attention/inputs.h"
#include "workloads/deformable_attention/mistakes.h"
#include "workloads/deformable_attention/output_judge.h"
#include "workloads/deformable_attention/reference.h"
#include "workloads/kernel_registry.h"
#include "workloads/parallel_for.h"
#include "workloads/workload_test.h"

using namespace deformable_attention;
using workloads::contains;
using workloads::refusal;
using workloads::same_bits;
using workloads::to_halves;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// Two images, three levels that are not square, two heads.
Shape small_shape() {
  return make_shape(
      {.batch = 2, .queries = 40, .heads = 2, .channels = 16, .points = 3, .maps = {{6, 9}, {4, 5}, {3, 2}}});
}

/// The same levels in another order in memory, with gaps before, between and behind.
Shape padded_shape() {
  Shape shape = small_shape();
  shape.levels[0].start = 30;
  shape.levels[1].start = 5;
  shape.levels[2].start = 90;
  shape.pixels = 100;
  return shape;
}

/// One query that reads one point of one level of 2 x 4 pixels, which hold 1 .. 8 in raster order in channel 0.
struct OnePoint {
  Inputs inputs;

  OnePoint() {
    inputs.shape = make_shape({.batch = 1, .queries = 1, .heads = 1, .channels = 8, .points = 1, .maps = {{2, 4}}});
    inputs.value.resize(inputs.shape.value_count());
    for (int pixel = 0; pixel < 8; ++pixel) inputs.value[pixel * 8] = __float2half(pixel + 1);
    inputs.locations = {{0, 0}};
    inputs.weights = {__float2half(1)};
  }

  /// What is read at (x, y) in pixels.
  double at(double x, double y) {
    inputs.locations[0] = {static_cast<float>((x + 0.5) / 4), static_cast<float>((y + 0.5) / 2)};
    return reference(inputs)[0];
  }
};

struct Golden {
  Inputs inputs;
  std::vector<double> output;
};

std::vector<Golden> read_golden() {
  workloads::GoldenNumbers numbers;
  std::vector<Golden> cases(numbers.next_int());
  for (Golden& golden : cases) {
    Shape& shape = golden.inputs.shape;
    shape.batch = numbers.next_int();
    shape.queries = numbers.next_int();
    shape.heads = numbers.next_int();
    shape.channels = numbers.next_int();
    shape.points = numbers.next_int();
    shape.pixels = numbers.next_int();
    shape.levels.resize(numbers.next_int());
    for (Level& level : shape.levels) {
      level.height = numbers.next_int();
      level.width = numbers.next_int();
      level.start = numbers.next_int();
    }
    validate(shape);
    for (int64_t i = 0; i < shape.value_count(); ++i) golden.inputs.value.push_back(numbers.next_half());
    for (int64_t i = 0; i < shape.point_count(); ++i) {
      const float x = numbers.next_float(), y = numbers.next_float();
      golden.inputs.locations.push_back({x, y});
    }
    for (int64_t i = 0; i < shape.point_count(); ++i) golden.inputs.weights.push_back(numbers.next_half());
    for (int64_t i = 0; i < shape.output_count(); ++i) golden.output.push_back(numbers.next());
  }
  numbers.check_end();
  return cases;
}

}  // namespace

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

TEST_CASE("work that is spread over threads visits every item once") {
  for (const int64_t count : {0, 1, 7, 64, 1000, 1001}) {
    std::vector<std::atomic<int>> visits(count);
    workloads::parallel_for(count, 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++visits[i];
    });
    CHECK(std::ranges::all_of(visits, [](int times) { return times == 1; }));
  }
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

// ---------------------------------------------------------------------------------------------- the reference

TEST_CASE("a point on a pixel's centre reads that pixel") {
  OnePoint point;
  CHECK(point.at(0, 0) == 1);
  CHECK(point.at(3, 0) == 4);
  CHECK(point.at(0, 1) == 5);
  CHECK(point.at(3, 1) == 8);
}

TEST_CASE("a point between centres is a mixture of the four around it") {
  OnePoint point;
  CHECK(point.at(1.25, 0) == 0.75 * 2 + 0.25 * 3);
  CHECK(point.at(1, 0.5) == 0.5 * 2 + 0.5 * 6);
  CHECK(point.at(1.25, 0.75) == 0.25 * (0.75 * 2 + 0.25 * 3) + 0.75 * (0.75 * 6 + 0.25 * 7));
}

TEST_CASE("corners outside the map count as zero, on each side") {
  OnePoint point;
  CHECK(point.at(-0.25, 0) == 0.75 * 1);
  CHECK(point.at(3.25, 0) == 0.75 * 4);
  CHECK(point.at(0, -0.5) == 0.5 * 1);
  CHECK(point.at(0, 1.5) == 0.5 * 5);
  CHECK(point.at(-0.5, -0.5) == 0.25 * 1);
  CHECK(point.at(3.5, 1.5) == 0.25 * 8);
  CHECK(point.at(-0.5, 1.5) == 0.25 * 5);
}

TEST_CASE("a point a whole pixel or more outside adds nothing, and reads nothing") {
  OnePoint point;
  for (half& value : point.inputs.value) value = __float2half(not_a_number);  // even 0 * NaN would show
  for (const auto& [x, y] : std::initializer_list<std::pair<double, double>>{
           {-1, 0}, {4, 0}, {0, -1}, {0, 2}, {-5, 0}, {1e30, 0}, {0, -1e30}, {9, 9}}) {
    CAPTURE(x);
    CAPTURE(y);
    CHECK(point.at(x, y) == 0);
  }
}

TEST_CASE("a point whose location is NaN or infinite is skipped, whatever its weight") {
  OnePoint point;
  for (const float bad : {not_a_number, infinity, -infinity}) {
    for (const float2 location : {float2{bad, 0.5f}, float2{0.5f, bad}, float2{bad, bad}}) {
      point.inputs.locations[0] = location;
      point.inputs.weights[0] = __float2half(not_a_number);
      CHECK(reference(point.inputs)[0] == 0);
    }
  }
}

TEST_CASE("a weight that is NaN shows where the point is live") {
  OnePoint point;
  point.inputs.weights[0] = __float2half(not_a_number);
  CHECK(std::isnan(point.at(1, 0)));
}

TEST_CASE("weights multiply, points and levels add up, and heads and images read their own") {
  Inputs inputs;
  inputs.shape =
      make_shape({.batch = 2, .queries = 1, .heads = 2, .channels = 8, .points = 2, .maps = {{1, 2}, {1, 1}}});
  for (int image = 0; image < 2; ++image) {
    for (int pixel = 0; pixel < 3; ++pixel) {
      for (int head = 0; head < 2; ++head) {
        for (int channel = 0; channel < 8; ++channel) {
          inputs.value.push_back(__float2half(image * 1000 + pixel * 100 + head * 10 + channel));
        }
      }
    }
  }
  for (int row = 0; row < 4; ++row) {
    // Level 0: its pixels 0 and 1. Level 1: its only pixel, and nothing.
    for (const float2 location : {float2{0.25f, 0.5f}, float2{0.75f, 0.5f}, float2{0.5f, 0.5f}, float2{0.5f, 9.0f}}) {
      inputs.locations.push_back(location);
    }
    for (const float weight : {0.5f, 0.25f, 0.125f, 1.0f}) inputs.weights.push_back(__float2half(weight));
  }
  validate(inputs);
  const std::vector<double> output = reference(inputs);
  for (int row = 0; row < 4; ++row) {
    for (int channel = 0; channel < 8; ++channel) {
      const double base = row / 2 * 1000 + row % 2 * 10 + channel;
      CHECK(output[row * 8 + channel] == 0.5 * base + 0.25 * (base + 100) + 0.125 * (base + 200));
    }
  }
}

TEST_CASE("levels are read from their own start, and gaps are never read") {
  const Inputs packed = make_inputs(small_shape(), Sampling::uniform, 9);
  Inputs padded{padded_shape(), std::vector<half>(padded_shape().value_count(), __float2half(not_a_number)),
                packed.locations, packed.weights};
  const int64_t row = packed.shape.heads * packed.shape.channels;
  for (int image = 0; image < 2; ++image) {
    for (size_t i = 0; i < packed.shape.levels.size(); ++i) {
      const Level &from = packed.shape.levels[i], &to = padded.shape.levels[i];
      std::copy_n(packed.value.begin() + (image * packed.shape.pixels + from.start) * row,
                  from.height * from.width * row,
                  padded.value.begin() + (image * padded.shape.pixels + to.start) * row);
    }
  }
  CHECK(reference(padded) == reference(packed));
}

TEST_CASE("selected rows are rows of the whole output") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::local, 2);
  const std::vector<double> whole = reference(inputs);
  const std::vector<int64_t> rows = {3, 159, 0};
  const std::vector<double> some = reference(inputs, rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int64_t c = 0; c < 16; ++c) CHECK(some[i * 16 + c] == whole[rows[i] * 16 + c]);
  }
}

TEST_CASE("sampled rows rise, include the first and the last, and are all rows where there are few") {
  const std::vector<int64_t> rows = sample_rows(field_shape(), 4096, 1);
  CHECK(rows.size() == 4096);
  CHECK(rows.front() == 0);
  CHECK(rows.back() == field_shape().rows() - 1);
  CHECK(std::ranges::adjacent_find(rows, std::greater_equal()) == rows.end());
  CHECK(rows != sample_rows(field_shape(), 4096, 2));
  CHECK(sample_rows(quick_shape(), 4096, 1) == all_rows(quick_shape()));
}

TEST_CASE("the reference agrees with PyTorch's grid_sample") {
  const std::vector<Golden> cases = read_golden();
  CHECK(cases.size() >= 2);
  for (const Golden& golden : cases) {
    validate(golden.inputs);
    const std::vector<double> output = reference(golden.inputs);
    double largest = 0;
    for (size_t i = 0; i < output.size(); ++i) {
      CHECK(std::abs(output[i] - golden.output[i]) <= 1e-12);
      largest = std::max(largest, std::abs(golden.output[i]));
    }
    CHECK(largest > 1);
  }
}

// ---------------------------------------------------------------------------------------------- mistakes

TEST_CASE("a right output is accepted by the judge, in half precision, for both samplings") {
  for (const Sampling sampling : {Sampling::local, Sampling::uniform}) {
    for (const Shape& shape : {small_shape(), padded_shape(), quick_shape()}) {
      const Inputs inputs = make_inputs(shape, sampling, 4);
      const judge::Verdict verdict = OutputJudge(inputs, all_rows(shape)).judge(to_halves(reference(inputs)));
      CHECK(verdict.text() == "accepted");
      CHECK(verdict.relative_l2 < 5e-4);
    }
  }
}

TEST_CASE("each mistake gives a wrong output, and the judge calls it by its name and variant") {
  const Inputs inputs = make_inputs(padded_shape(), Sampling::uniform, 4);
  const std::vector<int64_t> rows = all_rows(inputs.shape);
  const OutputJudge judge(inputs, rows);
  std::set<std::string> names;
  for (const judge::Hypothesis& mistake : mistakes(inputs, rows)) {
    CAPTURE(mistake.sentence);
    std::vector<half> output = to_halves(mistake.expected());
    for (half& element : output) {
      if (std::isnan(__half2float(element))) element = __float2half(3);  // read outside all arrays: could be anything
    }
    const judge::Verdict verdict = judge.judge(output);
    CHECK(verdict.name == mistake.name);
    CHECK(verdict.sentence == mistake.sentence);
    names.insert(mistake.name);
  }
  CHECK(names == std::set<std::string>{"swapped-xy", "forgotten-half-pixel", "align-corners", "minus-one-to-one",
                                       "truncated-not-floored", "swapped-fractions", "mirrored-fractions",
                                       "wrong-pitch", "ignored-level-start", "recomputed-level-start",
                                       "ignored-weights", "ignored-image", "ignored-head", "mixed-heads-and-channels",
                                       "missing-bounds-test"});
}

TEST_CASE("the mistakes of a first kernel are recognised at the quick shape, with both samplings") {
  for (const Sampling sampling : {Sampling::local, Sampling::uniform}) {
    const Inputs inputs = make_inputs(quick_shape(), sampling, 4);
    const std::vector<int64_t> rows = all_rows(inputs.shape);
    const OutputJudge judge(inputs, rows);
    const auto name = [&](const Rule& rule) { return judge.judge(to_halves(reference(inputs, rows, rule))).name; };
    CHECK(name({}) == "");
    CHECK(name({.swap_location = true}) == "swapped-xy");
    for (const Rule::Axes axes : {Rule::Axes::x, Rule::Axes::y, Rule::Axes::both}) {
      CHECK(name({.no_half_pixel = axes}) == "forgotten-half-pixel");
      CHECK(name({.truncate = axes}) == "truncated-not-floored");
      CHECK(name({.mirror_fractions = axes}) == "mirrored-fractions");
    }
    CHECK(name({.swap_box = true}) == "swapped-xy");
    CHECK(name({.test_left = false}) == "missing-bounds-test");
    CHECK(name({.test_right = false}) == "missing-bounds-test");
    CHECK(name({.test_top = false}) == "missing-bounds-test");
    CHECK(name({.test_bottom = false}) == "missing-bounds-test");
  }
}

TEST_CASE("a missing bounds test reads the end of the row before, and nobody knows what lies outside the array") {
  OnePoint point;
  const std::vector<int64_t> rows = {0};
  const Rule no_left_test{.test_left = false};
  point.at(-0.25, 1);
  CHECK(reference(point.inputs, rows, no_left_test)[0] == 0.75 * 5 + 0.25 * 4);
  point.at(-0.25, 0);
  CHECK(std::isnan(reference(point.inputs, rows, no_left_test)[0]));
  point.at(3.25, -0.25);
  CHECK(reference(point.inputs, rows, {.test_right = false})[0] == 0.75 * (0.75 * 4 + 0.25 * 5));
}

TEST_CASE("nobody knows what is read for NaN and infinity without the test of the whole point") {
  OnePoint point;
  const std::vector<int64_t> rows = {0};
  for (const float bad : {not_a_number, infinity, 1e30f}) {
    point.inputs.locations[0] = {bad, 0.5f};
    CHECK(std::isnan(reference(point.inputs, rows, {.skip_outside = false})[0]));
  }
}

TEST_CASE("an empty inner loop is called zeros, with a question that helps") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::local, 4);
  const judge::Verdict verdict = OutputJudge(inputs, all_rows(inputs.shape))
                                     .judge(std::vector<half>(inputs.shape.output_count(), __float2half(0)));
  CHECK(verdict.name == "zeros");
  CHECK(contains(verdict.sentence, "loop over levels and points"));
}

TEST_CASE("the judge asks of every element whether it was written, also of rows that it does not compare") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::local, 4);
  const OutputJudge judge(inputs, {0, 159});
  std::vector<half> output = to_halves(reference(inputs));
  CHECK(judge.judge(output).accepted());
  output[77 * 16 + 3] = std::bit_cast<half>(judge::poison);
  const judge::Verdict verdict = judge.judge(output);
  CHECK(verdict.name == "not-written");
  CHECK(contains(verdict.sentence, "image 0, query 38, head 1, channel 3"));
  output.pop_back();
  CHECK_THROWS_AS(judge.judge(output), std::invalid_argument);
  Inputs incomplete = inputs;
  incomplete.weights.pop_back();
  CHECK_THROWS_AS(OutputJudge(incomplete, {0}), std::invalid_argument);
}

TEST_CASE("the judge names selected rows by their place in the whole output, and knows the previous output") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::local, 4),
               other = make_inputs(small_shape(), Sampling::local, 5);
  const OutputJudge judge(inputs, {0, 77, 159});
  std::vector<half> output = to_halves(reference(inputs));
  const std::vector<half> previous = to_halves(reference(other));
  std::copy_n(previous.begin() + 77 * 16, 16, output.begin() + 77 * 16);
  CHECK(contains(judge.judge(output).sentence, "First: image 0, query 38, head 1, channel 0 holds"));
  CHECK(judge.judge(output, previous).name == "stale");
}

TEST_CASE("a kernel's configurations are found by name, and an unknown name is refused with those that there are") {
  const LaunchFunction one = [](const Problem&) {}, two = [](const Problem&) { throw 0; };
  const workloads::Variant<Problem> kernel{"yours", {{"1 stage", one}, {"2 stages", two}}};
  CHECK((kernel.find("1 stage") == one));
  CHECK((kernel.find("2 stages") == two));
  CHECK_THROWS_WITH_AS(kernel.find("3 stages"),
                       "the kernel has no configuration \"3 stages\": it registers \"1 stage\", \"2 stages\"",
                       std::logic_error);
}
