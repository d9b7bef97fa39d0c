#pragma once

// How a test or a benchmark steers the emulator. Kernel files do not include this.

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "emulator/policy.h"

#pragma GCC visibility push(default)

namespace emulator {

/// How the scheduler picks who takes the next step.
enum class Search {
  random,  // anybody, with habits that change with the seed: fair, copies late, copies at once, threads that hog
  pct,     // by random priorities, with 2 changes at random steps: finds bugs of depth 3 with a known probability
           // (Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010)
  timed,   // by a clock: a thread's call or access takes a tick, a copy Options::copy_ticks, all side by side. One
           // legal schedule, to look at: what happened when is recorded (recording.h)
};

/// When asynchronous copies land.
enum class Completion {
  any,    // whenever the search picks them, in one piece or torn, from either end
  eager,  // at the request: hides most mistakes, as a quiet machine does
  lazy,   // when no thread can go on, or (random search) when the threads have taken 100,000 steps meanwhile
};

struct Options {
  uint64_t seed = 0;  // the schedule; equal options and seeds give equal runs
  Search search = Search::random;
  Completion completion = Completion::any;
  Policy policy = Policy::strict;
  int resident_blocks = 4;         // a wave: so many blocks run side by side, the next wave starts when all have ended
  bool shortens = true;            // a schedule with a finding is shortened before the finding is thrown
  bool counts_wavefronts = false;  // of shared memory; slower
  uint64_t copy_ticks = 100;       // Search::timed: from a copy's request to its landing
  uint64_t most_steps = 20'000'000;  // of a run's threads and copies: one that takes more is a livelock
};

/// The options of the next runs.
Options& options();

/// What the last run did. Deterministic for given options; accesses are the kernel's own, to memory that it shares.
struct Counts {
  uint64_t threads = 0;
  uint64_t global_loads = 0, global_load_bytes = 0;
  uint64_t global_stores = 0, global_store_bytes = 0;
  uint64_t shared_loads = 0, shared_load_bytes = 0;
  uint64_t shared_stores = 0, shared_store_bytes = 0;
  uint64_t block_barriers = 0;                        // completed, once per block
  uint64_t warp_collectives = 0;                      // completed exchanges: shuffles, votes, __syncwarp
  uint64_t named_barriers = 0;                        // completed
  uint64_t barrier_arrivals = 0;                      // at mbarriers
  uint64_t barrier_phases = 0;                        // of mbarriers, completed
  uint64_t waits = 0;                                 // for a phase of an mbarrier, or for a group of copies
  uint64_t waits_blocked = 0;                         // of these: what was waited for was not there yet
  uint64_t bulk_copies = 0, bulk_copy_bytes = 0;      // one-dimensional
  uint64_t tensor_copies = 0, tensor_copy_bytes = 0;  // boxes; bytes as they land, zero fill included
  uint64_t cp_async_copies = 0, cp_async_bytes = 0;
  uint64_t most_bytes_in_flight = 0;  // requested and not yet landed, in one block
  uint64_t atomics = 0;
  // With Options::counts_wavefronts: what the accesses to shared memory cost, in passes over its 32 banks.
  uint64_t shared_wavefronts = 0, bank_conflicts = 0;  // conflicts: wavefronts beyond the least possible
  uint64_t steps = 0;                                  // of the scheduler
};
const Counts& counts();

/// Where the last run first read shared memory that no thread and no copy of the block had written: the line, and who
/// read what; "" if it did not. That is no finding: a kernel may drop what it has read. But a wrong result often begins
/// there.
std::string unwritten_read();

/// Makes [data, data + bytes) readable and writable for kernels under a name that messages use.
void register_memory(const void* data, std::size_t bytes, std::string name);
void unregister_memory(const void* data);

/// Allows launches of `kernel` with up to `bytes` of dynamic shared memory; without, 48 KB is the limit.
void allow_shared_memory(const void* kernel, std::size_t bytes);
std::size_t allowed_shared_memory(const void* kernel);

/// The result of an exhaustive search.
struct Exploration {
  uint64_t schedules = 0;                       // runs, those included that were given up because their state was known
  uint64_t states = 0;                          // different states at which there was a choice
  bool complete = false;                        // every schedule was covered; otherwise `most_schedules` was too small
  std::map<std::string, std::string> findings;  // by name: the first message
};

/// Calls `run`, which launches kernels on small shapes, until every order of steps has been covered. Where a state has
/// been seen before, in whatever way it was reached, the run is given up (`caches`). `run` must be the same each time:
/// it is left by an exception when a run is given up. Copies land in one piece here.
Exploration explore(const std::function<void()>& run, uint64_t most_schedules, bool caches = true);

}  // namespace emulator

#pragma GCC visibility pop
