// bug: the box is asked for at (y, x), as an array would be indexed, and the map has x before y
// caught by: swapped-xy
// Chapter 02: one TMA box a point, one slot a warp.
//
// Four lanes serve a query, eight channels each, so a warp serves eight queries. For each point the first of the four
// asks the TMA unit for the 2 x 2 pixels around it. Then the warp waits for its eight boxes, and adds them up.

#include "gpu/gpu.h"
#include "workloads/deformable_attention/channels.h"
#include "workloads/deformable_attention/kernel.h"

namespace {

using deformable_attention::Channels;
using deformable_attention::lane_channels;
using deformable_attention::Level;
using deformable_attention::max_levels;
using deformable_attention::Problem;
using deformable_attention::store;

constexpr int warps = 4;  // in a block
constexpr int block_threads = warps * 32;
constexpr int box_channels = 32;
constexpr int query_lanes = box_channels / lane_channels;
constexpr int warp_queries = 32 / query_lanes;

// The pixels around a point, as the TMA unit lays them down: 256 bytes.
struct alignas(128) Box {
  Channels corner[2][2][query_lanes];  // [y][x][channel / 8]
};

struct SharedStorage {
  Box box[warps][warp_queries];
  Mbarrier full[warps];  // all boxes of the warp have landed
};

struct TensorMaps {
  TensorMap level[max_levels];
};

// What the sum takes of each corner, [y][x].
struct Shares {
  float corner[2][2];
};

struct Point {
  int x0, y0;  // the corner at the upper left
  Shares shares;
};

__device__ Point locate(float2 location, float weight, const Level& level) {
  const float width = level.width, height = level.height;
  float x = location.x * width - 0.5f;
  float y = location.y * height - 0.5f;
  if (!(x > -1 && y > -1 && x < width && y < height)) {
    x = y = -2;
    weight = 0;
  }
  const float fx = x - floorf(x), fy = y - floorf(y);
  return {static_cast<int>(floorf(x)),
          static_cast<int>(floorf(y)),
          {{{weight * (1 - fx) * (1 - fy), weight * fx * (1 - fy)}, {weight * (1 - fx) * fy, weight * fx * fy}}}};
}

// Adds one lane's channels of the four corners. Those outside the map have arrived as zeros.
__device__ void add(float (&sum)[lane_channels], const Box& box, Shares shares, int part) {
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 2; ++x) add(sum, shares.corner[y][x], box.corner[y][x][part]);
  }
}

// 12 blocks: more registers than 40 a thread would cost warps that hide latency.
__global__ void __launch_bounds__(block_threads, 12)
    deformable_attention_kernel(const __grid_constant__ Problem p, const __grid_constant__ TensorMaps maps) {
  auto& shared = shared_storage<SharedStorage>();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  Mbarrier& full = shared.full[warp];
  if (lane == 0) mbarrier_init(full, 1);
  fence_mbarrier_init();
  __syncthreads();

  const int queries = p.batch * p.queries * p.heads;  // a query of each image and head counts as one
  const int first = (blockIdx.x * warps + warp) * warp_queries;
  if (first >= queries) return;  // the whole warp
  const int place = lane / query_lanes, part = lane % query_lanes;
  const bool own = first + place < queries;
  const int query = own ? first + place : queries - 1;  // past the end: the last one again, to keep the counts equal
  const int head = query % p.heads, image = query / p.heads / p.queries;
  const int64_t first_point = static_cast<int64_t>(query) * p.level_count * p.points;
  Box& box = shared.box[warp][place];

  int k = 0;  // tiles so far; a tile is one point of each of the warp's queries
  for (int channel = 0; channel < p.channels; channel += box_channels) {
    const float2* location = p.locations + first_point;
    const half* weight = p.weights + first_point;
    float sum[lane_channels] = {};
    for (int l = 0; l < p.level_count; ++l) {
      for (int point = 0; point < p.points; ++point, ++location, ++weight, ++k) {
        const Point at = locate(*location, __half2float(*weight), p.levels[l]);
        if (lane == 0) mbarrier_arrive_expect_tx(full, warp_queries * sizeof(Box));
        if (part == 0) cp_async_bulk_tensor_5d(&box, maps.level[l], channel, head, at.y0, at.x0, image, full);
        mbarrier_wait_parity(full, k & 1);
        add(sum, box, at.shares, part);
        fence_proxy_async();
        __syncwarp();
      }
    }
    const int own_channel = channel + part * lane_channels;
    if (own && own_channel < p.channels) store(p.output + static_cast<int64_t>(query) * p.channels + own_channel, sum);
  }
}

// Tells the TMA unit what the levels look like.
TensorMaps describe(const Problem& p) {
  TensorMaps maps{};
  for (int l = 0; l < p.level_count; ++l) {
    const Level level = p.levels[l];
    const int64_t head_bytes = p.channels * sizeof(half), pixel_bytes = p.heads * head_bytes;
    maps.level[l] = make_tensor_map({
        .type = ElementType::f16,
        .base = p.value + level.start * p.heads * p.channels,
        .rank = 5,
        .dims = {p.channels, p.heads, level.width, level.height, p.batch},
        .strides = {head_bytes, pixel_bytes, level.width * pixel_bytes, p.pixels * pixel_bytes},
        .box = {box_channels, 1, 2, 2, 1},
    });
  }
  return maps;
}

void launch_tma_single_stage(const Problem& p) {
  const unsigned queries = p.batch * p.queries * p.heads;
  if (queries == 0) return;
  const unsigned block_queries = warps * warp_queries;
  launch(deformable_attention_kernel,
         {(queries + block_queries - 1) / block_queries, block_threads, sizeof(SharedStorage)}, p, describe(p));
}

const bool registered = deformable_attention::register_kernel(launch_tma_single_stage);

}  // namespace
