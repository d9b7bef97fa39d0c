// One barrier for each tile, and none is ever used again: phases need not be counted then. The fifth tile was added
// later, and the fifth barrier is not there: what lies behind the array was never initialised.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
struct Storage {
  static constexpr int barriers = Fixed ? tiles : tiles - 1;
  alignas(128) int slot[tiles][tile_ints];
  Mbarrier full[barriers];
  int unused[2];
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage<Fixed>>();
  Mbarrier* const full = shared.full;
  if (threadIdx.x == 0) {
    for (int i = 0; i < shared.barriers; ++i) mbarrier_init(full[i], 1);
    fence_mbarrier_init();
  }
  __syncthreads();
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_arrive_expect_tx(full[k], tile_bytes);
      cp_async_bulk(shared.slot[k], input + k * tile_ints, tile_bytes, full[k]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(full[k], 0);
      output[k * tile_ints + lane()] = shared.slot[k][lane()];
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the barrier behind the last one of an array is used", .finding = "barrier-not-initialized"},
              start<kernel<false>, Storage<false>>,
              start<kernel<true>, Storage<true>>};

}  // namespace
