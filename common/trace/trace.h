#pragma once

// A launch as a list of events: what chNN_trace writes for `./lab trace`. The emulator records them in ticks of its
// clock, a GPU in nanoseconds.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trace {

/// What a thread, or the lanes of a warp together, did; or a copy, or an mbarrier. Times count from the launch.
struct Event {
  std::string kind;             // "wait", "request", "arrival", "completion", "exit"; on a GPU also "init"
  int block = 0;                // in the grid
  int thread = -1;              // in the block: the first of the lanes; -1: nobody's doing
  int lanes = 1;                // that did it together
  uint64_t begin = 0;           //
  std::optional<uint64_t> end;  // of a wait: it went on; of a request: the copy landed. Nothing: never, or not known
  std::string object;           // "full[1]", "cp.async", "__syncthreads()", "barrier_sync()"; "": an mbarrier of a GPU
  int64_t place = -1;           // of an mbarrier, in bytes of the block's shared memory
  int64_t phase = 0;            // of an mbarrier, on a GPU its parity; of cp.async the group, counted in each thread
  uint64_t bytes = 0;           // of a copy, each lane
  int line = 0;                 // of the kernel file
};

/// A launch.
struct Run {
  std::string configuration;  // "" if the kernel has one only
  std::string wrong;          // what the emulator, the GPU or the judge said; "" if nothing
  std::vector<Event> events;
};

/// What was run, and where.
struct Setting {
  std::string shape;         // in words
  uint64_t copy_ticks = 0;   // emulator: from a copy's request to its landing
};

/// What a workload states for its chapters: how their kernels are traced.
Setting setting();

/// Runs a configuration of the program's kernel, its first for "", and returns what happened. A wrong kernel is traced
/// up to where it failed. Errors: std::logic_error if the kernel has no such configuration; gpu::Error without a GPU.
Run run(std::string_view configuration);

/// Writes the runs as JSON. Errors: std::runtime_error if the file cannot be written.
void write(const std::string& file, const Setting& setting, const std::vector<Run>& runs);

}  // namespace trace
