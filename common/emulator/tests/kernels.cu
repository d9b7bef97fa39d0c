#include "emulator/tests/kernels.h"

#include <cstring>

#include "gpu/gpu.h"

namespace kernels {

int host_variable = 0;

namespace {

constexpr unsigned full_mask = 0xffffffff;

template <class T, int N>
struct Array {
  T values[N];
};

__global__ void copy_with_memcpy_kernel(int* output, const int* input, std::size_t bytes) {
  memcpy(output, input, bytes);
}

__global__ void read_at_kernel(int* output, const int* input, long index) { output[0] = input[index]; }

__global__ void write_at_kernel(int* output, long index) { output[index] = 1; }

__global__ void write_through_kernel(int* pointer) { *pointer = 1; }

const int table[5] = {3, 1, 4, 1, 5};

__global__ void read_a_table_kernel(int* output) { output[threadIdx.x] = table[threadIdx.x]; }

__global__ void copy_a_table_kernel(int* output, std::size_t bytes) { memcpy(output, table, bytes); }

__global__ void copy_own_stack_kernel(int* output, std::size_t bytes) {
  int mine[4] = {1, 2, 3, 4};
  memcpy(output, mine, bytes);
}

__global__ void write_a_host_variable_kernel() { host_variable = 1; }

__global__ void read_a_host_variable_kernel(int* output) { output[0] = host_variable; }

__global__ void write_a_builtin_variable_kernel() { threadIdx.x = 1; }

__global__ void write_to_no_shared_memory_kernel() {
  *static_cast<int*>(emulator::shared_memory(0, 16, Here::current())) = 1;
}

__global__ void read_another_threads_stack_kernel(int* output) {
  auto& shared = shared_storage<Array<const int*, 1>>();
  volatile int mine = 5;
  if (threadIdx.x == 0) shared.values[0] = const_cast<const int*>(&mine);
  __syncthreads();
  if (threadIdx.x == 1) output[0] = *shared.values[0];
  __syncthreads();
}

__global__ void read_past_shared_kernel(int* output) {
  auto& shared = shared_storage<Array<int, 8>>();
  shared.values[threadIdx.x] = 1;
  output[threadIdx.x] = shared.values[threadIdx.x + 1];
}

__global__ void read_another_blocks_shared_kernel(int* output) {
  auto& shared = shared_storage<Array<int, 8>>();
  auto** pointer = reinterpret_cast<int**>(output + 32);  // where block 0 tells block 1 its address
  if (blockIdx.x == 0) {
    shared.values[0] = 1;
    *pointer = shared.values;
  } else {
    output[0] = **pointer;
  }
}

__global__ void load_vector_kernel(uint4* output, const int* input, long index) {
  *output = *reinterpret_cast<const uint4*>(input + index);
}

struct Pair {
  float2 a, b;
};

__global__ void copy_a_pair_kernel(int* output, const int* input) {
  *reinterpret_cast<Pair*>(output) = *reinterpret_cast<const Pair*>(input);
}

__global__ void poisoned_shared_kernel(float* output) {
  auto& shared = shared_storage<Array<float, 32>>();
  output[threadIdx.x] = shared.values[threadIdx.x];
}

__global__ void exchange_through_shared_kernel(int* output, bool barrier) {
  auto& shared = shared_storage<Array<int, 1024>>();
  shared.values[threadIdx.x] = static_cast<int>(threadIdx.x);
  if (barrier) __syncthreads();
  output[threadIdx.x] = shared.values[blockDim.x - 1 - threadIdx.x];
}

__global__ void refill_shared_kernel(int* output, bool second_barrier) {
  auto& shared = shared_storage<Array<int, 1024>>();
  int sum = 0;
  for (int tile = 0; tile < 3; ++tile) {
    shared.values[threadIdx.x] = tile;
    __syncthreads();
    sum += shared.values[(threadIdx.x + 1) % blockDim.x];
    if (second_barrier) __syncthreads();
  }
  output[threadIdx.x] = sum;
}

__global__ void exchange_in_warp_kernel(int* output, bool barrier) {
  auto& shared = shared_storage<Array<int, 32>>();
  shared.values[threadIdx.x] = static_cast<int>(threadIdx.x);
  if (barrier) __syncwarp();
  output[threadIdx.x] = shared.values[threadIdx.x ^ 1];
}

__global__ void shuffle_does_not_order_kernel(int* output) {
  auto& shared = shared_storage<Array<int, 32>>();
  shared.values[threadIdx.x] = static_cast<int>(threadIdx.x);
  const int neighbour = __shfl_xor_sync(full_mask, static_cast<int>(threadIdx.x), 1);
  output[threadIdx.x] = shared.values[neighbour];
}

__global__ void neighbouring_halves_kernel(half* output) { output[threadIdx.x] = __float2half(1); }

__global__ void blocks_write_the_same_kernel(int* output) { output[threadIdx.x] = static_cast<int>(blockIdx.x); }

__global__ void blocks_write_apart_kernel(int* output) { output[blockIdx.x * blockDim.x + threadIdx.x] = 1; }

__global__ void early_return_kernel(int* output, int leaving) {
  output[threadIdx.x] = 1;
  if (static_cast<int>(threadIdx.x) < leaving) return;
  __syncthreads();
}

__global__ void barrier_in_branch_kernel(int* output) {
  output[threadIdx.x] = 1;
  if (threadIdx.x < 32) {
    __syncthreads();
  }
}

__global__ void barrier_on_two_lines_kernel(int* output) {
  output[threadIdx.x] = 1;
  if (threadIdx.x < 64) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void one_trip_more_kernel(int* output) {
  for (unsigned trip = 0; trip < 2 + threadIdx.x / 64; ++trip) {
    output[threadIdx.x] = static_cast<int>(trip);
    __syncthreads();
  }
}

__global__ void barrier_against_shuffle_kernel(int* output) {
  if (threadIdx.x == 5) {
    __syncthreads();
  } else {
    output[threadIdx.x] = __shfl_sync(full_mask, 1, 0);
    __syncthreads();
  }
}

__global__ void lane_not_in_mask_kernel(int* output) { output[threadIdx.x] = __shfl_sync(0x0000ffff, 1, 0); }

__global__ void different_operations_kernel(int* output) {
  if (threadIdx.x % 2) {
    output[threadIdx.x] = __any_sync(full_mask, 1);
  } else {
    output[threadIdx.x] = __shfl_xor_sync(full_mask, 1, 1);
  }
}

__global__ void different_operations_on_one_line_kernel(int* output) {
  output[threadIdx.x] = threadIdx.x % 2 ? __any_sync(full_mask, 1) : __all_sync(full_mask, 1);
}

__global__ void different_lines_kernel(int* output) {
  if (threadIdx.x % 2) {
    output[threadIdx.x] = __any_sync(full_mask, 1);
  } else {
    output[threadIdx.x] = __any_sync(full_mask, 0);
  }
}

__global__ void different_masks_kernel(int* output) {
  const unsigned mask = threadIdx.x < 16 ? full_mask : 0xfffffffd;  // each half waits for lanes of the other
  output[threadIdx.x] = static_cast<int>(__ballot_sync(mask, 1));
}

__global__ void shuffle_from_lane_that_left_kernel(int* output) {
  if (threadIdx.x % 32 == 31) return;
  output[threadIdx.x] = __shfl_sync(full_mask, 1, 31);
}

__global__ void shuffle_with_wrong_width_kernel(int* output, int source, int width) {
  output[threadIdx.x] = __shfl_sync(full_mask, 1, source, width);
}

__global__ void vote_after_lanes_left_kernel(int* output) {
  if (threadIdx.x % 32 >= 8) return;
  output[threadIdx.x] = static_cast<int>(__ballot_sync(full_mask, 1)) + 256 * __all_sync(full_mask, 1);
}

__global__ void groups_of_eight_kernel(int* output) {
  const unsigned group = threadIdx.x % 32 / 8;
  const unsigned mask = 0xffu << (8 * group);
  int sum = static_cast<int>(threadIdx.x);
  for (int step = 4; step > 0; step /= 2) sum += __shfl_xor_sync(mask, sum, step);
  if (group == 2) sum += 1000 * (__any_sync(mask, threadIdx.x % 8 == 3) != 0);
  output[threadIdx.x] = sum;
}

__global__ void partial_warp_kernel(int* output) {
  output[threadIdx.x] = static_cast<int>(__ballot_sync(full_mask, 1));
  __syncthreads();
}

__global__ void note_order_kernel() {
  note(blockIdx.x, threadIdx.x);
  __syncthreads();
  note(blockIdx.x, threadIdx.x);
}

__global__ void long_run_kernel(int* output, int steps, bool barrier) {
  for (int step = 0; step < steps; ++step) {
    compute_for_a_tenth_of_a_second();
    if (barrier) {
      __syncthreads();
    } else {
      output[0] = step;
    }
  }
}

__global__ void storage_too_small_kernel() { shared_storage<Array<int, 8>>().values[0] = 1; }

__global__ void loop_with_accesses_kernel(int* output) {
  for (unsigned i = 0;; ++i) output[i % 64] = 1;
}

// Nobody ever votes for an end.
__global__ void loop_with_votes_kernel(int* output) {
  while (!__any_sync(0xffffffff, *output == 1)) {
  }
}

}  // namespace

void copy_with_memcpy(int* output, const int* input, std::size_t bytes) {
  launch(copy_with_memcpy_kernel, {1, 1}, output, input, bytes);
}
void read_at(int* output, const int* input, long index) { launch(read_at_kernel, {1, 1}, output, input, index); }
void write_at(int* output, long index) { launch(write_at_kernel, {1, 1}, output, index); }
void write_through(int* pointer) { launch(write_through_kernel, {1, 1}, pointer); }
void read_a_table(int* output) { launch(read_a_table_kernel, {1, 5}, output); }
void copy_a_table(int* output, std::size_t bytes) { launch(copy_a_table_kernel, {1, 1}, output, bytes); }
void copy_own_stack(int* output, std::size_t bytes) { launch(copy_own_stack_kernel, {1, 1}, output, bytes); }
void write_a_host_variable() { launch(write_a_host_variable_kernel, {1, 1}); }
void read_a_host_variable(int* output) { launch(read_a_host_variable_kernel, {1, 1}, output); }
void write_a_builtin_variable() { launch(write_a_builtin_variable_kernel, {1, 1}); }
void write_to_no_shared_memory() { launch(write_to_no_shared_memory_kernel, {1, 1}); }
void read_another_threads_stack(int* output) {
  launch(read_another_threads_stack_kernel, {1, 2, sizeof(void*)}, output);
}
void read_past_shared(int* output) { launch(read_past_shared_kernel, {1, 8, sizeof(Array<int, 8>)}, output); }
void read_another_blocks_shared(int* output) {
  launch(read_another_blocks_shared_kernel, {2, 1, sizeof(Array<int, 8>)}, output);
}
void load_vector(uint4* output, const int* input, long index) {
  launch(load_vector_kernel, {1, 1}, output, input, index);
}
void copy_a_pair(int* output, const int* input) { launch(copy_a_pair_kernel, {1, 1}, output, input); }
void poisoned_shared(float* output) { launch(poisoned_shared_kernel, {1, 32, 128}, output); }

void exchange_through_shared(int* output, bool barrier, int block_threads) {
  launch(exchange_through_shared_kernel, {1, static_cast<unsigned>(block_threads), 4096}, output, barrier);
}
void refill_shared(int* output, bool second_barrier, int block_threads) {
  launch(refill_shared_kernel, {1, static_cast<unsigned>(block_threads), 4096}, output, second_barrier);
}
void exchange_in_warp(int* output, bool barrier) { launch(exchange_in_warp_kernel, {1, 32, 128}, output, barrier); }
void shuffle_does_not_order(int* output) { launch(shuffle_does_not_order_kernel, {1, 32, 128}, output); }
void neighbouring_halves(half* output) { launch(neighbouring_halves_kernel, {1, 64}, output); }
void blocks_write_the_same(int* output) { launch(blocks_write_the_same_kernel, {2, 32}, output); }
void blocks_write_apart(int* output) { launch(blocks_write_apart_kernel, {2, 32}, output); }

void early_return(int* output, int leaving) { launch(early_return_kernel, {1, 96}, output, leaving); }
void barrier_in_branch(int* output) { launch(barrier_in_branch_kernel, {1, 96}, output); }
void barrier_on_two_lines(int* output) { launch(barrier_on_two_lines_kernel, {1, 96}, output); }
void one_trip_more(int* output) { launch(one_trip_more_kernel, {1, 96}, output); }
void barrier_against_shuffle(int* output) { launch(barrier_against_shuffle_kernel, {1, 32}, output); }
void lane_not_in_mask(int* output) { launch(lane_not_in_mask_kernel, {1, 32}, output); }
void different_operations(int* output) { launch(different_operations_kernel, {1, 32}, output); }
void different_operations_on_one_line(int* output) { launch(different_operations_on_one_line_kernel, {1, 32}, output); }
void different_lines(int* output) { launch(different_lines_kernel, {1, 32}, output); }
void different_masks(int* output) { launch(different_masks_kernel, {20, 32}, output); }
void shuffle_from_lane_that_left(int* output) { launch(shuffle_from_lane_that_left_kernel, {1, 96}, output); }
void shuffle_with_wrong_width(int* output, int source, int width) {
  launch(shuffle_with_wrong_width_kernel, {1, 32}, output, source, width);
}
void vote_after_lanes_left(int* output) { launch(vote_after_lanes_left_kernel, {1, 96}, output); }
void groups_of_eight(int* output) { launch(groups_of_eight_kernel, {1, 96}, output); }
void partial_warp(int* output) { launch(partial_warp_kernel, {1, 40}, output); }

void note_order(unsigned blocks, unsigned threads) { launch(note_order_kernel, {blocks, threads}); }
void long_run(int* output, int steps, bool barrier) { launch(long_run_kernel, {1, 1}, output, steps, barrier); }
void storage_too_small() { launch(storage_too_small_kernel, {1, 1, 16}); }
void loop_with_accesses(int* output) { launch(loop_with_accesses_kernel, {1, 1}, output); }
void loop_with_votes(int* output) { launch(loop_with_votes_kernel, {1, 32}, output); }

}  // namespace kernels
