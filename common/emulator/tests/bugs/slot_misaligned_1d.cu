// The slots stand behind a header of 8 bytes, as in the file that they come from. Bulk copies need both addresses at a
// multiple of 16; the compiler cannot know.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
struct Storage {
  alignas(16) int header[Fixed ? 4 : 2];
  int slot[tile_ints];
  Mbarrier full;
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage<Fixed>>();
  if (threadIdx.x == 0) {
    mbarrier_init(shared.full, 1);
    fence_mbarrier_init();
  }
  __syncthreads();
  for (int k = 0; k < tiles; ++k) {
    if (is_producer()) {
      mbarrier_arrive_expect_tx(shared.full, tile_bytes);
      cp_async_bulk(shared.slot, input + k * tile_ints, tile_bytes, shared.full);
    }
    mbarrier_wait_parity(shared.full, k & 1);
    if (is_consumer()) output[k * tile_ints + lane()] = shared.slot[lane()];
    fence_proxy_async();
    __syncthreads();
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the slot of a bulk copy lies 8 bytes past a multiple of 16",
               .finding = "misaligned-copy",
               .pitfall = 8},
              start<kernel<false>, Storage<false>>,
              start<kernel<true>, Storage<true>>};

}  // namespace
