// The thread that makes the barriers also uses them first, and then it seems that nothing is missing. The consumers may
// come to their first wait before the barriers are made.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; ++s) {
      mbarrier_init(ring.full[s], 1);
      mbarrier_init(ring.empty[s], 32);
    }
    fence_mbarrier_init();
  }
  if constexpr (Fixed) __syncthreads();
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "no `__syncthreads()` between `mbarrier_init` and the other threads' first wait",
               .finding = "barrier-not-initialized",
               .pitfall = 11},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
