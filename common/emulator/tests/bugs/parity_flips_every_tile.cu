// The parity flips whenever the ring has gone round, not with every tile. With a single slot both are the same, and
// this code was written for a single slot. On a fresh barrier parity 1 counts as complete, so already the second tile
// is not waited for.

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
      mbarrier_wait_parity(ring.full[slot_of(k)], Fixed ? parity_of(k) : k & 1);
      use(ring, k, output);
      release(ring, k);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the parity flips with every tile instead of every lap",
               .finding = "overwrite-while-read or read-in-flight or deadlock or phase-not-observed",
               .pitfall = 1},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
