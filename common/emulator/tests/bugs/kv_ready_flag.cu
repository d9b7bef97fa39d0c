// The loader's warps copy K and V with cp.async, wait for their groups, and set a volatile flag; the others spin on it.
// The flag is seen, and orders nothing: a thread that has waited for its groups sees its own copies, the readers have
// waited for none.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  alignas(16) int slot[tiles][tile_ints];
  int ready;  // tiles that have arrived
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
      if (lane() < 8) cp_async<16>(&shared.slot[k][4 * lane()], input + k * tile_ints + 4 * lane());
      cp_async_wait_all();
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

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "a volatile flag announces what `cp.async` has brought",
               .finding = "visible-to-issuer-only",
               .pitfall = 32},
              start<kernel<false>, Storage>,
              start<kernel<true>, Storage>};

}  // namespace
