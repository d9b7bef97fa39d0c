#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "gpu/platform.h"

namespace bench {

/// The program's main: options of Google Benchmark, and in every result file what it was measured on. On the emulator
/// it prints counts and no times.
/// Returns the exit code: 77 if no GPU can run a chapter of this compute capability, 1 if a benchmark called fail().
int run(int argc, char** argv, int compute_capability);

/// Times `launch(i)`, i = 0, 1, 2, ..., as the benchmark's iterations, by CUDA events: after a warm-up, so many
/// launches between two events that they take a millisecond, and a launch's share of it as the iteration's time. `i`
/// lets the caller rotate its inputs. On the emulator each iteration is one launch without a time.
void time_launches(benchmark::State& state, const std::function<void(int64_t i)>& launch);

#if !GPU_IS_REAL
/// Puts what the emulator has counted in its last run into the benchmark's counters.
void report_counts(benchmark::State& state);
#endif

/// Ends a benchmark without a result: what it measured is wrong.
void fail(benchmark::State& state, const std::string& message);

}  // namespace bench
