// The consumers peek at the first tile before their loop, which may save a wait. The peek was moved up, "to hide its
// latency", past the __syncthreads() that makes the barriers known.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  bool is_there = false;
  if (!Fixed && is_consumer()) is_there = mbarrier_test_wait_parity(ring.full[0], 0);
  prepare(ring);
  if (Fixed && is_consumer()) is_there = mbarrier_test_wait_parity(ring.full[0], 0);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) {
      if (!is_there) mbarrier_wait_parity(ring.full[slot_of(k)], parity_of(k));
      is_there = false;
      use(ring, k, output);
      release(ring, k);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a barrier is asked for its phase before it is initialised",
               .finding = "barrier-not-initialized",
               .pitfall = 11},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
