// What a kernel of chapter 04 must do. The numbers are those of the TODOs that a case is about.
//
// The first case that launches something has more tiles than there are slots: so on a GPU, if the roles miss each
// other, somebody comes to wait for a barrier, where the watchdog ends it.

#include <cstddef>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/platform.h"
#include "workloads/deformable_attention/chapter_test.h"

using namespace deformable_attention;

namespace {

constexpr const char* all_todos = "4.1 4.2 4.3 4.4 4.5 4.6";

struct Template {
  std::string name;
  int consumers;
  int stages;

  int group() const { return consumers * 8; }  // queries
};

const Template chapters_own{"", 2, 2};

// Those that the kernel must have. One with a single configuration (some variants) is tried with the same shapes.
std::vector<Template> templates() {
  if (variants().front().configurations.size() == 1) return {chapters_own};
  return {{"1:2, 2 stages", 2, 2}, {"4:8, 2 stages", 8, 2}, {"1:7, 2 stages", 7, 2},
          {"2:6, 2 stages", 6, 2}, {"3:5, 2 stages", 5, 2}, {"4:4, 2 stages", 4, 2},
          {"1:2, 1 stage", 2, 1},  {"1:2, 3 stages", 2, 3}, {"1:2, 4 stages", 2, 4}};
}

constexpr int many_groups = GPU_IS_REAL ? 3001 : 3;  // more than blocks, so that some block gets a second one

// One map, so that there are as many tiles as points.
Shape tiles_of(int tiles, int queries) {
  return make_shape({.batch = 1, .queries = queries, .heads = 1, .channels = 8, .points = tiles, .maps = {{3, 5}}});
}

void check(const Shape& shape, std::string_view configuration = {}) {
  check(make_inputs(shape, Sampling::uniform, 1), configuration);
}

}  // namespace

TEST_CASE("4.6 no queries or no images: nothing to do, and no error") { check_empty(); }

TEST_CASE("4.6 one query: warps without one go along, and nothing is stored for them" * needs(all_todos)) {
  PackedShape one = small();
  one.queries = 1;
  for (const Template& t : templates()) {
    INFO("configuration ", t.name);
    check(make_address_coded_inputs(make_shape(one), 1), t.name);
    check(make_shape(one), t.name);
  }
}

TEST_CASE("4.1 fewer tiles than slots, as many, one more, twice as many and one more" * needs(all_todos)) {
  for (const Template& t : templates()) {
    INFO("configuration ", t.name);
    for (const int tiles : std::set{1, t.stages - 1, t.stages, t.stages + 1, 2 * t.stages, 2 * t.stages + 1}) {
      if (tiles == 0) continue;
      CAPTURE(tiles);
      check(tiles_of(tiles, t.group() - 3), t.name);
    }
  }
}

TEST_CASE("4.1 the ring runs on from group to group, wherever the last one left it" * needs(all_todos)) {
  for (const Template& t : templates()) {
    INFO("configuration ", t.name);
    for (const int tiles : {t.stages + 1, 1}) {
      CAPTURE(tiles);
      check(tiles_of(tiles, (many_groups - 1) * t.group() + 3), t.name);
    }
  }
}

TEST_CASE("4.6 fewer groups than blocks, as many, one more, several for each; the last one full or not" *
          needs(all_todos)) {
  for (const int groups : {1, 2, 3, 5}) {  // the emulator has two resident blocks
    CAPTURE(groups);
    check(tiles_of(3, groups * chapters_own.group()));
    check(tiles_of(3, groups * chapters_own.group() - 7));
  }
}

TEST_CASE("4.4 a slot is handed back by each warp: groups that end within a warp" * needs(all_todos)) {
  for (const int queries : {7, 8, 9, chapters_own.group() - 1, chapters_own.group() + 1}) {
    CAPTURE(queries);
    check(tiles_of(5, queries));
  }
}

TEST_CASE("4.2 each query gets its own box and shares" * needs(all_todos)) {
  PackedShape shape = small();
  shape.batch = 2;
  shape.heads = 3;
  shape.queries = 11;  // 66 in all: no group of any configuration ends there
  shape.channels = 16;
  check(make_inputs(make_shape(shape), Sampling::local, 2));
  for (const Template& t : templates()) {
    INFO("configuration ", t.name);
    check(make_address_coded_inputs(make_shape(shape), 3), t.name);
  }
}

TEST_CASE("4.2 all channels, also where the last box hangs over" * needs(all_todos)) {
  for (const int channels : {8, 16, 24, 32, 40, 64}) {
    CAPTURE(channels);
    PackedShape shape = small();
    shape.channels = channels;
    shape.points = 1;
    check(make_shape(shape));
    shape.heads = 2;
    check(make_address_coded_inputs(make_shape(shape), 1));
  }
}

TEST_CASE("4.2 a point that is not live adds nothing, whatever its weight" * needs(all_todos)) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, float>> places{{-1, 0.5f},     {0.5f, -1},     {8, 0.5f}, {0.5f, 4},
                                                    {-40, 1},       {1, 2e9f},      {nan, 1},  {infinity, 1},
                                                    {1, -infinity}, {-1e30f, 1e30f}};
  PackedShape one_map = small();
  one_map.maps = {{4, 8}};  // powers of two: the limits -1, 8 and 4 are exact in any precision
  for (const auto& [x, y] : places) {
    CAPTURE(x);
    CAPTURE(y);
    Inputs inputs = all_points_at(make_shape(one_map), x, y);
    inputs.weights[0] = __float2half(nan);
    inputs.weights[1] = __float2half(infinity);
    check(inputs);
  }
}

TEST_CASE("4.2 at each edge the corners outside arrive as zeros" * needs(all_todos)) {
  check(all_points_at(make_shape(small()), -0.25f, 0.5f));
  check(all_points_at(make_shape(small()), 1.5f, -0.75f));
  check(all_points_at(make_shape(small()), 3.5f, 1.75f));  // of the smaller map
  check(all_points_at(make_shape(small()), 4.5f, 2.75f));  // of the larger one
  PackedShape thin = small();
  thin.maps = {{1, 1}, {1, 6}, {7, 1}};
  check(make_shape(thin));
}

TEST_CASE("4.2 a map may begin anywhere in the image's pixels" * needs(all_todos)) {
  Shape shape = make_shape(small());
  shape.pixels = 40;
  shape.levels[0].start = 20;
  shape.levels[1].start = 3;
  check(shape);
}

TEST_CASE("4.3 the bits do not depend on who comes first" * needs(all_todos)) {
#if GPU_IS_REAL
  const Shape shape = field_shape();
#else
  const Shape shape = tiles_of(5, 3 * chapters_own.group() + 1);
#endif
  for (const Sampling sampling : {Sampling::local, Sampling::uniform}) {
    check_bits(make_inputs(shape, sampling, 1), 200);
  }
}

TEST_CASE("4.3 the whole operator: the quick shape, local and uniform" * needs(all_todos)) {
  check(make_inputs(quick_shape(), Sampling::local, 1));
  check(make_inputs(quick_shape(), Sampling::uniform, 2));
}
