// What a kernel of chapter 01 must do. The numbers are those of the TODOs that a case is about.

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "workloads/deformable_attention/chapter_test.h"

using namespace deformable_attention;

namespace {

constexpr const char* all_todos = "1.1 1.2 1.3 1.4 1.5";

void check(const Shape& shape) {
  check(make_inputs(shape, Sampling::local, 1));
  check(make_inputs(shape, Sampling::uniform, 2));
}

// Pixels that are all alike, and points between four of them: it does not matter where a point is looked up, only which
// thread computes which output. Queries differ by their first point's weight; the others weigh nothing.
Inputs alike_pixels(const Shape& shape) {
  Inputs inputs = all_points_at(shape, 1, 0.25f);
  const std::size_t row = static_cast<std::size_t>(shape.heads) * shape.channels, image = shape.pixels * row;
  for (std::size_t i = 0; i < inputs.value.size(); ++i) inputs.value[i] = inputs.value[i / image * image + i % row];
  for (std::size_t i = 0; i < inputs.weights.size(); ++i) {
    if (i % shape.points_per_row() != 0) inputs.weights[i] = __float2half(0);
  }
  return inputs;
}

}  // namespace

TEST_CASE("1.1 no queries or no images: nothing to do, and no error") { check_empty(); }

TEST_CASE("1.1 each output has one thread, also where they do not fill the last block" * needs(all_todos)) {
  for (const int queries : {1, 31, 32, 33}) {  // 8 to 264 outputs: a block has 256 threads
    PackedShape shape = small();
    shape.queries = queries;
    check(alike_pixels(make_shape(shape)));
  }
}

TEST_CASE("1.1 heads, channels and images are told apart" * needs(all_todos)) {
  PackedShape shape = small();
  shape.batch = 2;
  shape.heads = 3;
  shape.channels = 16;
  check(alike_pixels(make_shape(shape)));
}

TEST_CASE("1.2 a point outside the map adds nothing, and neither do NaN and infinity" * needs("1.1 1.2 1.5")) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, float>> places{{-1, 0.5f},    {0.5f, -1},     {8, 0.5f},       {0.5f, 4},
                                                    {-40, 1},      {1, 2e9f},      {nan, 1},        {1, nan},
                                                    {infinity, 1}, {1, -infinity}, {-1e30f, 1e30f}, {nan, infinity}};
  PackedShape one_map = small();
  one_map.maps = {{4, 8}};  // powers of two: the limits -1, 8 and 4 are exact in any precision
  for (const auto& [x, y] : places) {
    CAPTURE(x);
    CAPTURE(y);
    check(all_points_at(make_shape(one_map), x, y));
  }
}

TEST_CASE("1.3 a point between pixels is their mixture" * needs(all_todos)) {
  check(all_points_at(make_shape(small()), 1.25f, 0.5f));
  check(all_points_at(make_shape(small()), 2.0f, 0.75f));
}

TEST_CASE("1.3 left of the first centre the upper left corner is outside, not pixel 0" * needs(all_todos)) {
  check(all_points_at(make_shape(small()), -0.25f, 0.5f));
  check(all_points_at(make_shape(small()), 1.5f, -0.75f));
}

TEST_CASE("1.4 a point at a pixel's centre is that pixel alone" * needs(all_todos)) {
  PackedShape shape = small();
  check(make_address_coded_inputs(make_shape(shape), 1));
  shape.batch = 2;
  shape.heads = 3;
  shape.channels = 16;
  check(make_address_coded_inputs(make_shape(shape), 2));
}

TEST_CASE("1.4 at each edge the corners outside are zero, and nobody reads them" * needs(all_todos)) {
  check(all_points_at(make_shape(small()), 3.5f, 0.25f));   // right of the narrower map's last centre
  check(all_points_at(make_shape(small()), 4.5f, 0.25f));   // of the wider one's
  check(all_points_at(make_shape(small()), 1.5f, 1.75f));   // below the lower map's last centre
  check(all_points_at(make_shape(small()), 1.5f, 2.75f));   // of the higher one's
  check(all_points_at(make_shape(small()), -0.5f, -0.5f));  // at a corner of the map
  check(all_points_at(make_shape(small()), 4, 2));          // exactly on the last pixel
}

TEST_CASE("1.4 maps of one pixel, one row, one column" * needs(all_todos)) {
  PackedShape shape = small();
  shape.maps = {{1, 1}, {1, 6}, {7, 1}};
  check(make_shape(shape));
}

TEST_CASE("1.4 a map may begin anywhere in the image's pixels" * needs(all_todos)) {
  Shape shape = make_shape(small());
  shape.pixels = 40;
  shape.levels[0].start = 20;
  shape.levels[1].start = 3;
  check(shape);
}

TEST_CASE("1.5 the whole operator: the quick shape, local and uniform" * needs(all_todos)) { check(quick_shape()); }
