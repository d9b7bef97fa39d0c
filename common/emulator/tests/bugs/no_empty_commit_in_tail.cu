// The last trip has nothing to fetch, and so it commits nothing. But wait_group<1> counts groups: the most recent one
// is now the last tile's own, and that one may still be on its way. An empty group costs nothing and keeps the count.

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
    if (Fixed || k + 1 < tiles) cp_async_commit_group();
    cp_async_wait_group<1>();
    __syncthreads();
    use(slots, k, output);
    __syncthreads();
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "no empty group is committed when nothing is left to fetch",
               .finding = "read-in-flight",
               .pitfall = 16},
              start<kernel<false>, Slots>,
              start<kernel<true>, Slots>};

}  // namespace
