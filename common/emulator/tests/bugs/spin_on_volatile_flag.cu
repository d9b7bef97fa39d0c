// `volatile` makes the compiler read and write every time, and that is all. It does not order the tile before the flag:
// the reader may see the new flag and the old tile.

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
      if constexpr (Fixed) {
        while (load_acquire(&shared.ready) <= k) continue;
      } else {
        while (*static_cast<volatile int*>(&shared.ready) <= k) continue;
      }
      output[k * tile_ints + lane()] = shared.slot[k][lane()];
    } else {
      shared.slot[k][lane()] = input[k * tile_ints + lane()];
      __syncwarp();
      if (lane() == 0) {
        if constexpr (Fixed) {
          store_release(&shared.ready, k + 1);
        } else {
          *static_cast<volatile int*>(&shared.ready) = k + 1;
        }
      }
    }
  }
}

const Bug bug{
    TUTORIAL_VARIANT,
    {.mistake = "a volatile int is used as a flag between warps", .finding = "volatile-orders-nothing", .pitfall = 32},
    start<kernel<false>, Storage>,
    start<kernel<true>, Storage>};

}  // namespace
