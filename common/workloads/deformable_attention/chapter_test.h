#pragma once

// What the tests of the chapters on deformable attention share.

#include <cstddef>
#include <string_view>

#include "workloads/chapter_test.h"
#include "workloads/deformable_attention/runner.h"

namespace deformable_attention {

/// Two small maps, not square, of different sizes; few enough threads for many schedules.
inline PackedShape small() {
  return {.batch = 1, .queries = 5, .heads = 1, .channels = 8, .points = 2, .maps = {{3, 5}, {2, 4}}};
}

using workloads::check;
using workloads::check_bits;

/// Ends the test case, red, if a problem without queries or images is not left alone.
inline void check_empty(std::string_view configuration = {}) {
  for (int PackedShape::*size : {&PackedShape::queries, &PackedShape::batch}) {
    PackedShape shape = small();
    shape.*size = 0;
    check(make_inputs(make_shape(shape), Sampling::uniform, 1), configuration);
  }
}

/// Puts point number `i` of the inputs at (x, y), given in pixels of its level.
inline void put(Inputs& inputs, std::size_t i, float x, float y) {
  const Shape& shape = inputs.shape;
  const Level& level = shape.levels[i / shape.points % shape.levels.size()];
  inputs.locations[i] = {(x + 0.5f) / level.width, (y + 0.5f) / level.height};
}

/// Inputs with every point of every query at (x, y), given in pixels of each level.
inline Inputs all_points_at(const Shape& shape, float x, float y) {
  Inputs inputs = make_inputs(shape, Sampling::uniform, 3);
  for (std::size_t i = 0; i < inputs.locations.size(); ++i) put(inputs, i, x, y);
  return inputs;
}

}  // namespace deformable_attention
