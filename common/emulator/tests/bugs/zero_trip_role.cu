// The work comes in pieces of two, none and three tiles. The producer's loop does nothing for the empty piece; the
// consumer's was written as a do-while, because "there is always a first tile".

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

GPU_FUNCTION int trips(int piece) { return piece == 1 ? 0 : 2 + piece / 2; }  // 2, 0, 3

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  int k = 0;
  for (int piece = 0; piece < 3; ++piece) {
    if (is_producer()) {
      for (int trip = 0; trip < trips(piece); ++trip) produce(ring, k++, input);
    } else if (is_consumer()) {
      int trip = 0;
      if (Fixed && trips(piece) == 0) continue;
      do {
        consume(ring, k++, output);
      } while (++trip < trips(piece));
    }
  }
}

const Bug bug{
    TUTORIAL_VARIANT,
    {.mistake = "the consumer waits for a tile of a piece of work that has none", .finding = "deadlock", .pitfall = 30},
    start<kernel<false>>,
    start<kernel<true>>};

}  // namespace
