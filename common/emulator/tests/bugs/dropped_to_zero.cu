// "Arrive and drop" sounds as if it let the phase go. It means: I leave, and all later phases do without me. After 32
// lanes have said so in the first lap, phases with no arrival at all would remain.

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
      if constexpr (Fixed) {
        mbarrier_arrive(ring.empty[slot_of(k)]);
      } else {
        mbarrier_arrive_drop(ring.empty[slot_of(k)]);
      }
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`arrive_drop` is used to advance the phase", .finding = "dropped-to-zero", .pitfall = 31},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
