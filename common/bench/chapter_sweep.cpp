// chNN_sweep: one kernel in all its configurations.

#include "bench/bench.h"
#include "bench/chapter.h"

const double bench::boxes_a_point = TUTORIAL_BOXES_A_POINT;

int main(int argc, char** argv) {
  const auto kept = bench::register_sweep();
  return bench::run(argc, argv, TUTORIAL_COMPUTE_CAPABILITY);
}
