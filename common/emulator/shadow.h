#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "emulator/clock.h"

namespace emulator {

/// One access to memory, as the history keeps it. Bytes are those of a 16-byte granule, a bit each.
struct Access {
  int block = 0;   // index in the grid
  int thread = 0;  // index in the block
  uint32_t epoch = 0;
  uint16_t bytes = 0;
  bool is_write = false;
  const void* code = nullptr;  // return address of the access hook: leads to file and line
};

/// The access history of one range of memory, precise to the byte. It keeps the accesses that a later one may conflict
/// with: the last write to each byte and the reads since then that no later read supersedes (FastTrack's idea, with
/// lists in place of compressed clocks).
class Shadow {
 public:
  Shadow(uintptr_t base, std::size_t bytes) : base_(base), granules_((bytes + granule_bytes - 1) / granule_bytes) {}

  /// Adds `access` to [address, address + bytes), which must lie in the range.
  /// Returns an earlier access of another thread that conflicts: one of the two writes, and `clock` (the accessing
  /// thread's) has not seen the earlier one. Threads of different blocks never see each other.
  std::optional<Access> record(Access access, const Clock& clock, uintptr_t address, std::size_t bytes);

 private:
  static constexpr std::size_t granule_bytes = 16;

  struct Granule {
    std::vector<Access> writes;
    std::vector<Access> reads;
  };

  static std::optional<Access> record(Granule& granule, const Access& access, const Clock& clock);

  uintptr_t base_;
  std::vector<Granule> granules_;
};

}  // namespace emulator
