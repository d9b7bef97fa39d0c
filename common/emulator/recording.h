#pragma once

// What the threads and copies of a timed run did, and when (Search::timed in control.h). Kernel files do not include
// this.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gpu/here.h"

#pragma GCC visibility push(default)

namespace emulator {

/// Something that happened in a timed run. Times are ticks since the launch.
struct Recorded {
  enum class Kind {
    wait,        // of a thread; `end`: it went on. At once, if that is `begin`
    request,     // of a copy; `end`: the copy landed
    arrival,     // at an mbarrier
    completion,  // of an mbarrier's phase
    exit,        // the thread has ended
  };
  Kind kind{};
  int block = 0;                     // in the grid
  int thread = -1;                   // in the block; -1: no thread's doing
  uint64_t begin = 0;                //
  std::optional<uint64_t> end = {};  // nothing: not before the run ended
  std::string object = {};           // of what: "full[1]", "cp.async", "__syncthreads()", "barrier_sync()"
  int64_t place = -1;  // where the mbarrier is, in bytes of the block's shared memory: names need not be unique
  int64_t phase = 0;   // of the mbarrier; -1: a fresh one needed none. cp.async: the group, counted in each
                       // thread. A named barrier: its id
  uint64_t bytes = 0;  // of the copy
  int line = 0;        // of the call
};

/// What the last run recorded, in the order in which it happened. Nothing, if it was not a timed one, or if this has
/// been asked before.
std::vector<Recorded> take_recording();

}  // namespace emulator

#pragma GCC visibility pop
