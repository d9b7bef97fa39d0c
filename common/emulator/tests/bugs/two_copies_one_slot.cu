// Two operands share a slot, each has its half. The second copy's offset was forgotten, so both go to the first half:
// the number of bytes is right, the barrier is content, and which of them stays is a matter of luck.

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
      const int* tile = input + k * tile_ints;
      constexpr int part = tile_ints / 2;
      mbarrier_wait_parity(ring.empty[s], parity_of(k) ^ 1);
      mbarrier_arrive_expect_tx(ring.full[s], tile_bytes);
      cp_async_bulk(ring.slot[s], tile, tile_bytes / 2, ring.full[s]);
      cp_async_bulk(ring.slot[s] + (Fixed ? part : 0), tile + part, tile_bytes / 2, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "two copies go to the same bytes", .finding = "write-in-flight"},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
