// One arrival per warp is enough, behind a __syncwarp(), and cheaper than 32. Whoever changes that has to change the
// count as well, which stands in another function. As it is, the first phase of `empty` never ends.

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
      fence_proxy_async();
      __syncwarp();
      if (lane() == 0) mbarrier_arrive(ring.empty[slot_of(k)], Fixed ? 32 : 1);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`empty` is initialised for 32 arrivals, and only one lane arrives",
               .finding = "deadlock",
               .pitfall = 3},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
