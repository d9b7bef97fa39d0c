// bug: threads past the last output go on and write past the buffer
// caught by: out-of-bounds; on a GPU: guard-after
// Chapter 01: the baseline. One thread computes one output channel.
//
// A thread's neighbours in the warp compute the neighbouring channels of the same query, so every load of a pixel is
// one contiguous row, and every thread repeats the same coordinate work: that is the price of its simplicity.

#include "gpu/gpu.h"
#include "workloads/deformable_attention/kernel.h"

namespace {

using deformable_attention::Level;
using deformable_attention::Problem;

constexpr int block_threads = 256;

__global__ void __launch_bounds__(block_threads) deformable_attention_kernel(const __grid_constant__ Problem p) {
  const int outputs = p.batch * p.queries * p.heads * p.channels;
  int output = outputs;  // this thread's place in [batch][queries][heads][channels]
  output = blockIdx.x * blockDim.x + threadIdx.x;
  const int channel = output % p.channels;
  const int head = output / p.channels % p.heads;
  const int query = output / p.channels / p.heads;  // counted through all images
  const int image = query / p.queries;

  const int row = p.heads * p.channels;  // values of one pixel
  const int64_t first_point = (static_cast<int64_t>(query) * p.heads + head) * p.level_count * p.points;
  const float2* location = p.locations + first_point;
  const half* weight = p.weights + first_point;

  float sum = 0;
  for (int l = 0; l < p.level_count; ++l) {
    const Level level = p.levels[l];
    const half* value = p.value + (image * p.pixels + level.start) * row + head * p.channels + channel;
    const float width = level.width, height = level.height;
    for (int point = 0; point < p.points; ++point, ++location, ++weight) {
      float x = 0, y = 0;  // in pixels: (0, 0) is the centre of the first one
      x = location->x * width - 0.5f;
      y = location->y * height - 0.5f;
      // A point is live if at least one of its four corners is in the map. Written so that NaN is not live.
      if (!(x > -1 && y > -1 && x < width && y < height)) continue;

      int x0 = 0, y0 = 0;    // the corner at the upper left
      float fx = 0, fy = 0;  // how far the point is from it, in [0, 1)
      x0 = static_cast<int>(floorf(x));
      y0 = static_cast<int>(floorf(y));
      fx = x - floorf(x);
      fy = y - floorf(y);

      const bool left = x0 >= 0, right = x0 + 1 < level.width;
      const bool top = y0 >= 0, bottom = y0 + 1 < level.height;
      const half* corner = value + (y0 * level.width + x0) * row;  // read only where the corner is in the map
      const int below = level.width * row;
      float sample = 0;
      if (top && left) sample += (1 - fx) * (1 - fy) * __half2float(corner[0]);
      if (top && right) sample += fx * (1 - fy) * __half2float(corner[row]);
      if (bottom && left) sample += (1 - fx) * fy * __half2float(corner[below]);
      if (bottom && right) sample += fx * fy * __half2float(corner[below + row]);
      sum += __half2float(*weight) * sample;
    }
  }
  p.output[output] = __float2half(sum);
}

void launch_baseline(const Problem& p) {
  const unsigned outputs = p.batch * p.queries * p.heads * p.channels;
  if (outputs == 0) return;  // no query, no launch: a grid of 0 blocks is an error
  launch(deformable_attention_kernel, {(outputs + block_threads - 1) / block_threads, block_threads}, p);
}

const bool registered = deformable_attention::register_kernel(launch_baseline);

}  // namespace
