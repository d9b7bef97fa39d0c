// The loader hands over a tile and goes on to the next one at once, as with a queue. A named barrier is none: it counts
// arrivals, and the loader's second arrival is taken for the reader's.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  int slot[tiles][tile_ints];
};
constexpr int filled = 1, taken = 2;  // barrier ids

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  for (int k = 0; k < tiles; ++k) {
    if (is_consumer()) {
      barrier_sync(filled, 64);
      output[k * tile_ints + lane()] = shared.slot[k][lane()];
      if constexpr (Fixed) barrier_arrive(taken, 64);
    } else {
      shared.slot[k][lane()] = input[k * tile_ints + lane()];
      barrier_arrive(filled, 64);
      if constexpr (Fixed) barrier_sync(taken, 64);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a warp arrives at a named barrier again before the barrier was complete",
               .finding = "named-barrier-misuse",
               .pitfall = 28},
              start<kernel<false>, Storage>,
              start<kernel<true>, Storage>};

}  // namespace
