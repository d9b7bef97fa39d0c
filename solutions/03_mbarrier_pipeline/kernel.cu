// Chapter 03: one TMA box a point, a ring of slots a warp.
//
// As in chapter 02 a warp serves eight queries, and gets a box of 2 x 2 pixels for each point. But it asks for the
// boxes of `Stages` tiles before it waits for the first, and from then on fills each slot again as soon as it has been
// read.

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

// What the sum takes of each corner, [y][x].
struct alignas(16) Shares {
  float corner[2][2];
};

template <int Stages>
struct SharedStorage {
  Box box[warps][Stages][warp_queries];
  Shares shares[warps][Stages][warp_queries];
  Mbarrier full[warps][Stages];  // all boxes and shares of the slot are there
};

struct TensorMaps {
  TensorMap level[max_levels];
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

// A query whose boxes a lane asks for, and its next point: loaded ahead, so that nobody waits for the load.
struct Points {
  int64_t first;  // the query's first point, counted through all queries
  int image, head;
  float2 location;
  half weight;  // converted where it is used: a conversion here would wait

  __device__ void start(const Problem& p, int query) {
    first = static_cast<int64_t>(query) * p.level_count * p.points;
    image = query / p.heads / p.queries;
    head = query % p.heads;
    load(p, 0);
  }

  __device__ void load(const Problem& p, int point) {
    location = p.locations[first + point];
    weight = p.weights[first + point];
  }
};

// 10 blocks leave a thread 48 registers.
template <int Stages>
__global__ void __launch_bounds__(block_threads, 10)
    deformable_attention_kernel(const __grid_constant__ Problem p, const __grid_constant__ TensorMaps maps) {
  auto& shared = shared_storage<SharedStorage<Stages>>();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  auto& full = shared.full[warp];
  // >>> 3.1 prepare the warp's barriers: each query arrives once a phase (about 5 lines)
  if (lane == 0) {
    for (int slot = 0; slot < Stages; ++slot) mbarrier_init(full[slot], warp_queries);
  }
  fence_mbarrier_init();
  __syncthreads();
  // <<< 3.1

  const int queries = p.batch * p.queries * p.heads;  // a query of each image and head counts as one
  const int first = (blockIdx.x * warps + warp) * warp_queries;
  if (first >= queries) return;  // the whole warp
  const int place = lane / query_lanes, part = lane % query_lanes;
  const bool own = first + place < queries;
  const int query = own ? first + place : queries - 1;  // past the end: the last one again, to keep the counts equal

  Points points;
  points.start(p, query);
  int level = 0, point = 0, channel = 0;  // of the tile that is asked for next
  const auto request = [&](int k) {
    const int slot = k % Stages;
    const Point at = locate(points.location, __half2float(points.weight), p.levels[level]);
    const TensorMap& map = maps.level[level];
    const int box_channel = channel;
    if (++point == p.points) {
      point = 0;
      if (++level == p.level_count) {
        level = 0;
        channel += box_channels;  // the same points again, for other channels
      }
    }
    points.load(p, level * p.points + point);  // before the requests: it is on its way while they are made
    if (part == 0) {
      // >>> 3.2 hand over the shares, announce the box, and ask `map` for it (about 4 lines)
      shared.shares[warp][slot][place] = at.shares;
      mbarrier_arrive_expect_tx(full[slot], sizeof(Box));
      cp_async_bulk_tensor_5d(&shared.box[warp][slot][place], map, box_channel, points.head, at.x0, at.y0, points.image,
                              full[slot]);
      // <<< 3.2
    }
  };

  const int sum_tiles = p.level_count * p.points;  // of one sum; a tile is one point of each of the warp's queries
  const int tiles = (p.channels + box_channels - 1) / box_channels * sum_tiles;
  // >>> 3.3 prologue: fill the ring, but ask for no tile that does not exist (about 1 line)
  for (int k = 0; k < Stages && k < tiles; ++k) request(k);
  // <<< 3.3
  int k = 0;  // tiles so far
  for (int sum_channel = 0; sum_channel < p.channels; sum_channel += box_channels) {
    float sum[lane_channels] = {};
    for (int tile = 0; tile < sum_tiles; ++tile, ++k) {
      const int slot = k % Stages;
      // >>> 3.4 wait for the phase of tile k (1 line)
      mbarrier_wait_parity(full[slot], k / Stages & 1);
      // <<< 3.4
      add(sum, shared.box[warp][slot][place], shared.shares[warp][slot][place], part);
      // >>> 3.5 when all lanes have read, the slot is free for the tile that comes to it next (about 3 lines)
      fence_proxy_async();
      __syncwarp();
      if (k + Stages < tiles) request(k + Stages);
      // <<< 3.5
    }
    const int own_channel = sum_channel + part * lane_channels;
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

template <int Stages>
void launch_mbarrier_pipeline(const Problem& p) {
  const unsigned queries = p.batch * p.queries * p.heads;
  if (queries == 0) return;
  const unsigned block_queries = warps * warp_queries;
  const std::size_t shared_bytes = sizeof(SharedStorage<Stages>);
  // >>> 3.6 more than 48 KB of shared memory must be asked for (1 line)
  allow_shared_memory(deformable_attention_kernel<Stages>, shared_bytes);
  // <<< 3.6
  launch(deformable_attention_kernel<Stages>,
         {(queries + block_queries - 1) / block_queries, block_threads, shared_bytes}, p, describe(p));
}

const bool registered = deformable_attention::register_kernel({{"2 stages", launch_mbarrier_pipeline<2>},
                                                               {"1 stage", launch_mbarrier_pipeline<1>},
                                                               {"3 stages", launch_mbarrier_pipeline<3>},
                                                               {"4 stages", launch_mbarrier_pipeline<4>},
                                                               {"8 stages", launch_mbarrier_pipeline<8>}});

}  // namespace
