// There is a wait and there is a barrier, in the wrong order: the barrier says that all threads have come here, and
// nothing about copies that they wait for afterwards.

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
    if constexpr (!Fixed) __syncthreads();
    cp_async_wait_group<1>();
    if constexpr (Fixed) __syncthreads();
    use(slots, k, output);
    __syncthreads();
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`__syncthreads()` before `wait_group` instead of after it",
               .finding = "read-in-flight or visible-to-issuer-only",
               .pitfall = 17},
              start<kernel<false>, Slots>,
              start<kernel<true>, Slots>};

}  // namespace
