// chNN_bench and chNN_compare: all kernels of the program on the same inputs.

#include "bench/bench.h"
#include "bench/chapter.h"

int main(int argc, char** argv) {
  const auto kept = bench::register_chapter(TUTORIAL_BOXES_A_POINT);
  return bench::run(argc, argv, TUTORIAL_COMPUTE_CAPABILITY);
}
