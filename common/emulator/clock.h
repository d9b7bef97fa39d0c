#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace emulator {

/// A thread's vector clock: which steps of the other threads of its block happened before its next step.
///
/// Each thread counts epochs; a synchronisation ends the epoch of everyone who takes part. `seen[t]` is the last epoch
/// of thread t whose accesses are ordered before ours. After a barrier all participants have seen the same, so they
/// share one vector.
class Clock {
 public:
  Clock() = default;
  Clock(int self, int threads) : self_(self), seen_(std::make_shared<std::vector<uint32_t>>(threads, 0)) {}

  uint32_t epoch() const { return epoch_; }

  /// Whether an access of `thread` (same block) in its epoch `epoch` is ordered before our next access.
  bool has_seen(int thread, uint32_t epoch) const { return thread == self_ || (*seen_)[thread] >= epoch; }

  /// A barrier among `clocks`: everything that one of them did or has seen is ordered before all they do from now on.
  static void join(const std::vector<Clock*>& clocks);

 private:
  int self_ = 0;
  uint32_t epoch_ = 1;  // 0 means "never"
  std::shared_ptr<const std::vector<uint32_t>> seen_;
};

}  // namespace emulator
