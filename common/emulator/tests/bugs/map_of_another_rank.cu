// The host describes a plain row of numbers, the kernel copies from a matrix. The instruction's rank and the map's rank
// must agree, and nothing but the hardware would notice.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const __grid_constant__ TensorMap map) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) {
      const int s = slot_of(k);
      mbarrier_wait_parity(ring.empty[s], parity_of(k) ^ 1);
      mbarrier_arrive_expect_tx(ring.full[s], tile_bytes);
      cp_async_bulk_tensor_2d(ring.slot[s], map, 0, k, ring.full[s]);
    }
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

template <bool Fixed>
void start_with_map(int* output, int* input) {
  const TensorMap row = make_tensor_map(input, {tiles * tile_ints}, {tile_ints});
  const TensorMap matrix = make_tensor_map(input, {tile_ints, tiles}, {tile_ints, 1});
  launch(kernel<Fixed>, {1, ring_threads, sizeof(Ring)}, output, Fixed ? matrix : row);
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a two-dimensional copy is given a map of a one-dimensional tensor",
               .finding = "bad-tensor-map",
               .pitfall = 34},
              start_with_map<false>,
              start_with_map<true>};

}  // namespace
