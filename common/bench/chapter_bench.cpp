// chNN_bench and chNN_compare: all kernels of the program on the same inputs.

#include "bench/bench.h"
#include "bench/chapter.h"

const double bench::boxes_a_point = TUTORIAL_BOXES_A_POINT;

int main(int argc, char** argv) {
  const auto kept = bench::register_chapter();
  return bench::run(argc, argv, TUTORIAL_COMPUTE_CAPABILITY);
}
