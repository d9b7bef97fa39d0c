// The size of the whole ring is taken for the size of one slot. The phase waits for bytes that nobody has asked for.

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
      mbarrier_wait_parity(ring.empty[s], parity_of(k) ^ 1);
      mbarrier_arrive_expect_tx(ring.full[s], Fixed ? sizeof(ring.slot[s]) : sizeof(ring.slot));
      cp_async_bulk(ring.slot[s], input + k * tile_ints, tile_bytes, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "256 bytes are announced, and 128 land", .finding = "bytes-mismatch", .pitfall = 4},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
