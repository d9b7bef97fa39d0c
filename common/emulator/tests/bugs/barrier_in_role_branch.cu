// A consumer warp needs to exchange data among its lanes, and __syncthreads() is the barrier that everybody knows. But
// it waits for the whole block, and the producer's warp never executes this one.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  Ring ring;
  int exchanged[tile_ints];
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  prepare(shared.ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(shared.ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(shared.ring.full[slot_of(k)], parity_of(k));
      shared.exchanged[lane()] = shared.ring.slot[slot_of(k)][lane()];
      if constexpr (Fixed) {
        __syncwarp();
      } else {
        __syncthreads();
      }
      output[k * tile_ints + 31 - lane()] = shared.exchanged[31 - lane()];
      __syncwarp();
      release(shared.ring, k);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`__syncthreads()` in the consumer's branch, which the producer never enters",
               .finding = "divergent-barrier",
               .pitfall = 5},
              start<kernel<false>, Storage>,
              start<kernel<true>, Storage>};

}  // namespace
