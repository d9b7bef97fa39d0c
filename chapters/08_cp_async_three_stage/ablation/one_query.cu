// One query a block, where the third stage pays: so little is computed for each key that a tile's copies take longer
// than its computation. The ring is chapter 08's; the computation needs no tensor cores. Each of 8 warps takes 8 of a
// tile's 64 keys, with a softmax of its own, and at the end the 8 are put together. Nothing is converted to another
// place, so one barrier a tile is enough: behind it the slot of the tile before is free.
//
// Configurations without a part are measured and not judged.

#include "gpu/gpu.h"
#include "workloads/attention/kernel.h"

namespace {

using attention::Problem;
using attention::Quantizer;

enum class Part {
  nothing,
  loads,  // only the first lap's tiles are requested: the barriers and waits stay
  math,   // one byte of each copy is read, and that is all
};

constexpr int block_warps = 8, block_threads = block_warps * 32;
constexpr int tile_keys = 64, warp_keys = tile_keys / block_warps;
constexpr int key_lanes = 32 / warp_keys;  // that compute a key's score together
constexpr float log2_e = 1.44269504f;
constexpr float lowest = -1e30f;  // below all scores, and finite: a warp may see no key at all

template <int Dim>
struct Bytes {
  alignas(16) uint8_t key[tile_keys][Dim];
  alignas(16) uint8_t value[tile_keys][Dim];
};

template <int Dim, int Stages>
struct SharedStorage {
  Bytes<Dim> bytes[Stages];  // one tile is worked on, the others are on their way
  float output[block_warps][Dim];
  float largest[block_warps], sum[block_warps];
};

struct alignas(16) Vector {
  uint8_t element[16];
};

template <int Dim>
__device__ void request_tile(uint8_t (&destination)[tile_keys][Dim], const uint8_t* source, int keys_left) {
  for (int first = 0; first < tile_keys * Dim / 16; first += block_threads) {
    const int i = first + threadIdx.x;
    const int key = i / (Dim / 16), dim = i % (Dim / 16) * 16;
    const bool exists = key < keys_left;
    cp_async<16>(&destination[key][dim], exists ? source + i * 16 : source, exists ? 16 : 0);
  }
}

// A warp's softmax and output so far; a lane has Dim / 32 of the output's elements.
template <int Dim>
struct Sums {
  float largest = lowest, sum = 0, output[Dim / 32] = {};
};

// Adds the warp's keys of a tile, of which the query sees `seen`.
template <int Dim>
__device__ void add_keys(Sums<Dim>& sums, const Bytes<Dim>& bytes, const float (&query)[Dim / key_lanes], int warp,
                         int lane, int seen, float scale, float key_zero, float value_zero) {
  constexpr int lane_dims = Dim / 32, part = Dim / key_lanes;
  const int key = warp * warp_keys + lane / key_lanes;
  float score = 0;
  for (int d = 0; d < part; d += 16) {
    const Vector elements = *reinterpret_cast<const Vector*>(&bytes.key[key][lane % key_lanes * part + d]);
    for (int i = 0; i < 16; ++i) score += query[d + i] * (elements.element[i] - key_zero);
  }
  for (int other = 1; other < key_lanes; other *= 2) score += __shfl_xor_sync(0xffffffff, score, other);
  score = key < seen ? scale * score : -INFINITY;
  float largest = score;
  for (int other = key_lanes; other < 32; other *= 2) {
    largest = fmaxf(largest, __shfl_xor_sync(0xffffffff, largest, other));
  }
  largest = fmaxf(largest, sums.largest);
  const float rescale = exp2f(sums.largest - largest), weight = exp2f(score - largest);
  sums.largest = largest;
  sums.sum = sums.sum * rescale + weight;
  for (float& element : sums.output) element *= rescale;
  for (int j = 0; j < warp_keys; ++j) {
    const float share = __shfl_sync(0xffffffff, weight, j * key_lanes);
    const uint8_t* const value = &bytes.value[warp * warp_keys + j][lane * lane_dims];
    for (int i = 0; i < lane_dims; ++i) sums.output[i] += share * (value[i] - value_zero);
  }
}

template <int Dim, int Stages, Part Without>  // at least 2 stages
__global__ void __launch_bounds__(block_threads) attention_kernel(const __grid_constant__ Problem p) {
  constexpr int lane_dims = Dim / 32, part = Dim / key_lanes;
  auto& shared = shared_storage<SharedStorage<Dim, Stages>>();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64_t head = blockIdx.y, row = head * p.queries + blockIdx.x;
  const uint8_t* const keys = p.key + head * p.keys * Dim;
  const uint8_t* const values = p.value + head * p.keys * Dim;
  const Quantizer key_quantizer = p.key_quantizer[head], value_quantizer = p.value_quantizer[head];
  const float scale = key_quantizer.scale * p.softmax_scale * log2_e;
  const int seen = p.causal ? blockIdx.x + 1 + p.keys - p.queries : p.keys;
  const int tiles = (seen + tile_keys - 1) / tile_keys;
  float query[part];
  for (int i = 0; i < part; ++i) query[i] = __half2float(p.query[row * Dim + lane % key_lanes * part + i]);

  const auto request = [&](int tile) {
    const int first_key = tile * tile_keys;
    const int64_t offset = static_cast<int64_t>(first_key) * Dim;
    request_tile(shared.bytes[tile % Stages].key, keys + offset, p.keys - first_key);
    request_tile(shared.bytes[tile % Stages].value, values + offset, p.keys - first_key);
  };
  for (int tile = 0; tile < Stages - 1; ++tile) {
    if (tile < tiles) request(tile);
    cp_async_commit_group();
  }
  Sums<Dim> sums;
  for (int tile = 0; tile < tiles; ++tile) {
    cp_async_wait_group<Stages - 2>();
    __syncthreads();  // everybody's parts of this tile are there, and nobody works on the last one any more
    if (tile + Stages - 1 < (Without == Part::loads ? Stages : tiles)) request(tile + Stages - 1);
    cp_async_commit_group();
    const Bytes<Dim>& bytes = shared.bytes[tile % Stages];
    if (Without == Part::math) {
      for (int first = 0; first < tile_keys * Dim / 16; first += block_threads) {
        const int i = first + threadIdx.x;
        const int key = i / (Dim / 16), dim = i % (Dim / 16) * 16;
        sums.sum += bytes.key[key][dim] + bytes.value[key][dim];
      }
    } else {
      add_keys<Dim>(sums, bytes, query, warp, lane, seen - tile * tile_keys, scale, key_quantizer.zero_point,
                    value_quantizer.zero_point);
    }
  }

  for (int other = key_lanes; other < 32; other *= 2) sums.sum += __shfl_xor_sync(0xffffffff, sums.sum, other);
  for (int i = 0; i < lane_dims; ++i) shared.output[warp][lane * lane_dims + i] = sums.output[i];
  if (lane == 0) {
    shared.largest[warp] = sums.largest;
    shared.sum[warp] = sums.sum;
  }
  __syncthreads();
  if (threadIdx.x < Dim) {
    float largest = lowest, sum = 0, output = 0;
    for (int w = 0; w < block_warps; ++w) largest = fmaxf(largest, shared.largest[w]);
    for (int w = 0; w < block_warps; ++w) {
      const float share = exp2f(shared.largest[w] - largest);
      sum += share * shared.sum[w];
      output += share * shared.output[w][threadIdx.x];
    }
    p.output[row * Dim + threadIdx.x] = __float2half(value_quantizer.scale * output / sum);
  }
}

template <int Dim, int Stages, Part Without>
void launch_with(const Problem& p) {
  const unsigned queries = p.queries, heads = p.batch * p.heads;
  if (queries * heads == 0) return;
  using Storage = SharedStorage<Dim, Stages>;
  allow_shared_memory(attention_kernel<Dim, Stages, Without>, sizeof(Storage));
  launch(attention_kernel<Dim, Stages, Without>, {dim3(queries, heads), block_threads, sizeof(Storage)}, p);
}

template <int Stages, Part Without>
void launch_one_query(const Problem& p) {
  p.dim == 64 ? launch_with<64, Stages, Without>(p) : launch_with<128, Stages, Without>(p);
}

const bool registered = attention::register_kernel({{"3 stages", launch_one_query<3, Part::nothing>},
                                                    {"2 stages", launch_one_query<2, Part::nothing>},
                                                    {"4 stages", launch_one_query<4, Part::nothing>},
                                                    {"3 stages, no loads", launch_one_query<3, Part::loads>, false},
                                                    {"2 stages, loads alone", launch_one_query<2, Part::math>, false},
                                                    {"3 stages, loads alone", launch_one_query<3, Part::math>, false}});

}  // namespace
