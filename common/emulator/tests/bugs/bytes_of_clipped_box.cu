// The last box hangs over the edge of the tensor: two rows are asked for, and one is there. The other one arrives as
// zeros, and zeros count as bytes: a copy always reports the full box.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

constexpr int box_rows = 2;
constexpr int boxes = (tiles + box_rows - 1) / box_rows;

struct Storage {
  alignas(128) int box[boxes][box_rows][tile_ints];
  Mbarrier full[boxes];
};

template <bool Fixed>
__global__ void kernel(int* output, const __grid_constant__ TensorMap map) {
  auto& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) {
    for (int b = 0; b < boxes; ++b) mbarrier_init(shared.full[b], 1);
    fence_mbarrier_init();
  }
  __syncthreads();
  for (int b = 0; b < boxes; ++b) {
    const int rows_inside = tiles - b * box_rows < box_rows ? tiles - b * box_rows : box_rows;
    if (is_producer()) {
      mbarrier_arrive_expect_tx(shared.full[b], (Fixed ? box_rows : rows_inside) * tile_bytes);
      cp_async_bulk_tensor_2d(shared.box[b], map, 0, b * box_rows, shared.full[b]);
    } else if (is_consumer()) {
      mbarrier_wait_parity(shared.full[b], 0);
      for (int row = 0; row < rows_inside; ++row) {
        output[(b * box_rows + row) * tile_ints + lane()] = shared.box[b][row][lane()];
      }
    }
  }
}

template <bool Fixed>
void start_with_map(int* output, int* input) {
  launch(kernel<Fixed>, {1, ring_threads, sizeof(Storage)}, output,
         make_tensor_map(input, {tile_ints, tiles}, {tile_ints, box_rows}));
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "only the part of a box that lies inside the tensor is announced",
               .finding = "bytes-mismatch",
               .pitfall = 4},
              start_with_map<false>,
              start_with_map<true>};

}  // namespace
