// The barrier before reading is remembered, the one after it is not: nothing seems to be missing, because it orders no
// data that anybody needs. It keeps the next copy away from a slot that a slower warp still reads.

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
    __syncthreads();
    use(slots, k, output);
    if constexpr (Fixed) __syncthreads();
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "no `__syncthreads()` between reading a slot and refilling it",
               .finding = "overwrite-while-read or read-in-flight",
               .pitfall = 18},
              start<kernel<false>, Slots>,
              start<kernel<true>, Slots>};

}  // namespace
