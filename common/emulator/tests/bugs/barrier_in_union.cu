// Shared memory is scarce, so scratch space and barriers share it: "the barriers are not needed in between". They are:
// a barrier lives from its init to its inval, and all that time its bytes belong to nobody else.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

struct Storage {
  Ring ring;
  int scratch[tile_ints];
};

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& shared = shared_storage<Storage>();
  auto& ring = shared.ring;
  int* const scratch = Fixed ? shared.scratch : reinterpret_cast<int*>(ring.full);  // as in a union of the two
  prepare(ring);
  if (is_producer()) {
    for (int k = 0; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) {
      mbarrier_wait_parity(ring.full[slot_of(k)], parity_of(k));
      scratch[lane()] = ring.slot[slot_of(k)][lane()];
      __syncwarp();
      output[k * tile_ints + 31 - lane()] = scratch[31 - lane()];
      __syncwarp();
      release(ring, k);
    }
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "scratch space and barriers share a union", .finding = "barrier-overwritten", .pitfall = 37},
              start<kernel<false>, Storage>,
              start<kernel<true>, Storage>};

}  // namespace
