// Litmus tests of the barriers of a block.

#include "gpu/litmus/experiment.h"

namespace litmus {
namespace {

struct NamedBarriers {
  static constexpr int threads = 96;
  struct Shared {
    uint32_t value[64];
  };
  static __device__ void run(Shared& shared, const Trial& trial) {
    constexpr int full = 1, empty = 2;
    const uint32_t thread = threadIdx.x;
    for (uint32_t round = 0; round < 4; ++round) {
      if (thread < 64) {  // two warps produce
        if (thread >= 32) delay(500);
        shared.value[thread] = input_word(trial.number + thread + 64 * round);
        barrier_arrive(full, threads);
        barrier_sync(empty, threads);
      } else {
        barrier_sync(full, threads);
        for (uint32_t i = thread - 64; i < 64; i += 32) {
          expect(trial, shared.value[i] == input_word(trial.number + i + 64 * round), 1);
        }
        barrier_arrive(empty, threads);
      }
    }
  }
};
const bool l17 = register_row({"L17",
                               Kind::assertion,
                               "a named barrier lets its waiters go when so many threads have come, waiting or not",
                               {"as promised", "too early"},
                               "",
                               launch_experiment<NamedBarriers>});

// A block whose second warp has left. Each block is a repeat, because the second one would lack a warp.
template <bool named>
__global__ void exited_warp(const __grid_constant__ Repeats repeats) {
  if (threadIdx.x >= 32) return;
  delay(1000);
  if constexpr (named) {
    barrier_sync(1, 64);
  } else {
    __syncthreads();
  }
  if (threadIdx.x == 0) repeats.codes[blockIdx.x] = 0;
}

template <bool named>
void launch_exited_warp(const Repeats& repeats) {
  launch(exited_warp<named>, {repeats.count, 64}, repeats);
}

const bool l18 = register_row({"L18",
                               Kind::observation,
                               "__syncthreads() in a block of two warps, one of which has exited",
                               {"goes on"},
                               "divergent-barrier",
                               launch_exited_warp<false>});
const bool l18_named = register_row({"L18-named",
                                     Kind::observation,
                                     "a named barrier for two warps, one of which has exited",
                                     {"goes on"},
                                     "deadlock",
                                     launch_exited_warp<true>});

}  // namespace
}  // namespace litmus
