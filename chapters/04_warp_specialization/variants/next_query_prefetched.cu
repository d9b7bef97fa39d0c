// Chapter 04, and a producer loads the first point of its next query ahead.
//
// Within a query the next point is loaded while the boxes of this one are asked for. The kernel of the chapter begins
// each query with a load that it has to wait for; here that load is on its way before the last tile of the query before
// is asked for.

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

template <int Producers, int Consumers, int Stages>
struct SharedStorage {
  static constexpr int queries = Consumers * warp_queries;  // of a group: what a block works on at a time
  Box box[Stages][queries];
  Shares shares[Stages][queries];
  Mbarrier full[Stages];   // all boxes and shares of the slot are there
  Mbarrier empty[Stages];  // all consumers have read them
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
  }

  __device__ void load(const Problem& p, int64_t at) {
    location = p.locations[at];
    weight = p.weights[at];
  }
};

// What both roles have to agree on: how much there is to do.
struct Work {
  int queries;    // a query of each image and head counts as one
  int groups;     // of queries
  int sum_tiles;  // of one sum; a tile is one point of each query of a group
};

template <int Producers, int Consumers, int Stages>
__device__ void produce(SharedStorage<Producers, Consumers, Stages>& shared, const Problem& p, const TensorMaps& maps,
                        const Work& work, int producer) {
  // The boxes of a tile are dealt to the producers' lanes in turn: one to a lane, or a second round of them.
  constexpr int lanes = Producers * 32, rounds = (shared.queries + lanes - 1) / lanes;
  const int first_place = producer + Producers * (threadIdx.x % 32);
  if (first_place >= shared.queries) return;
  const auto query_of = [&](int group, int i) {
    const int wanted = group * shared.queries + first_place + i * lanes;
    return wanted < work.queries ? wanted : work.queries - 1;  // past the end: the last one again
  };
  Points points[rounds];
  const auto load_first = [&](int group, int i) {
    points[i].load(p, static_cast<int64_t>(query_of(group, i)) * work.sum_tiles);
  };
  for (int i = 0; i < rounds; ++i) load_first(blockIdx.x, i);
  int k = 0;  // tiles so far, of all groups
  for (int group = blockIdx.x; group < work.groups; group += gridDim.x) {
    for (int i = 0; i < rounds; ++i) points[i].start(p, query_of(group, i));
    for (int channel = 0; channel < p.channels; channel += box_channels) {
      int next = 0;  // the point that is loaded next
      for (int l = 0; l < p.level_count; ++l) {
        for (int point = 0; point < p.points; ++point, ++k) {
          const int slot = k % Stages;
          mbarrier_wait_parity(shared.empty[slot], (k / Stages & 1) ^ 1);
          next = next + 1 < work.sum_tiles ? next + 1 : 0;
          const bool is_last = next == 0 && channel + box_channels >= p.channels;
          for (int i = 0; i < rounds; ++i) {
            const int place = first_place + i * lanes;
            if (place >= shared.queries) break;
            const Point at = locate(points[i].location, __half2float(points[i].weight), p.levels[l]);
            if (is_last) {
              load_first(group + gridDim.x, i);
            } else {
              points[i].load(p, points[i].first + next);
            }
            shared.shares[slot][place] = at.shares;
            mbarrier_arrive_expect_tx(shared.full[slot], sizeof(Box));
            cp_async_bulk_tensor_5d(&shared.box[slot][place], maps.level[l], channel, points[i].head, at.x0, at.y0,
                                    points[i].image, shared.full[slot]);
          }
        }
      }
    }
  }
}

template <int Producers, int Consumers, int Stages>
__device__ void consume(SharedStorage<Producers, Consumers, Stages>& shared, const Problem& p, const Work& work,
                        int consumer) {
  const int lane = threadIdx.x % 32, part = lane % query_lanes;
  const int place = consumer * warp_queries + lane / query_lanes;
  int k = 0;  // tiles so far, of all groups
  for (int group = blockIdx.x; group < work.groups; group += gridDim.x) {
    const int query = group * shared.queries + place;
    for (int channel = 0; channel < p.channels; channel += box_channels) {
      float sum[lane_channels] = {};
      for (int tile = 0; tile < work.sum_tiles; ++tile, ++k) {
        const int slot = k % Stages;
        mbarrier_wait_parity(shared.full[slot], k / Stages & 1);
        add(sum, shared.box[slot][place], shared.shares[slot][place], part);
        fence_proxy_async();
        __syncwarp();
        if (lane == 0) mbarrier_arrive(shared.empty[slot]);
      }
      const int own_channel = channel + part * lane_channels;
      if (query < work.queries && own_channel < p.channels) {
        store(p.output + static_cast<int64_t>(query) * p.channels + own_channel, sum);
      }
    }
  }
}

// 48 warps on an SM leave a thread 40 registers. Where a producer's lane has two boxes, it needs more.
template <int Producers, int Consumers, int Stages>
__global__ void __launch_bounds__((Producers + Consumers) * 32,
                                  (Consumers * warp_queries <= Producers * 32 ? 48 : 32) / (Producers + Consumers))
    deformable_attention_kernel(const __grid_constant__ Problem p, const __grid_constant__ TensorMaps maps) {
  auto& shared = shared_storage<SharedStorage<Producers, Consumers, Stages>>();
  if (threadIdx.x == 0) {
    for (int slot = 0; slot < Stages; ++slot) {
      mbarrier_init(shared.full[slot], shared.queries);
      mbarrier_init(shared.empty[slot], Consumers);
    }
  }
  fence_mbarrier_init();
  __syncthreads();
  const int queries = p.batch * p.queries * p.heads;
  const Work work{queries, (queries + shared.queries - 1) / shared.queries, p.level_count * p.points};
  const int warp = threadIdx.x / 32;
  if (warp < Producers) {
    produce(shared, p, maps, work, warp);
  } else {
    consume(shared, p, work, warp - Producers);
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

template <int Producers, int Consumers, int Stages>
void launch_warp_specialization(const Problem& p) {
  using Storage = SharedStorage<Producers, Consumers, Stages>;
  const unsigned queries = p.batch * p.queries * p.heads;
  if (queries == 0) return;
  const unsigned block_threads = (Producers + Consumers) * 32;
  const auto kernel = deformable_attention_kernel<Producers, Consumers, Stages>;
  allow_shared_memory(kernel, sizeof(Storage));
  const unsigned groups = (queries + Storage::queries - 1) / Storage::queries;
  const unsigned resident = resident_blocks(kernel, block_threads, sizeof(Storage));
  launch(kernel, {groups < resident ? groups : resident, block_threads, sizeof(Storage)}, p, describe(p));
}

const bool registered = deformable_attention::register_kernel({{"1:2, 2 stages", launch_warp_specialization<1, 2, 2>},
                                                               {"4:8, 2 stages", launch_warp_specialization<4, 8, 2>},
                                                               {"1:7, 2 stages", launch_warp_specialization<1, 7, 2>},
                                                               {"2:6, 2 stages", launch_warp_specialization<2, 6, 2>},
                                                               {"3:5, 2 stages", launch_warp_specialization<3, 5, 2>},
                                                               {"4:4, 2 stages", launch_warp_specialization<4, 4, 2>},
                                                               {"1:2, 1 stage", launch_warp_specialization<1, 2, 1>},
                                                               {"1:2, 3 stages", launch_warp_specialization<1, 2, 3>},
                                                               {"1:2, 4 stages", launch_warp_specialization<1, 2, 4>}});

}  // namespace
