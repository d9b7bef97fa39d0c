// The slot is handed back as soon as it has arrived, "so that the producer can go on". It does go on: into the tile
// that is being read.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(ring.full[slot_of(k)], parity_of(k));
      if constexpr (!Fixed) release(ring, k);
      use(ring, k, output);
      if constexpr (Fixed) release(ring, k);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a slot is handed back before it is read", .finding = "overwrite-while-read"},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
