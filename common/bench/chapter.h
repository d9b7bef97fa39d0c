#pragma once

#include <memory>

namespace bench {

/// What a workload gives to the measuring programs of its chapters: registers the benchmarks of chNN_bench, which
/// compares kernels, and of chNN_sweep, which runs one kernel's configurations (see bench/measure.h). Both return what
/// the benchmarks work on: keep it until they have run.
std::shared_ptr<void> register_chapter();
std::shared_ptr<void> register_sweep();

/// What the program states of its chapter, for the workload whose bounds need it: how many boxes the kernel asks of the
/// TMA unit for each point that it samples. 0 where it asks for none.
extern const double boxes_a_point;

}  // namespace bench
