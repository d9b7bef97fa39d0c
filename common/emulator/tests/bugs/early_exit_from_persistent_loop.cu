// Each warp takes every second tile, and leaves when there is none left for it. With an even number of tiles all leave
// together; with five, warp 1 is gone while warp 0 still waits for it in the barrier. Small batches divide evenly, the
// large one did not.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  int slot[2][tile_ints];  // [warp]
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  const int warp = static_cast<int>(threadIdx.x / 32), other = 1 - warp;
  for (int first = 0; first < tiles; first += 2) {
    if (!Fixed && first + warp >= tiles) return;
    if (first + warp < tiles) shared.slot[warp][lane()] = input[(first + warp) * tile_ints + lane()];
    __syncthreads();
    if (first + other < tiles) output[(first + other) * tile_ints + lane()] = shared.slot[other][lane()];
    __syncthreads();
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a warp without work returns from a loop with barriers that the others still execute",
               .finding = "divergent-barrier",
               .pitfall = 5},
              start<kernel<false>, Storage>,
              start<kernel<true>, Storage>};

}  // namespace
