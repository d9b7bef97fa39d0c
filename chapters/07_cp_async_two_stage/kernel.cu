// Your kernel for chapter 07_cp_async_two_stage. `./lab check 7` judges it, `./lab reset 7` starts over.   skeleton 0311f5454469
// Chapter 07: the next tile is on its way while this one is computed.
//
// As chapter 06, but a tile's bytes come to shared memory by cp.async, one tile ahead, into one of two slots. When a
// tile's turn comes, its bytes are turned into halves.

#include "gpu/gpu.h"
#include "workloads/attention/kernel.h"

namespace {

namespace wmma = nvcuda::wmma;
using attention::Problem;

constexpr int block_warps = 4, block_threads = block_warps * 32;
constexpr int warp_queries = 16, block_queries = block_warps * warp_queries;
constexpr int tile_keys = 32;
constexpr int stages = 2;              // a tile that is worked on, and one that is on its way
constexpr int pad = 8;                 // elements between rows: the rows of a column begin in different banks
constexpr float log2_e = 1.44269504f;  // exp(x) is exp2(log2_e * x), and exp2 is what the hardware has

// Fragments are loaded from and stored to addresses that are multiples of 32 bytes.
template <int Dim>
struct SharedStorage {
  alignas(32) half query[block_queries][Dim + pad];
  alignas(32) half key[tile_keys][Dim + pad];  // element - zero_point; the quantizer's scale comes later
  alignas(32) half value[tile_keys][Dim + pad];
  alignas(32) float score[block_warps][warp_queries][tile_keys + pad];
  alignas(32) half weight[block_warps][warp_queries][tile_keys + pad];
  alignas(32) float factor[block_warps][warp_queries][16 + pad];  // of each query, 16 times
};

// A tile as it comes from global memory.
template <int Dim>
struct Bytes {
  alignas(16) uint8_t key[tile_keys][Dim];
  alignas(16) uint8_t value[tile_keys][Dim];
};

// All of a block's shared memory.
template <int Dim>
struct PipelineStorage : SharedStorage<Dim> {
  Bytes<Dim> bytes[stages];
};

using QueryFragment = wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major>;   // [query][dim]
using KeyFragment = wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major>;     // [dim][key]
using WeightFragment = wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major>;  // [query][key]
using ValueFragment = wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major>;   // [key][dim]
using Accumulator = wmma::fragment<wmma::accumulator, 16, 16, 16, float>;                  // [query][key or dim]

// Eight halves: 16 bytes.
struct alignas(16) Halves {
  __half2 pair[4];
};

// Eight bytes u as halves u - zero_point, exactly. 0x64 in front of a byte makes it the half 1024 + u. `bias` is
// 1024 + zero_point, twice.
__device__ Halves to_halves(uint2 bytes, __half2 bias) {
  Halves halves;
  const uint32_t biased[4] = {__byte_perm(bytes.x, 0x64, 0x4140), __byte_perm(bytes.x, 0x64, 0x4342),
                              __byte_perm(bytes.y, 0x64, 0x4140), __byte_perm(bytes.y, 0x64, 0x4342)};
  for (int i = 0; i < 4; ++i) halves.pair[i] = __hsub2(bits_as<__half2>(biased[i]), bias);
  return halves;
}

// Asks for one tile of keys or values, of which `keys_left` are there. Instead of the others come bytes of 0.
template <int Dim>
__device__ void request_tile(uint8_t (&destination)[tile_keys][Dim], const uint8_t* source, int keys_left) {
  for (int first = 0; first < tile_keys * Dim / 16; first += block_threads) {
    const int i = first + threadIdx.x;
    const int key = i / (Dim / 16), dim = i % (Dim / 16) * 16;
    // TODO 7.1: ask for this piece's 16 bytes, or for zeros if there is no such key (about 2 lines)
    TODO(7.1);
  }
}

// Turns one tile's bytes into halves.
template <int Dim>
__device__ void convert_tile(half (&destination)[tile_keys][Dim + pad], const uint8_t (&source)[tile_keys][Dim],
                             __half2 bias) {
  for (int first = 0; first < tile_keys * Dim / 8; first += block_threads) {
    const int i = first + threadIdx.x;
    const int key = i / (Dim / 8), dim = i % (Dim / 8) * 8;
    *reinterpret_cast<Halves*>(&destination[key][dim]) =
        to_halves(*reinterpret_cast<const uint2*>(&source[key][dim]), bias);
  }
}

// The scores of the warp's queries with a tile's keys, without any scale.
template <int Dim>
__device__ void multiply_keys(SharedStorage<Dim>& shared, int warp) {
  Accumulator scores[tile_keys / 16];
  for (Accumulator& score : scores) wmma::fill_fragment(score, 0.0f);
  for (int d = 0; d < Dim; d += 16) {
    QueryFragment queries;
    wmma::load_matrix_sync(queries, &shared.query[warp * warp_queries][d], Dim + pad);
    for (int n = 0; n < tile_keys / 16; ++n) {
      KeyFragment keys;
      wmma::load_matrix_sync(keys, &shared.key[n * 16][d], Dim + pad);
      wmma::mma_sync(scores[n], queries, keys, scores[n]);
    }
  }
  for (int n = 0; n < tile_keys / 16; ++n) {
    wmma::store_matrix_sync(&shared.score[warp][0][n * 16], scores[n], tile_keys + pad, wmma::mem_row_major);
  }
}

// A query's softmax so far. Two lanes have the same query, and each sees every other group of four keys.
struct Softmax {
  float largest = -INFINITY;  // of both lanes' scores, in units of log2
  float sum = 0;              // of this lane's weights
};

// Makes weights of the scores of the lane's query, of which it sees `seen` keys of this tile. Returns what the sums so
// far must be multiplied with, those of the output too.
template <int Dim>
__device__ float weigh(SharedStorage<Dim>& shared, Softmax& softmax, int warp, int lane, float scale, int seen) {
  constexpr int groups = tile_keys / 8;  // of four keys, of a lane
  const int query = lane / 2, first_key = lane % 2 * 4;
  float score[groups][4];
  float largest = softmax.largest;
  for (int g = 0; g < groups; ++g) {
    const int key = first_key + 8 * g;
    const float4 scores = *reinterpret_cast<const float4*>(&shared.score[warp][query][key]);
    const float unscaled[4] = {scores.x, scores.y, scores.z, scores.w};
    for (int i = 0; i < 4; ++i) {
      score[g][i] = key + i < seen ? scale * unscaled[i] : -INFINITY;
      largest = fmaxf(largest, score[g][i]);
    }
  }
  largest = fmaxf(largest, __shfl_xor_sync(0xffffffff, largest, 1));
  const float rescale = exp2f(softmax.largest - largest);
  softmax.largest = largest;
  softmax.sum *= rescale;
  for (int g = 0; g < groups; ++g) {
    __half2* const weights = reinterpret_cast<__half2*>(&shared.weight[warp][query][first_key + 8 * g]);
    for (int i = 0; i < 4; i += 2) {
      weights[i / 2] = __floats2half2_rn(exp2f(score[g][i] - largest), exp2f(score[g][i + 1] - largest));
      const float2 rounded = __half22float2(weights[i / 2]);
      softmax.sum += rounded.x + rounded.y;
    }
  }
  return rescale;
}

// A fragment that has `factor`, which the lanes of query i have, all along row i. Which elements of a fragment a lane
// holds is unknown, but fragments of one type agree in it: so rows can be scaled element by element.
template <int Dim>
__device__ Accumulator along_rows(SharedStorage<Dim>& shared, float factor, int warp, int lane) {
  Accumulator factors{};
  auto* const half_row = reinterpret_cast<float4*>(&shared.factor[warp][lane / 2][lane % 2 * 8]);
  half_row[0] = half_row[1] = {factor, factor, factor, factor};
  __syncwarp();
  wmma::load_matrix_sync(factors, &shared.factor[warp][0][0], 16 + pad, wmma::mem_row_major);
  return factors;
}

// Adds the tile's values, by their weights, to the output, which is first multiplied with `factors`.
template <int Dim>
__device__ void add_values(SharedStorage<Dim>& shared, Accumulator (&output)[Dim / 16], const Accumulator& factors,
                           int warp) {
  for (Accumulator& part : output) {
    for (int i = 0; i < part.num_elements; ++i) part.x[i] *= factors.x[i];
  }
#pragma unroll 1  // otherwise so many values are loaded ahead that registers run out
  for (int k = 0; k < tile_keys; k += 16) {
    WeightFragment weights;
    wmma::load_matrix_sync(weights, &shared.weight[warp][0][k], tile_keys + pad);
    for (int n = 0; n < Dim / 16; ++n) {
      ValueFragment values;
      wmma::load_matrix_sync(values, &shared.value[k][n * 16], Dim + pad);
      wmma::mma_sync(output[n], weights, values, output[n]);
    }
  }
}

// Brings the block's queries to shared memory; zeros where there is none.
template <int Dim>
__device__ void load_queries(SharedStorage<Dim>& shared, const half* source, int queries_left) {
  for (int first = 0; first < block_queries * Dim / 8; first += block_threads) {
    const int i = first + threadIdx.x;
    const int query = i / (Dim / 8), dim = i % (Dim / 8) * 8;
    const auto* const halves = reinterpret_cast<const uint4*>(source + i * 8);
    *reinterpret_cast<uint4*>(&shared.query[query][dim]) = query < queries_left ? *halves : uint4{};
  }
}

// Multiplies the output of each query with its lanes' `factor` and stores it. It goes through the scores' place in
// shared memory, because only there is it known which element is which.
template <int Dim>
__device__ void store_output(SharedStorage<Dim>& shared, const Accumulator (&output)[Dim / 16], float factor,
                             half* destination, int queries_left, int warp, int lane) {
  const int query = warp * warp_queries + lane / 2, first_dim = lane % 2 * 16;
  for (int d = 0; d < Dim; d += tile_keys) {
    __syncwarp();  // nobody reads what is overwritten now
    for (int n = 0; n < tile_keys / 16; ++n) {
      wmma::store_matrix_sync(&shared.score[warp][0][n * 16], output[d / 16 + n], tile_keys + pad, wmma::mem_row_major);
    }
    __syncwarp();
    if (query >= queries_left) continue;
    for (int i = first_dim; i < first_dim + 16; i += 8) {
      const float* const elements = &shared.score[warp][lane / 2][i];
      Halves halves;
      for (int j = 0; j < 4; ++j) {
        halves.pair[j] = __floats2half2_rn(factor * elements[2 * j], factor * elements[2 * j + 1]);
      }
      *reinterpret_cast<uint4*>(destination + query * Dim + d + i) = bits_as<uint4>(halves);
    }
  }
}

// 4 blocks leave a thread 128 registers.
template <int Dim>
__global__ void __launch_bounds__(block_threads, 4) attention_kernel(const __grid_constant__ Problem p) {
  auto& shared = shared_storage<PipelineStorage<Dim>>();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64_t head = blockIdx.y;  // counted through the batch
  const int first_query = blockIdx.x * block_queries, queries_left = p.queries - first_query;
  const int64_t first_row = head * p.queries + first_query;
  const uint8_t* const keys = p.key + head * p.keys * Dim;
  const uint8_t* const values = p.value + head * p.keys * Dim;
  const __half2 key_bias = __float2half2_rn(1024 + p.key_quantizer[head].zero_point);
  const __half2 value_bias = __float2half2_rn(1024 + p.value_quantizer[head].zero_point);
  const float scale = p.key_quantizer[head].scale * p.softmax_scale * log2_e;

  // Query i sees the first seen_by_first + i keys, if it is causal; the block's last query sees the most.
  const int seen_by_first = p.causal ? first_query + 1 + p.keys - p.queries : p.keys;
  const int most = p.causal ? seen_by_first + block_queries - 1 : p.keys;
  const int tiles = ((most < p.keys ? most : p.keys) + tile_keys - 1) / tile_keys;
  const int seen_by_lane = p.causal ? seen_by_first + warp * warp_queries + lane / 2 : p.keys;
  const int seen = seen_by_lane < p.keys ? seen_by_lane : p.keys;

  load_queries<Dim>(shared, p.query + first_row * Dim, queries_left);
  Accumulator output[Dim / 16];
  for (Accumulator& part : output) wmma::fill_fragment(part, 0.0f);
  Softmax softmax;
  const auto request = [&](int tile) {
    const int first_key = tile * tile_keys;
    const int64_t offset = static_cast<int64_t>(first_key) * Dim;
    request_tile(shared.bytes[tile % stages].key, keys + offset, p.keys - first_key);
    request_tile(shared.bytes[tile % stages].value, values + offset, p.keys - first_key);
  };
  // TODO 7.2: the prologue: ask for the first stages - 1 tiles that exist; a group for each, in any case (about 4 lines)
  TODO(7.2);
  for (int tile = 0; tile < tiles; ++tile) {
    // TODO 7.3: ask for the tile that comes stages - 1 later, if there is one; a group in any case (2 lines)
    TODO(7.3);
    // TODO 7.4: wait for this thread's part of this tile, then for everybody's (2 lines)
    TODO(7.4);
    // TODO 7.5: turn the bytes into halves, and tell everybody (3 lines)
    TODO(7.5);
    multiply_keys<Dim>(shared, warp);
    __syncwarp();
    const float rescale = weigh<Dim>(shared, softmax, warp, lane, scale, seen - tile * tile_keys);
    add_values<Dim>(shared, output, along_rows<Dim>(shared, rescale, warp, lane), warp);
  }
  const float sum = softmax.sum + __shfl_xor_sync(0xffffffff, softmax.sum, 1);
  const float factor = p.value_quantizer[head].scale / sum;
  store_output<Dim>(shared, output, factor, p.output + first_row * Dim, queries_left, warp, lane);
}

template <int Dim>
void launch_with(const Problem& p) {
  const unsigned blocks = (p.queries + block_queries - 1) / block_queries, heads = p.batch * p.heads;
  if (blocks * heads == 0) return;
  allow_shared_memory(attention_kernel<Dim>, sizeof(PipelineStorage<Dim>));
  launch(attention_kernel<Dim>, {dim3(blocks, heads), block_threads, sizeof(PipelineStorage<Dim>)}, p);
}

void launch_two_stage(const Problem& p) { p.dim == 64 ? launch_with<64>(p) : launch_with<128>(p); }

const bool registered = attention::register_kernel(launch_two_stage);

}  // namespace
