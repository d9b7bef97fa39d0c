// The consumer waits for the tile, so the tile is always right: that is how it looks while the consumer is faster than
// the memory. As soon as it is slower, tiles are overwritten before they are read.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      if constexpr (Fixed) mbarrier_wait_parity(ring.empty[slot_of(k)], parity_of(k) ^ 1);
      request(ring, k, input);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the producer never waits for a free slot",
               .finding = "write-in-flight or too-many-arrivals or phase-not-observed",
               .pitfall = 13},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
