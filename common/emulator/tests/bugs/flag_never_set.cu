// Each side tells the other how far it is, and waits for the other's number. The reader announces the tile that it
// works on instead of those that it is done with: the loader waits for one more, and both poll for ever.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  int slot[tile_ints];
  int ready, consumed;  // tiles that have been written, and read
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) shared.ready = shared.consumed = 0;
  __syncthreads();
  for (int k = 0; k < tiles; ++k) {
    if (is_consumer()) {
      while (load_acquire(&shared.ready) <= k) continue;
      output[k * tile_ints + lane()] = shared.slot[lane()];
      __syncwarp();
      if (lane() == 0) store_release(&shared.consumed, Fixed ? k + 1 : k);
    } else {
      while (load_acquire(&shared.consumed) < k) continue;
      shared.slot[lane()] = input[k * tile_ints + lane()];
      __syncwarp();
      if (lane() == 0) store_release(&shared.ready, k + 1);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "two warps poll flags, and each waits for the other's", .finding = "livelock", .pitfall = 32},
              start<kernel<false>, Storage>,
              start<kernel<true>, Storage>};

}  // namespace
