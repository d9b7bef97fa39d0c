// One warp writes scores, the other reads them: that is where a barrier stands in the unfused version. It was dropped
// when the two steps were fused into one loop, and the results were still "close enough" for a loose tolerance.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  int scores[tile_ints];
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  const int warp = static_cast<int>(threadIdx.x / 32);
  for (int k = 0; k < tiles; ++k) {
    if (warp == k % 2) shared.scores[lane()] = input[k * tile_ints + lane()];
    if constexpr (Fixed) __syncthreads();
    if (warp != k % 2) output[k * tile_ints + lane()] = shared.scores[lane()];
    __syncthreads();
  }
}

const Bug bug{
    TUTORIAL_VARIANT,
    {.mistake = "no `__syncthreads()` between writing scores and reading another warp's", .finding = "data-race"},
    start<kernel<false>, Storage>,
    start<kernel<true>, Storage>};

}  // namespace
