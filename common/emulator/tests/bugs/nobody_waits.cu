// Every lane reads what it wrote itself, so it does not need to wait, and the barrier's phases go round all the same.
// That they do is not promised: some thread must have seen a phase complete before anybody arrives in the next one.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  int slot[tile_ints];
  Mbarrier written;
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) {
    mbarrier_init(shared.written, 32);
    fence_mbarrier_init();
  }
  __syncthreads();
  if (!is_consumer()) return;
  for (int k = 0; k < tiles; ++k) {
    shared.slot[lane()] = input[k * tile_ints + lane()];
    mbarrier_arrive(shared.written);
    if constexpr (Fixed) mbarrier_wait_parity(shared.written, k & 1);
    output[k * tile_ints + lane()] = shared.slot[lane()];
  }
}

const Bug bug{
    TUTORIAL_VARIANT,
    {.mistake = "all arrive, phase after phase, and nobody ever waits", .finding = "phase-not-observed", .pitfall = 14},
    start<kernel<false>, Storage>,
    start<kernel<true>, Storage>};

}  // namespace
