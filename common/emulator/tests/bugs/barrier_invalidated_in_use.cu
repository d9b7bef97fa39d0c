// The thread that made the barriers also ends them, when it is done. The others are not done: they still wait for the
// last tiles.

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
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
  if constexpr (Fixed) __syncthreads();
  if (is_producer()) {
    for (int s = 0; s < stages; ++s) mbarrier_inval(ring.full[s]);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a barrier is invalidated while others wait for it",
               .finding = "invalidated-in-use or barrier-not-initialized"},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
