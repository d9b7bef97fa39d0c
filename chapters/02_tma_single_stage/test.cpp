// What a kernel of chapter 02 must do. The numbers are those of the TODOs that a case is about. Each launch comes to
// all of them, so each case needs them all.

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gpu/platform.h"
#include "workloads/deformable_attention/chapter_test.h"

using namespace deformable_attention;

namespace {

constexpr const char* all_todos = "2.1 2.2 2.3 2.4 2.5 2.6";
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

// One map of height 4 and width 8. These are powers of two, so -1, 8 and 4 are exact in any precision.
PackedShape one_map() {
  PackedShape shape = small();
  shape.maps = {{4, 8}};
  return shape;
}

void check(const Shape& shape) {
  check(make_inputs(shape, Sampling::local, 1));
  check(make_inputs(shape, Sampling::uniform, 2));
}

// Places outside the map of one_map(): on the limit, beyond it, far away, nowhere.
const std::vector<std::pair<float, float>>& dead_places() {
  static const std::vector<std::pair<float, float>> places{
      {-1, 0.5f},        {0.5f, -1},        {8, 0.5f},     {0.5f, 4},      {-40, 1},        {1, 2e9f},
      {not_a_number, 1}, {1, not_a_number}, {infinity, 1}, {1, -infinity}, {-1e30f, 1e30f}, {not_a_number, infinity}};
  return places;
}

}  // namespace

TEST_CASE("2.1 no queries or no images: nothing to do, and no error") { check_empty(); }

// The first that a GPU runs: a kernel that does not wait gives wrong numbers here, and an error without a name where
// there are more tiles.
TEST_CASE("2.4 one tile: nobody reads before the boxes have landed" * needs(all_todos)) {
  PackedShape shape = one_map();
  shape.points = 1;
  check(make_address_coded_inputs(make_shape(shape), 2));
  check(make_inputs(make_shape(shape), Sampling::local, 1));
}

TEST_CASE("2.1 a point outside the map adds nothing, and neither do NaN and infinity" * needs(all_todos)) {
  for (const auto& [x, y] : dead_places()) {
    CAPTURE(x);
    CAPTURE(y);
    check(all_points_at(make_shape(one_map()), x, y));
  }
}

TEST_CASE("2.1 a dead point reads no pixel, and its weight counts for nothing" * needs(all_todos)) {
  for (const auto& [x, y] : dead_places()) {
    CAPTURE(x);
    CAPTURE(y);
    Inputs inputs = all_points_at(make_shape(one_map()), x, y);
    for (std::size_t i = 0; i < inputs.value.size(); ++i)
      inputs.value[i] = __float2half(i % 2 ? infinity : not_a_number);
    for (std::size_t i = 0; i < inputs.weights.size(); ++i)
      inputs.weights[i] = __float2half(i % 2 ? not_a_number : infinity);
    check(inputs);
  }
}

TEST_CASE("2.2 each warp has a barrier of its own, also where queries do not fill the last warp" * needs(all_todos)) {
  for (const int queries : {1, 7, 8, 9, 31, 32, 33}) {  // a warp has 8, a block has 32
    PackedShape shape = small();
    shape.queries = queries;
    check(make_inputs(make_shape(shape), Sampling::local, 1));
  }
}

TEST_CASE("2.3 the bytes add up where some of a warp's points are dead and others live" * needs(all_todos)) {
  PackedShape shape = one_map();
  shape.queries = 9;
  shape.points = 5;
  Inputs inputs = make_inputs(make_shape(shape), Sampling::local, 1);
  for (std::size_t i = 0; i < inputs.locations.size(); i += 1 + i % 3) {
    const auto& [x, y] = dead_places()[i % dead_places().size()];
    put(inputs, i, x, y);
  }
  check(inputs);
}

TEST_CASE("2.3 the box is full at each edge of the map: corners outside arrive as zeros" * needs(all_todos)) {
  check(all_points_at(make_shape(small()), 1.25f, 0.5f));     // no corner outside
  check(all_points_at(make_shape(small()), -0.25f, 0.5f));    // left of the first centre
  check(all_points_at(make_shape(small()), 1.5f, -0.75f));    // above it
  check(all_points_at(make_shape(small()), 3.5f, 0.25f));     // right of the narrower map's last centre
  check(all_points_at(make_shape(small()), 4.5f, 0.25f));     // of the wider one's
  check(all_points_at(make_shape(small()), 1.5f, 1.75f));     // below the lower map's last centre
  check(all_points_at(make_shape(small()), 1.5f, 2.75f));     // of the higher one's
  check(all_points_at(make_shape(small()), -0.5f, -0.5f));    // at a corner of the map
  check(all_points_at(make_shape(one_map()), 7.25f, 3.25f));  // at the opposite one
  check(all_points_at(make_shape(small()), 4, 2));            // exactly on the last pixel
}

TEST_CASE("2.3 a box has 32 channels: where there are fewer it hangs over, where there are more come others" *
          needs(all_todos)) {
  for (const int channels : {8, 16, 24, 32, 40, 64}) {
    CAPTURE(channels);
    PackedShape shape = small();
    shape.heads = 2;  // beyond the channels of a head lie those of the next
    shape.channels = channels;
    shape.queries = 3;
    check(make_inputs(make_shape(shape), Sampling::local, 1));
    check(make_address_coded_inputs(make_shape(shape), 2));
  }
}

TEST_CASE("2.4 the parity follows the tiles: two, three, more" * needs(all_todos)) {
  for (const int points : {2, 3, 4, 5, 8}) {
    CAPTURE(points);
    PackedShape shape = one_map();
    shape.points = points;
    check(make_inputs(make_shape(shape), Sampling::uniform, 1));
  }
}

TEST_CASE("2.4 tiles are counted through levels and channels: no part begins with phase 0 again" * needs(all_todos)) {
  PackedShape shape = small();
  shape.channels = 72;  // three boxes
  shape.points = 1;
  shape.maps = {{3, 5}, {2, 4}, {4, 2}};  // an odd number of tiles for each level, and for each box
  check(make_shape(shape));
}

TEST_CASE("2.5 every launch leaves the same bits" * needs(all_todos)) {
#if GPU_IS_REAL
  check_bits(make_inputs(field_shape(), Sampling::local, 1), 200);
  check_bits(make_inputs(field_shape(), Sampling::uniform, 2), 200);
#else
  PackedShape shape = small();
  shape.queries = 9;
  shape.channels = 40;
  check_bits(make_inputs(make_shape(shape), Sampling::uniform, 1), 200);
#endif
}

TEST_CASE("2.6 heads, channels and images are told apart" * needs(all_todos)) {
  PackedShape shape = small();
  shape.batch = 2;
  shape.heads = 3;
  shape.channels = 16;
  check(make_address_coded_inputs(make_shape(shape), 2));
  check(make_inputs(make_shape(shape), Sampling::local, 1));
}

TEST_CASE("2.6 a point at a pixel's centre is that pixel" * needs(all_todos)) {
  check(make_address_coded_inputs(make_shape(small()), 1));
}

TEST_CASE("2.6 maps of one pixel, one row, one column" * needs(all_todos)) {
  PackedShape shape = small();
  shape.maps = {{1, 1}, {1, 6}, {7, 1}};
  check(make_shape(shape));
}

TEST_CASE("2.6 a map may begin anywhere in the image's pixels, and images have gaps between them" * needs(all_todos)) {
  PackedShape packed = small();
  packed.batch = 2;
  Shape shape = make_shape(packed);
  shape.pixels = 40;
  shape.levels[0].start = 20;
  shape.levels[1].start = 3;
  check(shape);
}

TEST_CASE("2.6 there may be eight levels, each with a map of its own" * needs(all_todos)) {
  PackedShape shape = small();
  shape.points = 1;
  shape.maps = {{3, 5}, {2, 4}, {1, 7}, {5, 2}, {4, 4}, {6, 1}, {2, 3}, {1, 1}};
  check(make_shape(shape));
  check(make_address_coded_inputs(make_shape(shape), 1));
}

TEST_CASE("2.6 the whole operator: the quick shape, local and uniform" * needs(all_todos)) { check(quick_shape()); }
