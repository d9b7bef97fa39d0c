// A plain int is written by one warp and read by another in a loop, in the hope that it will be seen. The compiler may
// read it once and loop for ever; and where it reads it again, the two race for the flag, and for the tile behind it.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  int slot[tiles][tile_ints];
  int ready;  // tiles that have been written
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) shared.ready = 0;
  __syncthreads();
  for (int k = 0; k < tiles; ++k) {
    if (is_consumer()) {
      while (__any_sync(0xffffffff, (Fixed ? load_acquire(&shared.ready) : shared.ready) <= k)) continue;
      output[k * tile_ints + lane()] = shared.slot[k][lane()];
    } else {
      shared.slot[k][lane()] = input[k * tile_ints + lane()];
      __syncwarp();
      if (lane() == 0) {
        if constexpr (Fixed) {
          store_release(&shared.ready, k + 1);
        } else {
          shared.ready = k + 1;
        }
      }
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a plain int is used as a flag between warps", .finding = "data-race", .pitfall = 32},
              start<kernel<false>, Storage>,
              start<kernel<true>, Storage>};

}  // namespace
