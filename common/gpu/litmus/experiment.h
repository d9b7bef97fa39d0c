#pragma once

// What the kernel files of the litmus tests share.

#include "gpu/gpu.h"
#include "gpu/litmus/litmus.h"

namespace litmus {
namespace {

constexpr uint32_t most_blocks = 1024;

/// One repeat, as its threads see it.
struct Trial {
  const Repeats& repeats;
  uint32_t number;
  uint32_t* code;  // in shared memory

  /// A stretch of the input, of 4 KB: one for each `part` of a repeat, 0 to 3, and in the next repeat of a block
  /// another.
  __device__ uint32_t first_word(uint32_t part) const {
    return (4 * (number ^ number / most_blocks) + part) % 16 * (input_words / 16);
  }
  __device__ const uint32_t* source(uint32_t part) const { return repeats.input + first_word(part); }
};

/// Gives the repeat the outcome `otherwise` if `holds` is false; the first thread that does so decides. The outcome is
/// 0 if nobody does.
GPU_FUNCTION void expect(const Trial& trial, bool holds, uint32_t otherwise) {
  if (!holds) atomicCAS(trial.code, 0u, otherwise);
}

/// Lets time pass on a GPU. On the emulator the schedule does.
GPU_FUNCTION void delay([[maybe_unused]] unsigned nanoseconds) {
#if GPU_IS_REAL
  __nanosleep(nanoseconds);
#endif
}

/// The time in nanoseconds; 0 on the emulator, which has none.
GPU_FUNCTION uint64_t now() {
  uint64_t time = 0;
#if GPU_IS_REAL
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(time));
#endif
  return time;
}

/// Whether the phase of parity `parity` ends within 20 ms: long enough for a GPU that another program uses at the same
/// time. The emulator waits for ever, and reports it.
GPU_FUNCTION bool ends(Mbarrier& bar, uint32_t parity, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  const uint64_t end = now() + 20'000'000;
  while (!mbarrier_test_wait_parity(bar, parity)) {
    if (now() > end) return false;
  }
#else
  mbarrier_wait_parity(bar, parity, here);
#endif
  return true;
}

/// Whether `tile` holds the first words of a part of the input.
GPU_FUNCTION bool holds(const uint32_t* tile, uint32_t words, const Trial& trial, uint32_t part) {
  for (uint32_t i = 0; i < words; ++i) {
    if (tile[i] != input_word(trial.first_word(part) + i)) return false;
  }
  return true;
}

/// Thread 0 makes `bar` a barrier, for the whole block.
GPU_FUNCTION void begin(Mbarrier& bar, uint32_t count) {
  if (threadIdx.x == 0) {
    mbarrier_init(bar, count);
    fence_mbarrier_init();
  }
  __syncthreads();
}

/// Ends the life of `bar`, so that the next repeat may make it anew, and copies may overwrite what was read.
GPU_FUNCTION void end(Mbarrier& bar) {
  fence_proxy_async();
  __syncthreads();
  if (threadIdx.x == 0) mbarrier_inval(bar);
}

/// A row of the table is a struct Experiment: how many `threads`, what `Shared` memory, and run(), which all threads of
/// a block call once a repeat.
template <class Experiment>
struct Storage {
  typename Experiment::Shared shared;
  uint32_t code;
};

template <class Experiment>
__global__ void __launch_bounds__(Experiment::threads) repeat(const __grid_constant__ Repeats repeats) {
  auto& storage = shared_storage<Storage<Experiment>>();
  for (uint32_t i = blockIdx.x; i < repeats.count; i += gridDim.x) {
    if (threadIdx.x == 0) storage.code = 0;
    __syncthreads();
    Experiment::run(storage.shared, Trial{repeats, repeats.first + i, &storage.code});
    __syncthreads();
    if (threadIdx.x == 0) repeats.codes[i] = storage.code;
  }
}

template <class Experiment>
void launch_experiment(const Repeats& repeats) {
  const uint32_t blocks = repeats.count < most_blocks ? repeats.count : most_blocks;
  launch(repeat<Experiment>, {blocks, Experiment::threads, sizeof(Storage<Experiment>)}, repeats);
}

}  // namespace
}  // namespace litmus
