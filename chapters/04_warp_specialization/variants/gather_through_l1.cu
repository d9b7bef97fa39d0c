// A gather through L1: no copies, no barriers, four lanes a query.
//
// Each lane loads its eight channels of the four corners with ordinary 16-byte loads, and adds them up. Neighbouring
// queries want neighbouring pixels, and the L1 cache keeps them. A corner outside the map is read from the nearest
// pixel inside and weighs 0, so that no load waits for a branch (values must be finite: 0 times infinity is NaN).

#include "gpu/gpu.h"
#include "workloads/deformable_attention/channels.h"
#include "workloads/deformable_attention/kernel.h"

namespace {

using deformable_attention::Channels;
using deformable_attention::lane_channels;
using deformable_attention::Level;
using deformable_attention::Problem;
using deformable_attention::store;

constexpr int block_threads = 256;
constexpr int query_lanes = 4;
constexpr int chunk_channels = query_lanes * lane_channels;

__global__ void __launch_bounds__(block_threads) deformable_attention_kernel(const __grid_constant__ Problem p) {
  const int queries = p.batch * p.queries * p.heads;  // a query of each image and head counts as one
  const int query = (blockIdx.x * block_threads + threadIdx.x) / query_lanes;
  if (query >= queries) return;
  const int head = query % p.heads, image = query / p.heads / p.queries;
  const int row = p.heads * p.channels;  // values of one pixel
  const int64_t first_point = static_cast<int64_t>(query) * p.level_count * p.points;

  const int first_channel = threadIdx.x % query_lanes * lane_channels;
  for (int channel = first_channel; channel < p.channels; channel += chunk_channels) {
    const float2* location = p.locations + first_point;
    const half* weight = p.weights + first_point;
    float sum[lane_channels] = {};
    for (int l = 0; l < p.level_count; ++l) {
      const Level level = p.levels[l];
      const half* const value = p.value + (image * p.pixels + level.start) * row + head * p.channels + channel;
      const float width = level.width, height = level.height;
#pragma unroll 2
      for (int point = 0; point < p.points; ++point, ++location, ++weight) {
        float x = location->x * width - 0.5f, y = location->y * height - 0.5f, share = __half2float(*weight);
        if (!(x > -1 && y > -1 && x < width && y < height)) x = y = share = 0;
        const int x0 = static_cast<int>(floorf(x)), y0 = static_cast<int>(floorf(y));
        const float fx = x - floorf(x), fy = y - floorf(y);
        const int left = x0 < 0 ? 0 : x0, right = x0 + 1 < level.width ? x0 + 1 : x0;
        const int top = y0 < 0 ? 0 : y0, bottom = y0 + 1 < level.height ? y0 + 1 : y0;
        const float left_share = x0 < 0 ? 0 : 1 - fx, right_share = x0 + 1 < level.width ? fx : 0;
        const float top_share = share * (y0 < 0 ? 0 : 1 - fy), bottom_share = share * (y0 + 1 < level.height ? fy : 0);
        const auto corner = [&](int cy, int cx) {
          return *reinterpret_cast<const Channels*>(value + (cy * level.width + cx) * row);
        };
        const Channels a = corner(top, left), b = corner(top, right), c = corner(bottom, left),
                       d = corner(bottom, right);
        add(sum, top_share * left_share, a);
        add(sum, top_share * right_share, b);
        add(sum, bottom_share * left_share, c);
        add(sum, bottom_share * right_share, d);
      }
    }
    store(p.output + static_cast<int64_t>(query) * p.channels + channel, sum);
  }
}

void launch_gather_through_l1(const Problem& p) {
  const unsigned threads = p.batch * p.queries * p.heads * query_lanes;
  if (threads == 0) return;
  launch(deformable_attention_kernel, {(threads + block_threads - 1) / block_threads, block_threads}, p);
}

const bool registered = deformable_attention::register_kernel(launch_gather_through_l1);

}  // namespace
