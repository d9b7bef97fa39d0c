// A persistent block works on one output tile after the other, and each is a loop over k that begins with 0. The
// barriers know nothing of that: their phases go on. It works as long as every loop has a multiple of 2 * stages trips.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  constexpr int trips = 3;  // of the loop over k
  for (int first = 0; first < tiles; first += trips) {
    for (int k = first; k < tiles && k < first + trips; ++k) {
      const int step = Fixed ? k : k - first;
      const int s = slot_of(step);
      if (is_producer()) {
        mbarrier_wait_parity(ring.empty[s], parity_of(step) ^ 1);
        mbarrier_arrive_expect_tx(ring.full[s], tile_bytes);
        cp_async_bulk(ring.slot[s], input + k * tile_ints, tile_bytes, ring.full[s]);
      } else if (is_consumer()) {
        mbarrier_wait_parity(ring.full[s], parity_of(step));
        output[k * tile_ints + lane()] = ring.slot[s][lane()];
        fence_proxy_async();
        mbarrier_arrive(ring.empty[s]);
      }
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "slot and parity are counted from 0 again in each output tile of a persistent block",
               .finding = "phase-not-observed",
               .pitfall = 2},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
