// One barrier per slot, on which producer and consumers "meet". But they do not meet: the consumers arrive only when
// they are done with the tile, and they cannot begin before the phase is complete, for which their own arrivals are
// missing.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  Mbarrier* const full = ring.full;
  Mbarrier* const empty = Fixed ? ring.empty : ring.full;
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; ++s) {
      mbarrier_init(full[s], Fixed ? 1 : 1 + 32);
      if constexpr (Fixed) mbarrier_init(empty[s], 32);
    }
    fence_mbarrier_init();
  }
  __syncthreads();
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(empty[slot_of(k)], parity_of(k) ^ 1);
      request(ring, k, input);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(full[slot_of(k)], parity_of(k));
      use(ring, k, output);
      fence_proxy_async();
      mbarrier_arrive(empty[slot_of(k)]);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "producer and consumers arrive at, and wait for, one barrier per slot",
               .finding = "deadlock",
               .pitfall = 15},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
