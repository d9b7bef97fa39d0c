// The ring goes round one slot too late. The third tile is copied to what lies behind the two slots, and there are the
// barriers.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      const int s = slot_of(k);
      const int slot = k % (Fixed ? stages : stages + 1);
      mbarrier_wait_parity(ring.empty[s], parity_of(k) ^ 1);
      mbarrier_arrive_expect_tx(ring.full[s], tile_bytes);
      cp_async_bulk(&ring.slot[0][0] + slot * tile_ints, input + k * tile_ints, tile_bytes, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the slot is k modulo stages + 1", .finding = "barrier-overwritten"},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
