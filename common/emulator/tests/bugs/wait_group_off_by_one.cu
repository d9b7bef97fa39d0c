// wait_group<N> waits until at most N groups are still on their way. Two slots suggest a 2; but of the two groups that
// have been committed here the older one must be complete.

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
    cp_async_wait_group<Fixed ? 1 : 2>();
    __syncthreads();
    use(slots, k, output);
    __syncthreads();
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "`wait_group<2>` with two groups on their way", .finding = "read-in-flight", .pitfall = 16},
              start<kernel<false>, Slots>,
              start<kernel<true>, Slots>};

}  // namespace
