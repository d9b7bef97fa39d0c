// bug: a lane adds each value with the weight of its own key
// caught by: own-lanes-weight
// Chapter 05: attention with plain loads. A warp works on one query and takes 32 keys at a time: a lane for each.
//
// The scores of a query are never all there at the same time. The softmax is computed online: relative to the largest
// score so far, with sums that are scaled down whenever a larger one comes.

#include "gpu/gpu.h"
#include "workloads/attention/kernel.h"

namespace {

using attention::Problem;
using attention::Quantizer;

constexpr int block_warps = 8;
constexpr float log2_e = 1.44269504f;  // exp(x) is exp2(log2_e * x), and exp2 is what the hardware has

template <int Dim>
struct SharedStorage {
  float query[block_warps][Dim];
};

struct alignas(16) Bytes {
  uint8_t element[16];
};

// The product of a query with one key, whose elements stand for element - zero_point.
template <int Dim>
__device__ float product(const float (&query)[Dim], const uint8_t* key, float zero_point) {
  float sum = 0;
  for (int d = 0; d < Dim; d += 16) {
    const Bytes bytes = *reinterpret_cast<const Bytes*>(key + d);
    for (int i = 0; i < 16; ++i) sum += query[d + i] * (bytes.element[i] - zero_point);
  }
  return sum;
}

__device__ float largest_of_warp(float value) {
  for (int other = 16; other > 0; other /= 2) value = fmaxf(value, __shfl_xor_sync(0xffffffff, value, other));
  return value;
}

__device__ float sum_of_warp(float value) {
  for (int other = 16; other > 0; other /= 2) value += __shfl_xor_sync(0xffffffff, value, other);
  return value;
}

// 4 blocks leave a thread 64 registers.
template <int Dim>
__global__ void __launch_bounds__(block_warps * 32, 4) attention_kernel(const __grid_constant__ Problem p) {
  constexpr int lane_dims = Dim / 32;  // of a value, and of the output
  auto& shared = shared_storage<SharedStorage<Dim>>();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int query = blockIdx.x * block_warps + warp;
  if (query >= p.queries) return;
  const int64_t head = blockIdx.y;  // counted through the batch
  const int64_t row = head * p.queries + query;
  const uint8_t* const keys = p.key + head * p.keys * Dim;
  const uint8_t* const values = p.value + head * p.keys * Dim;
  const Quantizer key_quantizer = p.key_quantizer[head], value_quantizer = p.value_quantizer[head];

  for (int d = lane; d < Dim; d += 32) shared.query[warp][d] = __half2float(p.query[row * Dim + d]);
  __syncwarp();

  const float scale = key_quantizer.scale * p.softmax_scale * log2_e;
  int seen = 0;
  seen = p.causal ? query + 1 + p.keys - p.queries : p.keys;
  float largest = -INFINITY, sum = 0, output[lane_dims] = {};
  for (int first = 0; first < seen; first += 32) {
    const int key = first + lane;
    float score = -INFINITY;  // of this lane's key, in units of log2; stays so for a key that is not seen
    if (key < seen) {
      const uint8_t* const row_of_key = keys + static_cast<int64_t>(key) * Dim;
      score = scale * product<Dim>(shared.query[warp], row_of_key, key_quantizer.zero_point);
    }
    float rescale = 1;
    const float new_largest = fmaxf(largest, largest_of_warp(score));
    rescale = exp2f(largest - new_largest);
    largest = new_largest;
    float weight = 0;
    weight = exp2f(score - largest);
    sum = sum * rescale + sum_of_warp(weight);
    for (int i = 0; i < lane_dims; ++i) output[i] *= rescale;
    for (int j = 0; j < 32 && first + j < seen; ++j) {
      const float share = weight;
      const uint8_t* const value = values + static_cast<int64_t>(first + j) * Dim + lane * lane_dims;
      for (int i = 0; i < lane_dims; ++i) output[i] += share * (value[i] - value_quantizer.zero_point);
    }
  }
  for (int i = 0; i < lane_dims; ++i) {
    p.output[row * Dim + lane * lane_dims + i] = __float2half(value_quantizer.scale * output[i] / sum);
  }
}

template <int Dim>
void launch_with(const Problem& p) {
  const unsigned groups = (p.queries + block_warps - 1) / block_warps, heads = p.batch * p.heads;
  if (groups * heads == 0) return;
  launch(attention_kernel<Dim>, {dim3(groups, heads), block_warps * 32, sizeof(SharedStorage<Dim>)}, p);
}

void launch_baseline(const Problem& p) { p.dim == 64 ? launch_with<64>(p) : launch_with<128>(p); }

const bool registered = attention::register_kernel(launch_baseline);

}  // namespace
