// Both roles begin with parity 0, which looks symmetric. But nobody has ever filled the slots, so nobody will empty
// them: the first wait of the producer must be for the phase before the first, whose parity is 1.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(ring.empty[slot_of(k)], Fixed ? parity_of(k) ^ 1 : parity_of(k));
      request(ring, k, input);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{
    TUTORIAL_VARIANT,
    {.mistake = "the producer waits for parity 0 of `empty` in the first lap", .finding = "deadlock", .pitfall = 13},
    start<kernel<false>>,
    start<kernel<true>>};

}  // namespace
