// 16 bytes are enough for one-dimensional bulk copies, and they were enough until the copy was replaced by a tensor
// copy: that one needs its destination at a multiple of 128.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
struct Storage {
  Mbarrier full;
  alignas(Fixed ? 128 : 16) int slot[tiles][tile_ints];
};

template <bool Fixed>
__global__ void kernel(int* output, const __grid_constant__ TensorMap map) {
  auto& shared = shared_storage<Storage<Fixed>>();
  if (threadIdx.x == 0) {
    mbarrier_init(shared.full, 1);
    fence_mbarrier_init();
    mbarrier_arrive_expect_tx(shared.full, tiles * tile_bytes);
    for (int k = 0; k < tiles; ++k) cp_async_bulk_tensor_1d(shared.slot[k], map, k * tile_ints, shared.full);
  }
  __syncthreads();
  if (!is_consumer()) return;
  mbarrier_wait_parity(shared.full, 0);
  for (int k = 0; k < tiles; ++k) output[k * tile_ints + lane()] = shared.slot[k][lane()];
}

template <bool Fixed>
void start_with_map(int* output, int* input) {
  launch(kernel<Fixed>, {1, ring_threads, sizeof(Storage<Fixed>)}, output,
         make_tensor_map(input, {tiles * tile_ints}, {tile_ints}));
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the destination of a tensor copy is aligned to 16 bytes instead of 128",
               .finding = "misaligned-copy",
               .pitfall = 8},
              start_with_map<false>,
              start_with_map<true>};

}  // namespace
