// The consumers read the slot with ordinary loads, and the copy that refills it is made by another unit, the
// asynchronous proxy. An arrival at `empty` orders ordinary accesses; a fence must carry that over to the proxy.
// Without it the refill may overtake the reads: rarely, and hardly in a small test.

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
      use(ring, k, output);
      if constexpr (Fixed) fence_proxy_async();
      mbarrier_arrive(ring.empty[slot_of(k)]);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "no `fence_proxy_async()` between reading a slot and handing it back",
               .finding = "unfenced-read",
               .pitfall = 7},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
