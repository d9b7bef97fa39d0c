#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "emulator/clock.h"
#include "emulator/policy.h"

namespace emulator {

struct Copy;

/// One access to memory, as the history keeps it: a thread's load or store, or what an asynchronous copy reads or
/// writes between its request and its completion. Bytes are those of a 16-byte granule, a bit each.
struct Access {
  int block = 0;       // index in the grid
  int agent = 0;       // a thread, or a stream of copies
  uint32_t epoch = 0;  // of the agent; a copy's is the epoch at whose end it is complete
  uint16_t bytes = 0;
  bool is_write = false;
  bool is_strong = false;      // atomic or volatile: two of these may meet
  bool is_async = false;       // through the async proxy: a bulk copy
  const void* code = nullptr;  // a load or store: return address of the access hook, leads to file and line
  const Copy* copy = nullptr;  // a copy's access
};

/// How an earlier access stands to a later one.
enum class Order {
  ordered,
  unordered,  // nothing says which comes first
  unfenced,   // ordered, but no proxy fence lies between an ordinary access and a bulk copy
};

struct Conflict {
  Access earlier;
  Order order = Order::unordered;
};

/// The access history of one range of memory, precise to the byte. It keeps the accesses that a later one may conflict
/// with: the last write to each byte and the reads since then that no later read supersedes (FastTrack's idea, with
/// lists in place of compressed clocks).
class Shadow {
 public:
  Shadow(uintptr_t base, std::size_t bytes) : base_(base), granules_((bytes + granule_bytes - 1) / granule_bytes) {}

  /// Adds `access` to [address, address + bytes), which must lie in the range; its own `bytes` do not matter.
  /// Returns an earlier access that conflicts: one of the two writes, they are not both strong, and `clock` (the
  /// accessing or requesting thread's) does not order them. Threads of different blocks see
  /// each other only through atomics.
  std::optional<Conflict> record(const Access& access, const Clock& clock, Policy policy, uintptr_t address,
                                 std::size_t bytes);

  /// Whether any of these bytes, which must lie in the range, has been written: by a thread or by a copy, perhaps one
  /// that is still in flight.
  bool has_written(uintptr_t address, std::size_t bytes) const;

  /// Forgets everything; the range now begins at `base`.
  void restart(uintptr_t base);
  /// Equal histories have equal hashes.
  uint64_t hash() const;

 private:
  static constexpr std::size_t granule_bytes = 16;

  struct Granule {
    std::vector<Access> writes;
    std::vector<Access> reads;
  };

  /// Calls `visit` with each granule that holds some of the bytes, and which of its bytes they are, until one is true.
  template <class Visit>
  bool any_granule(uintptr_t address, std::size_t bytes, Visit&& visit) const;

  static std::optional<Conflict> record(Granule& granule, const Access& access, uint16_t bytes, const Clock& clock,
                                        Policy policy);

  uintptr_t base_;
  std::vector<Granule> granules_;
  std::vector<std::size_t> used_;  // granules that hold something
};

}  // namespace emulator
