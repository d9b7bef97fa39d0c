#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "emulator/machine.h"
#include "emulator/recording.h"

namespace emulator {

/// Keeps what happens in a timed run.
class Recorder {
 public:
  /// Returns where the entry is, for ends().
  std::size_t begins(Recorded::Kind kind, const Thread& thread, const Barrier& barrier, uint64_t phase, Here here);
  std::size_t begins(Recorded::Kind kind, const Thread& thread, std::string object, int64_t phase, Here here);
  void ends(std::size_t entry, uint64_t time) { entries_[entry].end = time; }

  /// The thread's question about `barrier` was answered with yes, after those that were answered with "not yet".
  void answered(const Thread& thread, const Barrier& barrier, Here here);
  void requested(Copy& copy, const Thread& thread);
  void completed(const Block& block, const Barrier& barrier);

  /// Names the mbarriers that entries speak of. Call it before the blocks of a wave are gone.
  void name_barriers(const std::vector<std::unique_ptr<Block>>& blocks);
  std::vector<Recorded> take() { return std::move(entries_); }

 private:
  std::size_t add(Recorded entry, const Barrier* barrier);

  std::vector<Recorded> entries_;
  std::vector<const Barrier*> barriers_;  // of each entry; null: none, or named already
};

/// A wait, from where this stands to the end of the scope. Nothing, if the run is not a timed one. (Where a finding
/// stops the run, the scope does not end, and neither does the wait.)
class RecordedWait {
 public:
  RecordedWait(const Thread& thread, const Barrier& barrier, uint64_t phase, Here here)
      : recorder_(machine->recorder()), thread_(thread) {
    if (recorder_) entry_ = recorder_->begins(Recorded::Kind::wait, thread, barrier, phase, here);
  }
  RecordedWait(const Thread& thread, const char* object, int64_t phase, Here here)
      : recorder_(machine->recorder()), thread_(thread) {
    if (recorder_) entry_ = recorder_->begins(Recorded::Kind::wait, thread, object, phase, here);
  }
  ~RecordedWait() {
    if (recorder_) recorder_->ends(entry_, thread_.time);
  }
  RecordedWait(const RecordedWait&) = delete;
  RecordedWait& operator=(const RecordedWait&) = delete;

 private:
  Recorder* recorder_;
  const Thread& thread_;
  std::size_t entry_ = 0;
};

}  // namespace emulator
