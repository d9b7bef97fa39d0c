// One announcement for the whole tensor, 1 MiB, instead of one for each tile. A phase counts at most 2^20 - 1 bytes:
// one less.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    constexpr uint32_t tensor_bytes = 1 << 20;
    for (int k = 0; k < tiles; ++k) {
      const int s = slot_of(k);
      mbarrier_wait_parity(ring.empty[s], parity_of(k) ^ 1);
      mbarrier_arrive_expect_tx(ring.full[s], Fixed ? tile_bytes : tensor_bytes);
      cp_async_bulk(ring.slot[s], input + k * tile_ints, tile_bytes, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "1 MiB is announced to one phase", .finding = "bad-count", .pitfall = 41},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
