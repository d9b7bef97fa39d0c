#pragma once

// What the measuring programs of the chapters on deformable attention share: inputs, bounds, and a measurement that is
// checked before and after.

#include <deque>
#include <set>
#include <span>
#include <string>

#include "bench/bench.h"
#include "workloads/deformable_attention/runner.h"

namespace deformable_attention {

/// A shape to measure.
struct NamedShape {
  const char* name;
  Shape (*shape)();
  Sampling sampling;
};

/// One set of inputs, on the host and on the device, with its judge.
struct InputSet {
  InputSet(const NamedShape& named, uint64_t seed);
  Inputs inputs;
  OutputJudge judge;
  DeviceProblem device;
};

/// A shape with its input sets: made when they are first needed, shared by all kernels, and so many that a kernel finds
/// none of a set's data in the L2 cache when its turn comes again.
struct Workload {
  NamedShape named;
  std::deque<InputSet> sets = {};
  std::set<std::string> checked = {};  // the kernels that have been checked, on all sets, before their first repetition
  std::size_t repetitions = 0;         // of all kernels: which set is checked after the next one

  void make_sets();
};

/// The shapes that the tables show: `field` and `detr` on a GPU, `quick` on the emulator.
std::span<const NamedShape> measured_shapes();

/// Timed launches of one repetition.
inline constexpr int iterations = GPU_IS_REAL ? 20 : 1;

/// Times `launch`, which is called `name`, on a workload, and judges its output on all sets before the first repetition
/// and on one after each. Counts what the tables show: bounds and resources on a GPU, what the emulator counts on it. A
/// wrong output ends the benchmark with the judge's words.
void measure(benchmark::State& state, const std::string& name, LaunchFunction launch, Workload& workload);

}  // namespace deformable_attention
