// A tile is marked as taken in global memory, directly after the copy was asked for. Asked for is not done: the copy
// may read its source at any time until it is complete.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  constexpr int taken = -1;
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      produce(ring, k, input);
      if constexpr (Fixed) mbarrier_wait_parity(ring.full[slot_of(k)], parity_of(k));
      input[k * tile_ints] = taken;
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the source of a copy is overwritten while the copy is on its way",
               .finding = "source-changed-in-flight"},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
