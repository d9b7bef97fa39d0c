// Each side counts whom it knows: the loader two warps, the reader also the third one, which was part of it in an
// earlier version. The number belongs to the barrier, and all who use it must give the same.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  int slot[tiles][tile_ints];
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  const int warp = static_cast<int>(threadIdx.x / 32);
  if (warp == 0) {
    for (int k = 0; k < tiles; ++k) shared.slot[k][lane()] = input[k * tile_ints + lane()];
    barrier_arrive(1, 64);
  } else if (warp == 1) {
    barrier_sync(1, Fixed ? 64 : 96);
    for (int k = 0; k < tiles; ++k) output[k * tile_ints + lane()] = shared.slot[k][lane()];
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "one side gives a named barrier 64 threads, the other 96",
               .finding = "named-barrier-misuse",
               .pitfall = 29},
              start<kernel<false>, Storage, 96>,
              start<kernel<true>, Storage, 96>};

}  // namespace
