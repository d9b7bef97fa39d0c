// The slots are cleared with ordinary stores before the first copy, so that the padding is zero. Those stores and the
// copy go different ways into shared memory: __syncthreads() orders the threads, and only a fence orders the two ways.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  if (is_consumer()) {
    for (int s = 0; s < stages; ++s) ring.slot[s][lane()] = 0;
    if constexpr (Fixed) fence_proxy_async();
  }
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "no `fence_proxy_async()` between clearing a slot and the copy that fills it",
               .finding = "unfenced-store",
               .pitfall = 6},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
