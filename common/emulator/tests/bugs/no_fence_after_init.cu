// __syncthreads() makes the new barriers known to the block's threads. The unit that copies is not one of them: the
// thread that made the barriers must fence before any copy reports to them.

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
    if constexpr (Fixed) fence_mbarrier_init();
  }
  __syncthreads();
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "no `fence_mbarrier_init()` between `mbarrier_init` and the first copy",
               .finding = "unfenced-init",
               .pitfall = 11},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
