// The count says how often the barrier is arrived at in each phase, not how many warps use it. Here all 32 lanes
// arrive, so the first of them completes the phase, and the slot is refilled under the other 31.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; ++s) {
      mbarrier_init(ring.full[s], 1);
      mbarrier_init(ring.empty[s], Fixed ? 32 : 1);
    }
    fence_mbarrier_init();
  }
  __syncthreads();
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`empty` is initialised for one arrival, and all 32 lanes arrive",
               .finding = "phase-not-observed",
               .pitfall = 3},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
