#include "emulator/tests/contract_kernels.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gpu/gpu.h"

namespace contract {
namespace {

struct FourFloats {
  float values[4];
};

// Per thread: 3 global loads of 2 bytes, 1 global store of 2 bytes, 1 shared store and 1 shared load of 4 bytes; and
// one 16-byte load and store by thread 0 alone.
__global__ void known_accesses_kernel(half* output, const half* input) {
  auto& shared = shared_storage<FourFloats>();
  const int i = static_cast<int>(threadIdx.x);
  shared.values[i] = __half2float(input[i]) + __half2float(input[i + 1]) * __half2float(input[i + 2]);
  __syncthreads();
  output[i] = __float2half(shared.values[3 - i]);
  if (i == 0) *reinterpret_cast<uint4*>(output + 8) = *reinterpret_cast<const uint4*>(input + 8);
}

struct __attribute__((packed)) Packed {
  char first;
  int value;
};

__global__ void volatile_and_packed_kernel(int* output, const int* input) {
  *static_cast<volatile int*>(output) = *static_cast<const volatile int*>(input);
  reinterpret_cast<Packed*>(output + 3)->value = reinterpret_cast<const Packed*>(input + 3)->value;
}

__global__ void copy_in_a_loop_kernel(int* output, const int* input) {
  for (int i = 0; i < 64; ++i) output[i] = input[i];
}

__global__ void clear_in_a_loop_kernel(half* output) {
  for (int i = 0; i < 64; ++i) output[i] = half{};
}

__global__ void write_neighbours_kernel(half* output) {
  output[0] = half{};
  output[1] = half{};
  output[2] = half{};
  output[3] = half{};
}

__global__ void halves_seen_as_vector_kernel(uint4* output, half* values) {
  for (int i = 0; i < 8; ++i) values[i] = __float2half(static_cast<float>(i));
  *output = *reinterpret_cast<uint4*>(values);
}

__global__ void vector_seen_as_halves_kernel(half* output, uint4* values) {
  *values = {0x3c000000, 0x42004000, 0x45004400, 0x47004600};  // halves 0 to 7
  for (int i = 0; i < 8; ++i) output[i] = reinterpret_cast<const half*>(values)[i];
}

// A compiler that believes that a half is no part of a uint4 leaves the second read out, and answers 1 for it.
__global__ void half_between_vector_accesses_kernel(uint4* output, half* values) {
  auto* vector = reinterpret_cast<uint4*>(values);
  vector->x = 1;
  values[0] = __float2half(2);
  output->x = vector->x;
}

__global__ void vector_between_half_accesses_kernel(half* output, uint4* values) {
  auto* halves = reinterpret_cast<half*>(values);
  halves[0] = __float2half(1);
  values->x = 0x4000;  // half 2, half 0
  output[0] = halves[0];
}

template <std::size_t Bytes>
__global__ void memcpy_kernel(void* output, const void* input) {
  memcpy(output, input, Bytes);
}

template <std::size_t Bytes>
__global__ void memmove_kernel(void* output, const void* input) {
  memmove(output, input, Bytes);
}

// From a table no byte of the output can come: g++ makes a memcpy of this, and could take that apart.
constexpr std::array<uint8_t, 4096> table = [] {
  std::array<uint8_t, 4096> bytes;
  bytes.fill(0x5a);
  return bytes;
}();

template <std::size_t Bytes>
__global__ void memmove_table_kernel(void* output) {
  memmove(output, table.data(), Bytes);
}

template <std::size_t Bytes>
__global__ void memset_kernel(void* output) {
  memset(output, 0x5a, Bytes);
}

template <std::size_t Bytes>
struct Struct {
  int values[Bytes / sizeof(int)];
};

template <std::size_t Bytes>
__global__ void copy_struct_kernel(void* output, const void* input) {
  *static_cast<Struct<Bytes>*>(output) = *static_cast<const Struct<Bytes>*>(input);
}

template <std::size_t Bytes>
__global__ void clear_struct_kernel(void* output) {
  *static_cast<Struct<Bytes>*>(output) = {};
}

// So long that g++ would not inline it of its own accord. Then it would get and give its halves in registers, and
// -fsanitize=thread takes neither for an access.
__device__ half power(half base, int exponent) {
  const float factor = __half2float(base);
  float result = 1;
  for (int i = 0; i < exponent; ++i) {
    result *= factor;
    if (result != result) result = sqrtf(expf(result) + logf(factor));
    for (int j = 0; result > 60000; ++j) result -= sinf(result + static_cast<float>(j)) * cosf(result);
  }
  return __float2half(result);
}

__global__ void call_with_halves_kernel(half* output, const half* input, int exponent) {
  output[0] = power(input[0], exponent);
  output[1] = power(input[1], exponent);
}

template <class Flag>
__global__ void wait_for_flag_kernel(Flag* flag, bool sets) {
  if (threadIdx.x == 1) {
    if (sets) *flag = 1;
    return;
  }
  while (!*flag) {
  }
}

__global__ void larger_by_std_max_kernel(int* output, const int* input) {
  const int& (*volatile larger)(const int&, const int&) = std::max<int>;
  *output = larger(input[0], input[1]);
}

__global__ void sum_by_shared_header_kernel(int* output, const int* input, int count) {
  int (*volatile sum)(const int*, int) = sum_of;
  *output = sum(input, count);
}

__attribute__((noinline)) void copy_one(int* output, const int* input) {
  memcpy(output, input, sizeof *output);  // the last call
}

__global__ void copy_at_the_end_of_a_function_kernel(int* output, const int* input) {
  copy_one(output, input);
  __syncwarp();
}

// Calls `launch` with `bytes` as a constant, if it is one of Sizes.
template <std::size_t... Sizes, class Launch>
void with_constant(std::size_t bytes, const Launch& launch) {
  ((bytes == Sizes ? launch(std::integral_constant<std::size_t, Sizes>()) : void()), ...);
}

template <class Launch>
void with_any_size(std::size_t bytes, const Launch& launch) {
  with_constant<1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 128, 4096>(bytes, launch);
}

template <class Launch>
void with_struct_size(std::size_t bytes, const Launch& launch) {
  with_constant<16, 24, 64, 256>(bytes, launch);
}

}  // namespace

void known_accesses(half* output, const half* input) {
  launch(known_accesses_kernel, {1, 4, sizeof(FourFloats)}, output, input);
}
void volatile_and_packed(int* output, const int* input) { launch(volatile_and_packed_kernel, {1, 1}, output, input); }
void copy_in_a_loop(int* output, const int* input) { launch(copy_in_a_loop_kernel, {1, 1}, output, input); }
void clear_in_a_loop(half* output) { launch(clear_in_a_loop_kernel, {1, 1}, output); }
void write_neighbours(half* output) { launch(write_neighbours_kernel, {1, 1}, output); }
void halves_seen_as_vector(uint4* output, half* values) {
  launch(halves_seen_as_vector_kernel, {1, 1}, output, values);
}
void vector_seen_as_halves(half* output, uint4* values) {
  launch(vector_seen_as_halves_kernel, {1, 1}, output, values);
}
void half_between_vector_accesses(uint4* output, half* values) {
  launch(half_between_vector_accesses_kernel, {1, 1}, output, values);
}
void vector_between_half_accesses(half* output, uint4* values) {
  launch(vector_between_half_accesses_kernel, {1, 1}, output, values);
}

void copy_by_memcpy(std::size_t bytes, void* output, const void* input) {
  with_any_size(bytes, [&](auto size) { launch(memcpy_kernel<size()>, {1, 1}, output, input); });
}
void copy_by_memmove(std::size_t bytes, void* output, const void* input) {
  with_any_size(bytes, [&](auto size) { launch(memmove_kernel<size()>, {1, 1}, output, input); });
}
void copy_a_table_by_memmove(std::size_t bytes, void* output) {
  with_any_size(bytes, [&](auto size) { launch(memmove_table_kernel<size()>, {1, 1}, output); });
}
void fill_by_memset(std::size_t bytes, void* output) {
  with_any_size(bytes, [&](auto size) { launch(memset_kernel<size()>, {1, 1}, output); });
}

void copy_a_struct(std::size_t bytes, void* output, const void* input) {
  with_struct_size(bytes, [&](auto size) { launch(copy_struct_kernel<size()>, {1, 1}, output, input); });
}
void clear_a_struct(std::size_t bytes, void* output) {
  with_struct_size(bytes, [&](auto size) { launch(clear_struct_kernel<size()>, {1, 1}, output); });
}

void call_with_halves(half* output, const half* input, int exponent) {
  launch(call_with_halves_kernel, {1, 1}, output, input, exponent);
}

void wait_for_plain_flag(int* flag, bool sets) { launch(wait_for_flag_kernel<int>, {1, 2}, flag, sets); }
void wait_for_plain_flag(bool* flag, bool sets) { launch(wait_for_flag_kernel<bool>, {1, 2}, flag, sets); }
void wait_for_volatile_flag(int* flag, bool sets) { launch(wait_for_flag_kernel<volatile int>, {1, 2}, flag, sets); }

void larger_by_std_max(int* output, const int* input) { launch(larger_by_std_max_kernel, {1, 1}, output, input); }
void sum_by_shared_header(int* output, const int* input, int count) {
  launch(sum_by_shared_header_kernel, {1, 1}, output, input, count);
}

void copy_at_the_end_of_a_function(int* output, const int* input) {
  launch(copy_at_the_end_of_a_function_kernel, {1, 1}, output, input);
}

}  // namespace contract
