// Two copies report to one barrier, the tile of A and the tile of B. The second one was added later, and the number of
// bytes stands in another line.

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
      constexpr int part = tile_ints / 2;  // A, then B
      mbarrier_wait_parity(ring.empty[s], parity_of(k) ^ 1);
      mbarrier_arrive_expect_tx(ring.full[s], Fixed ? tile_bytes : tile_bytes / 2);
      cp_async_bulk(ring.slot[s], tile, tile_bytes / 2, ring.full[s]);
      cp_async_bulk(ring.slot[s] + part, tile + part, tile_bytes / 2, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "two operands are copied, and the bytes of one are announced",
               .finding = "bytes-mismatch or overwrite-while-read or read-in-flight",
               .pitfall = 4},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
