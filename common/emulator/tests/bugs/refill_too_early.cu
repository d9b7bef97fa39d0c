// Two slots, so two tiles ahead: but the tile that is being read needs a slot as well. With S slots one can be S - 1
// tiles ahead.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& slots = shared_storage<Slots>();
  constexpr int ahead = Fixed ? stages - 1 : stages;
  for (int k = 0; k < ahead; ++k) {
    fetch(slots, k, input);
    cp_async_commit_group();
  }
  for (int k = 0; k < tiles; ++k) {
    fetch(slots, k + ahead, input);
    cp_async_commit_group();
    cp_async_wait_group<ahead>();
    __syncthreads();
    use(slots, k, output);
    __syncthreads();
  }
}

const Bug bug{
    TUTORIAL_VARIANT,
    {.mistake = "tiles are fetched as many ahead as there are slots", .finding = "write-in-flight", .pitfall = 18},
    start<kernel<false>, Slots>,
    start<kernel<true>, Slots>};

}  // namespace
