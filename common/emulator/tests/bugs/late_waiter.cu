// All 32 lanes of the producer's warp wait, then one of them acts, and nothing makes it wait for the others. As soon as
// it has acted the consumers may complete the next phase, and a lane that comes to the wait only then sees the parity
// of another phase: it waits for something that is over, perhaps for ever. Rare, and only where the lanes of a warp
// drift apart. A __syncwarp() behind the request would be too late.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  } else {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(ring.empty[slot_of(k)], parity_of(k) ^ 1);
      if constexpr (Fixed) __syncwarp();
      if (lane() == 0) request(ring, k, input);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "all lanes wait, one acts, and no `__syncwarp()` keeps them together",
               .finding = "phase-lapped or deadlock",
               .pitfall = 22},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
