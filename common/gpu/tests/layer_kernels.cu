#include "gpu/tests/layer_kernels.h"

#include "gpu/gpu.h"

namespace layer {
namespace {

constexpr unsigned full_mask = 0xffffffff;

__global__ void shuffle_kernel(int* output, const int* input, int source, int width) {
  output[threadIdx.x] = __shfl_sync(full_mask, input[threadIdx.x], source, width);
}
__global__ void shuffle_up_kernel(int* output, const int* input, int delta, int width) {
  output[threadIdx.x] = __shfl_up_sync(full_mask, input[threadIdx.x], delta, width);
}
__global__ void shuffle_down_kernel(int* output, const int* input, int delta, int width) {
  output[threadIdx.x] = __shfl_down_sync(full_mask, input[threadIdx.x], delta, width);
}
__global__ void shuffle_xor_kernel(int* output, const int* input, int lane_mask, int width) {
  output[threadIdx.x] = __shfl_xor_sync(full_mask, input[threadIdx.x], lane_mask, width);
}

__global__ void votes_kernel(int* output, const int* input) {
  const int predicate = input[threadIdx.x];
  const int ballot = static_cast<int>(__ballot_sync(full_mask, predicate));
  const int all = __all_sync(full_mask, predicate);
  const int any = __any_sync(full_mask, predicate);
  if (threadIdx.x == 0) {
    output[0] = ballot;
    output[1] = all;
    output[2] = any;
  }
}

__global__ void indices_kernel(int* output) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const int index = static_cast<int>(block * blockDim.x * blockDim.y * blockDim.z + thread);
  output[index] = index;
}

struct ReverseStorage {
  int values[16 * 1024];  // 64 KB: one in sixteen is used
};

__global__ void reverse_kernel(int* output, const int* input) {
  auto& shared = shared_storage<ReverseStorage>();
  shared.values[16 * threadIdx.x] = input[threadIdx.x];
  __syncthreads();
  output[threadIdx.x] = shared.values[16 * (blockDim.x - 1 - threadIdx.x)];
}

struct WarpStorage {
  int values[32];
};

__global__ void warp_sum_kernel(int* output, const int* input) {
  auto& shared = shared_storage<WarpStorage>();
  const int lane = static_cast<int>(threadIdx.x);
  shared.values[lane] = input[lane];
  __syncwarp();
  for (int half = warpSize / 2; half > 0; half /= 2) {
    if (lane < half) shared.values[lane] += shared.values[lane + half];
    __syncwarp();
  }
  output[lane] = shared.values[0];
}

__global__ void round_to_half_kernel(float* output, const float* input) {
  output[threadIdx.x] = __half2float(__float2half(input[threadIdx.x]));
}

__global__ void half2_fma_kernel(float* output, const float* input) {
  const __half2 a = __float2half2_rn(input[0]), b = __float2half2_rn(input[1]), c = __float2half2_rn(input[2]);
  const float2 sum = __half22float2(__hfma2(a, b, c));
  output[0] = sum.x;
  output[1] = sum.y;
}

__global__ void half2_arithmetic_kernel(int* output, int with) {
  constexpr int halves = 1 << 16;
  for (int i = static_cast<int>(threadIdx.x); i < halves; i += static_cast<int>(blockDim.x)) {
    const auto one = bits_as<__half2>(static_cast<unsigned>(i | with << 16));
    const auto other = bits_as<__half2>(static_cast<unsigned>(with | i << 16));
    output[i] = bits_as<int>(__hadd2(one, other));
    output[halves + i] = bits_as<int>(__hsub2(one, other));
    output[2 * halves + i] = bits_as<int>(__hmul2(one, other));
  }
}

__global__ void halves_in_pairs_kernel(int* output, const int* input) {
  const unsigned lane = threadIdx.x;
  const auto x = bits_as<float>(input[lane]), y = bits_as<float>(input[(lane + 1) % 32]);
  const __half2 pair = __halves2half2(__float2half(x), __float2half(y));
  output[lane] = bits_as<int>(__floats2half2_rn(x, y));
  output[32 + lane] = bits_as<int>(__float22half2_rn(make_float2(x, y)));
  output[64 + lane] = bits_as<int>(pair);
  output[96 + lane] = bits_as<int>(__halves2half2(__high2half(pair), __low2half(pair)));
}

__global__ void byte_permutations_kernel(int* output) {
  for (unsigned i = threadIdx.x; i < 1 << 16; i += blockDim.x) {
    output[i] = static_cast<int>(__byte_perm(0x83024150, 0xf7869504, i));
  }
}

__global__ void vectors_kernel(int* output, const int* input) {
  const auto number = [&](int i) { return __ldg(input + i); };
  const auto real = [&](int i) { return static_cast<float>(number(i)); };
  const auto positive = [&](int i) { return static_cast<unsigned>(number(i)); };
  const float2 a = make_float2(real(0), real(1));
  const float4 b = make_float4(real(2), real(3), real(4), real(5));
  const int2 c = make_int2(number(6), number(7));
  const int4 d = make_int4(number(8), number(9), number(10), number(11));
  const uint2 e = make_uint2(positive(12), positive(13));
  const uint4 f = make_uint4(positive(14), positive(15), positive(16), positive(17));
  const float reals[] = {a.x, a.y, b.x, b.y, b.z, b.w};
  for (int i = 0; i < 6; ++i) output[i] = static_cast<int>(reals[i]);
  const int numbers[] = {c.x, c.y, d.x, d.y, d.z, d.w};
  for (int i = 0; i < 6; ++i) output[6 + i] = numbers[i];
  const unsigned positives[] = {e.x, e.y, f.x, f.y, f.z, f.w};
  for (int i = 0; i < 6; ++i) output[12 + i] = static_cast<int>(positives[i]);
}

__global__ void round_to_int_kernel(int* output, const int* input) {
  const float value = reinterpret_cast<const float*>(input)[threadIdx.x];
  output[threadIdx.x] = __float2int_rd(value);
  output[32 + threadIdx.x] = __float2int_ru(value);
  output[64 + threadIdx.x] = __float2int_rz(value);
  output[96 + threadIdx.x] = __float2int_rn(value);
}

__global__ void todo_kernel() { TODO(9.9); }

struct Large {
  int values[512];
};

__global__ void parameters_kernel(int* output, char small, Large large, double real, const int* none, long last) {
  const int sum = small + large.values[0] + large.values[511] + static_cast<int>(2 * real) + (none != nullptr);
  output[threadIdx.x] = sum + static_cast<int>(last);
}

__global__ void empty_kernel() {}

}  // namespace

void shuffle(int* output, const int* input, int source, int width) {
  launch(shuffle_kernel, {1, 32}, output, input, source, width);
}
void shuffle_up(int* output, const int* input, int delta, int width) {
  launch(shuffle_up_kernel, {1, 32}, output, input, delta, width);
}
void shuffle_down(int* output, const int* input, int delta, int width) {
  launch(shuffle_down_kernel, {1, 32}, output, input, delta, width);
}
void shuffle_xor(int* output, const int* input, int lane_mask, int width) {
  launch(shuffle_xor_kernel, {1, 32}, output, input, lane_mask, width);
}
void votes(int* output, const int* input) { launch(votes_kernel, {1, 32}, output, input); }
void indices(int* output) { launch(indices_kernel, {dim3(3, 2, 2), dim3(5, 3, 2)}, output); }
void reverse(int* output, const int* input) {
  allow_shared_memory(reverse_kernel, sizeof(ReverseStorage));
  launch(reverse_kernel, {1, 1024, sizeof(ReverseStorage)}, output, input);
}
void warp_sum(int* output, const int* input) { launch(warp_sum_kernel, {1, 32, sizeof(WarpStorage)}, output, input); }
void half2_fma(float* output, const float* input) { launch(half2_fma_kernel, {1, 1}, output, input); }

void half2_arithmetic(int* output, int with) { launch(half2_arithmetic_kernel, {1, 64}, output, with); }
void halves_in_pairs(int* output, const int* input) { launch(halves_in_pairs_kernel, {1, 32}, output, input); }
void byte_permutations(int* output) { launch(byte_permutations_kernel, {1, 64}, output); }
void vectors(int* output, const int* input) { launch(vectors_kernel, {1, 1}, output, input); }
void round_to_half(float* output, const float* input) { launch(round_to_half_kernel, {1, 32}, output, input); }
void round_to_int(int* output, const int* input) { launch(round_to_int_kernel, {1, 32}, output, input); }
void open_todo() { launch(todo_kernel, {2, 64}); }
void parameters(int* output) {
  Large large{};
  large.values[0] = 10;
  large.values[511] = 200;
  launch(parameters_kernel, {1, 32}, output, 1, large, 0.5f, nullptr, 3000u);
}
void launch_empty(dim3 grid, dim3 block, unsigned long shared_bytes) {
  launch(empty_kernel, {grid, block, shared_bytes});
}
int resident(int block_threads, unsigned long shared_bytes) {
  return resident_blocks(empty_kernel, block_threads, shared_bytes);
}

void allow_shared(unsigned long bytes) { allow_shared_memory(empty_kernel, bytes); }

}  // namespace layer
