// The helper that asks for a tile elects a lane by itself, as a helper should that is called by a whole warp. Here it
// is called by the one lane that its caller has elected, and waits for 31 others.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (!is_consumer()) {
    if (elect_sync()) {
      for (int k = 0; k < tiles; ++k) {
        mbarrier_wait_parity(ring.empty[slot_of(k)], parity_of(k) ^ 1);
        if (Fixed || elect_sync()) request(ring, k, input);
      }
    }
    __syncwarp();
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`elect_sync()` in a branch of one elected lane", .finding = "divergent-warp", .pitfall = 35},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
