#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gpu/here.h"

namespace emulator {

struct Barrier;
struct Block;
struct Copy;
struct Report;

/// Something that happened to an mbarrier, or to a copy that reports to one.
struct Event {
  enum class Kind {
    initialised,
    invalidated,
    arrived,   // value: how often
    expected,  // value: bytes
    dropped,
    completed,     // value: the phase that ended
    waited,        // value: the phase found complete; -1: none was needed, the barrier is fresh
    waited_again,  // the same, and this thread had found that phase complete before
    waited_later,  // the same, and this thread has not seen the phase before that one
    asked,         // in vain; value: the phase that is not complete
    blocked,       // value: the phase that is waited for
    requested,
    landed,
  };
  Kind kind{};
  int thread = -1;  // -1: the copy itself
  const Barrier* barrier = nullptr;
  const Copy* copy = nullptr;
  int64_t value = 0;
  Here here{};
  uint32_t epoch = 0;  // of the thread's clock, where it arrives itself; else 0 (its copies may arrive later)

  bool is_arrival() const {
    return kind == Kind::arrived || kind == Kind::dropped || (kind == Kind::expected && epoch > 0);
  }
  /// A wait that passed.
  bool is_wait() const { return kind == Kind::waited || kind == Kind::waited_again || kind == Kind::waited_later; }
};

/// The last events of a block, for messages.
class Timeline {
 public:
  void add(const Event& event) {
    if (events_.size() < most) {
      events_.push_back(event);
    } else {
      events_[next_++ % most] = event;
    }
  }
  void clear() {
    events_.clear();
    next_ = 0;
  }
  /// Oldest first.
  std::vector<Event> events() const;

 private:
  static constexpr std::size_t most = 4096;
  std::vector<Event> events_;
  std::size_t next_ = 0;
};

/// Where a thread's wait passed at once because it found a phase complete that the thread had seen before: what a
/// parity looks like that has not been flipped. "" if there was none.
std::string tell_stale_wait(const Block& block);

/// Where a thread's wait found a phase complete though the thread had not seen the one before: it may have come late.
/// "" if there was none.
std::string tell_skipping_wait(const Block& block);

/// The last wait for an mbarrier that let this thread of the block pass, and what it found. "" if there was none.
std::string tell_last_wait(const Block& block, int thread);

/// Where a thread of the block has first arrived at an mbarrier since the epoch of an access, and in which phase.
std::string tell_arrival_since(const Block& block, int thread, uint32_t epoch);

/// The last events of `barrier`, one line each: at most `lines`.
std::vector<std::string> tell(const Block& block, const Barrier& barrier, std::size_t lines);

/// Adds to a report a stale wait if there was one, and what its barrier has seen last.
void add_story(Report& report, const Block& block, const Barrier& barrier);

}  // namespace emulator
