// try_wait waits "for a while", and usually that is enough. It may also give up, and then it says so by returning
// false.

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
      Mbarrier& full = ring.full[slot_of(k)];
      while (!mbarrier_try_wait_parity(full, parity_of(k)) && Fixed) continue;
      use(ring, k, output);
      release(ring, k);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`try_wait` is called once, and its `false` is taken for done",
               .finding = "overwrite-while-read or phase-not-observed or read-in-flight",
               .pitfall = 40},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
