#pragma once

#include <cstdint>
#include <vector>

#include "emulator/clock.h"
#include "gpu/here.h"

namespace emulator {

struct Copy;
struct Thread;

/// The state of an mbarrier. The one rule: a phase completes when pending == 0 and tx == 0; then phase += 1 and
/// pending = expected. (PTX ISA, "Parallel Synchronization and Communication Instructions: mbarrier".)
struct Barrier {
  static constexpr int most = (1 << 20) - 1;  // of arrivals, and of bytes either way

  uintptr_t address = 0;
  bool live = false;
  Here init_site{}, inval_site{};
  int initialiser = 0;       // thread
  uint32_t init_epoch = 0;   // of that thread
  uint32_t fence_epoch = 0;  // of that thread, at its first fence since; 0: none yet
  int stream = 0;            // its copies, as an agent of clocks: their epoch is the phase + 1

  uint64_t phase = 0;
  int64_t pending = 0, expected = 0, tx = 0;
  bool observed = false;  // somebody's wait returned true for phase - 1

  Gathering gathering;      // of this phase
  Published last_complete;  // of phase - 1
  std::vector<Thread*> waiters;
  std::vector<uint32_t> last_used;     // per thread: its epoch when it called something on this barrier; 0: never
  std::vector<int64_t> last_observed;  // per thread: the last phase that a wait of it found complete; -1: none

  const Copy* last_copy = nullptr;  // requested last
  int64_t last_observed_by_any = -1;

  // What came in this phase.
  int64_t expected_bytes = 0, requested_bytes = 0;
  int in_flight = 0;  // copies that have not landed
};

}  // namespace emulator
