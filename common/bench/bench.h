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

/// Registers a benchmark that calls time_launches: of one iteration, which is one measurement, and whose time it states
/// itself.
void register_launches(const std::string& name, benchmark::TimeUnit unit,
                       const std::function<void(benchmark::State& state)>& body);

/// Times `launch(i)`, i = 0, 1, 2, ..., as the benchmark's iterations. `i` lets the caller rotate its inputs.
///
/// The host needs some 5 microseconds for a launch: launched one by one, shorter kernels would wait for it, and the
/// measured time would be the host's. So the launches of one measurement, so many that they take 20 milliseconds, are
/// recorded as a CUDA graph, and the GPU starts each when the one before has ended. A launch's share of the time
/// between an event before the graph and one behind it is the iteration's time; it includes the gap between two
/// kernels, of about a microsecond. The graph runs twice, and the second run is timed: then nothing waits for the host,
/// and the clock is up. A kernel of more than 20 milliseconds needs neither. `launch` may only launch, once it has been
/// called for the first time: while launches are recorded, no work that is not recorded can be given to the GPU.
///
/// On the emulator each iteration is one launch without a time.
void time_launches(benchmark::State& state, const std::function<void(int64_t i)>& launch);

/// Puts what is known of the kernel that was launched last into the benchmark's counters: on a GPU its registers,
/// shared memory and resident blocks, on the emulator what it has counted.
void report_kernel(benchmark::State& state);

/// Ends a benchmark without a result: what it measured is wrong.
void fail(benchmark::State& state, const std::string& message);

}  // namespace bench
