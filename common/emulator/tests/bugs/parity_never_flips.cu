// People take a barrier for a flag that is set once the tile is there. In the first lap of the ring that works, and so
// does a test with no more tiles than slots. From the second lap on phase 0 has been complete for long: the wait
// returns at once.

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
      mbarrier_wait_parity(ring.full[slot_of(k)], Fixed ? parity_of(k) : 0);
      use(ring, k, output);
      release(ring, k);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the consumer waits for parity 0 every time",
               .finding = "phase-not-observed or deadlock or read-in-flight or overwrite-while-read or phase-lapped",
               .pitfall = 1},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
