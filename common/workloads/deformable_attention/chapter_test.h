#pragma once

// What the tests of the chapters on deformable attention share.

#include <cstddef>
#include <string>
#include <string_view>

#include "testing/chapter_test.h"
#include "workloads/deformable_attention/runner.h"

namespace deformable_attention {

/// Two small maps, not square, of different sizes; few enough threads for many schedules.
inline PackedShape small() {
  return {.batch = 1, .queries = 5, .heads = 1, .channels = 8, .points = 2, .maps = {{3, 5}, {2, 4}}};
}

/// Ends the test case, red, with what is wrong with the kernel on these inputs, if anything is.
inline void check(const Inputs& inputs, std::string_view configuration = {}) {
  const std::string wrong = what_is_wrong(inputs, configuration);
  if (!wrong.empty()) FAIL(wrong);
}

/// The same, if repeated launches leave different bits.
inline void check_bits(const Inputs& inputs, int gpu_runs, std::string_view configuration = {}) {
  const std::string wrong = what_differs(inputs, gpu_runs, configuration);
  if (!wrong.empty()) FAIL(wrong);
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
