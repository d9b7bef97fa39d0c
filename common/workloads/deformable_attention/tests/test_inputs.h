#pragma once

// What the tests of this workload share.

#include <limits>

#include "workloads/deformable_attention/inputs.h"
#include "workloads/deformable_attention/reference.h"
#include "workloads/workload_test.h"

namespace deformable_attention {

using workloads::contains;
using workloads::refusal;
using workloads::same_bits;
using workloads::to_halves;

inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinity = std::numeric_limits<float>::infinity();

/// Two images, three levels that are not square, two heads.
inline Shape small_shape() {
  return make_shape(
      {.batch = 2, .queries = 40, .heads = 2, .channels = 16, .points = 3, .maps = {{6, 9}, {4, 5}, {3, 2}}});
}

/// The same levels in another order in memory, with gaps before, between and behind.
inline Shape padded_shape() {
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

}  // namespace deformable_attention
