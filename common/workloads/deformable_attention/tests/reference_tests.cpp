// The reference: by hand, and against PyTorch.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "workloads/deformable_attention/tests/test_inputs.h"
#include "workloads/rows.h"

using namespace deformable_attention;

namespace {

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
