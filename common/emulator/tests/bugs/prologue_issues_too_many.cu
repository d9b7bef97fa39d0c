// The prologue fills the ring without waiting, which is right for as many tiles as there are slots. Written with <= it
// asks for one more, into a slot whose tile nobody has read yet.

#include "emulator/tests/bugs/bug.h"

namespace {
using namespace bugs;

template <bool Fixed>
__global__ void kernel(int* output, const int* input) {
  auto& ring = shared_storage<Ring>();
  prepare(ring);
  if (is_producer()) {
    int k = 0;
    for (; Fixed ? k < stages : k <= stages; ++k) request(ring, k, input);
    for (; k < tiles; ++k) produce(ring, k, input);
  } else if (is_consumer()) {
    for (int k = 0; k < tiles; ++k) consume(ring, k, output);
  }
}

const Bug bug{TUTORIAL_VARIANT,
              {.mistake = "the prologue asks for one tile more than there are slots",
               .finding = "write-in-flight or too-many-arrivals or phase-not-observed"},
              start<kernel<false>>,
              start<kernel<true>>};

}  // namespace
