// The producer is always one tile ahead, in the last trip too. Nobody waits for that tile, and the block may end, and
// its shared memory belong to another block, when it lands.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < (Fixed ? tiles : tiles + 1); ++k) {
      const int s = slot_of(k);
      mbarrier_wait_parity(ring.empty[s], parity_of(k) ^ 1);
      mbarrier_arrive_expect_tx(ring.full[s], tile_bytes);
      cp_async_bulk(ring.slot[s], input + k % tiles * tile_ints, tile_bytes, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a tile is asked for that nobody waits for", .finding = "exit-with-copy-in-flight"},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
