// A thread that has waited for its groups sees its own copies. The others' copies are none of its business, and it
// reads just those. The barrier after the wait makes them everybody's.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& slots = shared_storage<Slots>();
  fetch(slots, 0, input);
  cp_async_commit_group();
  for (int k = 0; k < tiles; ++k) {
    fetch(slots, k + 1, input);
    cp_async_commit_group();
    cp_async_wait_group<1>();
    if constexpr (Fixed) __syncthreads();
    use(slots, k, output);
    __syncthreads();
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "no `__syncthreads()` after `wait_group`",
               .finding = "read-in-flight or overwrite-while-read or visible-to-issuer-only",
               .pitfall = 17},
              start<kernel<false>, Slots>,
              start<kernel<true>, Slots>};

}  // namespace
