#pragma once

// How a test or a benchmark steers the emulator. Kernel files do not include this.

#include <cstdint>
#include <span>
#include <string>

#pragma GCC visibility push(default)

namespace emulator {

struct Options {
  uint64_t seed = 0;        // the schedule: the order in which runnable threads take their steps
  int resident_blocks = 4;  // a wave: so many blocks run side by side, the next wave starts when all have ended
};

/// The options of the next runs.
Options& options();

/// What the last run did. Deterministic for a given seed; accesses are the kernel's own, to memory that it shares.
struct Counts {
  uint64_t threads = 0;
  uint64_t global_loads = 0, global_load_bytes = 0;
  uint64_t global_stores = 0, global_store_bytes = 0;
  uint64_t shared_loads = 0, shared_load_bytes = 0;
  uint64_t shared_stores = 0, shared_store_bytes = 0;
  uint64_t block_barriers = 0;    // completed, once per block
  uint64_t warp_collectives = 0;  // completed exchanges: shuffles, votes, __syncwarp
};
const Counts& counts();

/// Makes [data, data + bytes) readable and writable for kernels under a name that messages use.
void register_memory(const void* data, std::size_t bytes, std::string name);
void unregister_memory(const void* data);

/// Allows launches of `kernel` with up to `bytes` of dynamic shared memory; without, 48 KB is the limit.
void allow_shared_memory(const void* kernel, std::size_t bytes);
std::size_t allowed_shared_memory(const void* kernel);

}  // namespace emulator

#pragma GCC visibility pop
