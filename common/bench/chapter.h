#pragma once

#include <memory>

namespace bench {

/// What a workload gives to the measuring programs of its chapters: registers the benchmarks of chNN_bench, which
/// compares kernels, and of chNN_sweep, which runs one kernel's configurations (see bench/measure.h). Both return what
/// the benchmarks work on: keep it until they have run. `boxes_a_point`: how many boxes the chapter's kernel asks of the
/// TMA unit for each point that it samples, which sets a bound of its own; 0 where it asks for none.
std::shared_ptr<void> register_chapter(double boxes_a_point);
std::shared_ptr<void> register_sweep(double boxes_a_point);

}  // namespace bench
