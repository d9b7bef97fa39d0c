// Elements are counted, or elements of another type, and not bytes. The 128 bytes that land are more than the 64 that
// were announced, and the count of outstanding bytes never comes to 0.

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
      mbarrier_arrive_expect_tx(ring.full[s], tile_ints * (Fixed ? sizeof(int) : sizeof(half)));
      cp_async_bulk(ring.slot[s], input + k * tile_ints, tile_bytes, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "64 bytes are announced, and 128 land", .finding = "bytes-mismatch", .pitfall = 4},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
