// What a kernel of chapter 03 must do. The numbers are those of the TODOs that a case is about.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/platform.h"
#include "workloads/deformable_attention/chapter_test.h"

using namespace deformable_attention;

namespace {

constexpr const char* all_todos = "3.1 3.2 3.3 3.4 3.5 3.6";

// The configurations that the kernel file registers.
struct Ring {
  std::string name;
  int stages;
};
const Ring rings[] = {{"1 stage", 1}, {"2 stages", 2}, {"3 stages", 3}, {"4 stages", 4}, {"8 stages", 8}};

// A warp has eight queries, so the second one is not full.
PackedShape nine_queries() {
  PackedShape shape = small();
  shape.queries = 9;
  return shape;
}

// One map, one sum: as many points as the warp shall have tiles.
PackedShape so_many_tiles(int tiles) {
  PackedShape shape = nine_queries();
  shape.maps = {{3, 5}};
  shape.points = tiles;
  return shape;
}

void check(const PackedShape& shape, std::string_view configuration = {}) {
  check(make_inputs(make_shape(shape), Sampling::local, 1), configuration);
}

// Runs each ring with as many tiles as `tiles_of` says for its stages, where that is any.
void check_each_ring(int (*tiles_of)(int stages)) {
  for (const Ring& ring : rings) {
    INFO("configuration ", ring.name);
    if (tiles_of(ring.stages) > 0) check(so_many_tiles(tiles_of(ring.stages)), ring.name);
  }
}

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("3.1 no queries or no images: nothing to do, and no error") {
  for (const Ring& ring : rings) {
    INFO("configuration ", ring.name);
    check_empty(ring.name);
  }
}

TEST_CASE("3.1 every query has its place in a warp, also where they fill neither warp nor block" * needs(all_todos)) {
  PackedShape one_warp = small();
  one_warp.queries = 8;
  check(make_address_coded_inputs(make_shape(one_warp), 1));
  for (const int queries : {1, 7, 8, 31, 33}) {  // a warp has 8, a block 32
    CAPTURE(queries);
    PackedShape shape = nine_queries();
    shape.queries = queries;
    check(shape);
  }
}

TEST_CASE("3.2 heads, channels and images are told apart" * needs(all_todos)) {
  PackedShape shape = nine_queries();
  shape.batch = 2;
  shape.heads = 3;
  shape.channels = 16;
  check(make_address_coded_inputs(make_shape(shape), 2));
  check(shape);
}

TEST_CASE("3.2 each lane adds the tile that its shares belong to" * needs(all_todos)) {
  for (const Ring& ring : rings) {
    INFO("configuration ", ring.name);
    check(make_address_coded_inputs(make_shape(nine_queries()), 1), ring.name);
  }
}

TEST_CASE("3.2 a box that hangs over the map announces all its bytes" * needs(all_todos)) {
  check(all_points_at(make_shape(nine_queries()), -0.5f, -0.5f));
  check(all_points_at(make_shape(nine_queries()), 4.5f, 0.25f));
  check(all_points_at(make_shape(nine_queries()), 1.5f, 2.75f));
}

TEST_CASE("3.2 a point outside the map adds nothing, and neither do NaN and infinity" * needs(all_todos)) {
  const std::vector<std::pair<float, float>> places{{-1, 0.5f}, {0.5f, 4},     {8, -1},         {1, 2e9f},
                                                    {nan, 1},   {1, infinity}, {-1e30f, 1e30f}, {nan, -infinity}};
  PackedShape one_map = nine_queries();
  one_map.maps = {{4, 8}};  // powers of two: the limits -1, 8 and 4 are exact in any precision
  for (const auto& [x, y] : places) {
    CAPTURE(x);
    CAPTURE(y);
    check(all_points_at(make_shape(one_map), x, y));
  }
}

TEST_CASE("3.2 a point outside the map adds nothing, whatever it weighs and the map holds" * needs(all_todos)) {
  for (const float weight : {nan, infinity}) {
    Inputs inputs = make_inputs(make_shape(nine_queries()), Sampling::local, 1);
    for (std::size_t i = 0; i < inputs.locations.size(); i += 3) {
      inputs.locations[i] = {-5, 0.5f};
      inputs.weights[i] = __float2half(weight);
    }
    check(inputs);
  }
  Inputs inputs = all_points_at(make_shape(nine_queries()), -1, 0.5f);
  std::ranges::fill(inputs.value, __float2half(infinity));
  check(inputs);
}

TEST_CASE("3.2 maps of one pixel, one row, one column" * needs(all_todos)) {
  PackedShape shape = nine_queries();
  shape.maps = {{1, 1}, {1, 6}, {7, 1}};
  check(shape);
}

TEST_CASE("3.2 a map may begin anywhere in the image's pixels" * needs(all_todos)) {
  Shape shape = make_shape(nine_queries());
  shape.pixels = 40;
  shape.levels[0].start = 20;
  shape.levels[1].start = 3;
  check(make_inputs(shape, Sampling::uniform, 1));
}

TEST_CASE("3.3 a single tile, in a ring of any length" * needs(all_todos)) {
  check_each_ring([](int) { return 1; });
}

TEST_CASE("3.3 one tile fewer than there are slots: one slot is never used" * needs(all_todos)) {
  check_each_ring([](int stages) { return stages - 1; });
}

TEST_CASE("3.3 as many tiles as there are slots: one lap, and no refill" * needs(all_todos)) {
  check_each_ring([](int stages) { return stages; });
}

TEST_CASE("3.4 one tile more than there are slots: the ring is reused once" * needs(all_todos)) {
  check_each_ring([](int stages) { return stages + 1; });
}

TEST_CASE("3.4 two whole laps: each slot's barrier has ended two phases" * needs(all_todos)) {
  check_each_ring([](int stages) { return 2 * stages; });
}

TEST_CASE("3.4 one tile of a third lap: the parity is back at 0" * needs(all_todos)) {
  check_each_ring([](int stages) { return 2 * stages + 1; });
}

TEST_CASE("3.4 many laps, over the points of two maps" * needs(all_todos)) {
  PackedShape shape = nine_queries();
  shape.points = 9;  // 18 tiles: 18, 9, 6, 4.5 and 2.25 laps
  for (const Ring& ring : rings) {
    INFO("configuration ", ring.name);
    check(shape, ring.name);
  }
}

TEST_CASE("3.5 the ring runs on from one sum to the next: channels in pieces of 32" * needs(all_todos)) {
  for (const int channels : {24, 32, 40, 64, 72}) {
    CAPTURE(channels);
    PackedShape shape = so_many_tiles(3);  // an odd number: the second sum does not begin in slot 0
    shape.channels = channels;
    check(shape);
  }
  PackedShape shape = so_many_tiles(2);  // fewer tiles in a sum than slots: three sums are in flight together
  shape.channels = 72;
  check(make_address_coded_inputs(make_shape(shape), 4), "8 stages");
}

TEST_CASE("3.5 whoever is late, the result has the same bits" * needs(all_todos)) {
#if GPU_IS_REAL
  const Shape shape = field_shape();
#else
  PackedShape packed = nine_queries();
  packed.points = 5;
  const Shape shape = make_shape(packed);
#endif
  for (const Sampling sampling : {Sampling::local, Sampling::uniform}) {
    const Inputs inputs = make_inputs(shape, sampling, 5);
    for (const Ring& ring : rings) {
      INFO("configuration ", ring.name);
      check_bits(inputs, ring.stages == 2 ? 200 : 10, ring.name);
    }
  }
}

TEST_CASE("3.6 the whole operator: the quick shape, local and uniform" * needs(all_todos)) {
  check(make_inputs(quick_shape(), Sampling::local, 1));
  check(make_inputs(quick_shape(), Sampling::uniform, 2));
}

TEST_CASE("3.6 a ring of 8 slots takes more than 48 KB of shared memory" * needs(all_todos)) {
  check(make_inputs(quick_shape(), Sampling::uniform, 3), "8 stages");
}
