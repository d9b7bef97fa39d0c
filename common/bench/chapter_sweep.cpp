// chNN_sweep: one kernel in all its configurations.

#include "bench/bench.h"
#include "bench/chapter.h"

int main(int argc, char** argv) {
  const auto kept = bench::register_sweep(TUTORIAL_BOXES_A_POINT);
  return bench::run(argc, argv, TUTORIAL_COMPUTE_CAPABILITY);
}
