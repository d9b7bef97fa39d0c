// After the first lap the barrier is taken to be "used up", and is initialised again, as one would reset a flag. That
// throws away the phase that the consumers count on, and what is in flight reports to a barrier that has forgotten it.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(ring.empty[slot_of(k)], parity_of(k) ^ 1);
      if (!Fixed && k >= stages) mbarrier_init(ring.full[slot_of(k)], 1);
      request(ring, k, input);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{
    TUTORIAL_VARIANT,
    {.mistake = "a barrier in use is initialised again to reset it", .finding = "init-on-live-barrier", .pitfall = 12},
    start<kernel<false>>,
    start<kernel<true>>};

}  // namespace
