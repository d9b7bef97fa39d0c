#pragma once

#include <cstdint>

#include "gpu/half.h"
#include "gpu/types.h"
#include "workloads/configuration.h"

namespace deformable_attention {

inline constexpr int max_levels = 8;

/// One map of the pyramid. Its pixels are rows [start, start + height * width) of an image's value rows, in raster
/// order.
struct Level {
  int height;
  int width;
  int64_t start;  // first row, in pixels
};

/// Multi-scale deformable attention as a kernel sees it: device pointers and sizes, passed by value.
/// Plain data only: kernel files and test files share this header.
struct Problem {
  const half* value;        // [batch][pixels][heads][channels]
  const float2* locations;  // [batch][queries][heads][level_count][points], (x, y) in units of the map: 0 is its left
                            // edge, 1 its right
  const half* weights;      // [batch][queries][heads][level_count][points]
  half* output;             // [batch][queries][heads][channels]
  int batch;
  int queries;
  int heads;
  int channels;
  int points;  // per level
  int level_count;
  int64_t pixels;  // value rows per image; at least the sum of the levels' areas
  Level levels[max_levels];
};

using LaunchFunction = workloads::LaunchFunction<Problem>;
using Configuration = workloads::Configuration<Problem>;

}  // namespace deformable_attention
