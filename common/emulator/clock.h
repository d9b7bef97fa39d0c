#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "emulator/hash.h"

namespace emulator {

/// For each agent of a block the last epoch that is known. Agents are the block's threads, numbered from 0, and after
/// them the streams of asynchronous copies. A value, shared between its copies until one of them changes.
class Frontier {
 public:
  Frontier() = default;
  Frontier(const Frontier& other) : epochs_(other.epochs_) {
    if (epochs_) ++epochs_->owners;
  }
  Frontier(Frontier&& other) noexcept : epochs_(other.epochs_) { other.epochs_ = nullptr; }
  Frontier& operator=(Frontier other) noexcept {
    std::swap(epochs_, other.epochs_);
    return *this;
  }
  ~Frontier() {
    if (epochs_ && --epochs_->owners == 0) recycle(epochs_);
  }

  /// The last epoch of `agent` that is known; 0 if none is.
  uint32_t operator[](int agent) const { return epochs_ && agent < epochs_->size ? epochs_->of_agent()[agent] : 0; }
  bool is_same_object(const Frontier& other) const { return epochs_ == other.epochs_; }

  /// Adds what `other` knows.
  void join(const Frontier& other);
  /// Adds the epochs of `agent` up to `epoch`.
  void raise(int agent, uint32_t epoch);
  /// Equal frontiers have equal hashes.
  uint64_t hash() const;

 private:
  struct Epochs {  // followed in memory by `capacity` numbers
    int owners, size, capacity;
    uint32_t* of_agent() { return reinterpret_cast<uint32_t*>(this + 1); }
  };
  static Epochs* allocate(int size);
  static void recycle(Epochs* epochs);
  // Makes this the only owner, with room for `size` agents.
  void own(int size);

  Epochs* epochs_ = nullptr;
};

/// What a synchronisation hands over: which epochs happened before it, and which of them a proxy fence has also made
/// known to the unit that makes bulk copies (the "async proxy").
struct Knowledge {
  Frontier seen;
  Frontier fenced;
  std::shared_ptr<const std::map<int, Frontier>> elsewhere;  // what was seen of other blocks; usually nothing

  void join(const Knowledge& other) {
    seen.join(other.seen);
    fenced.join(other.fenced);
    if (other.elsewhere) join_elsewhere(*other.elsewhere);
  }
  /// Adds, for a thread of block `here`, what a thread of block `home` knew.
  void join_from(int home, const Knowledge& other, int here);
  uint64_t hash() const;

 private:
  void join_elsewhere(const std::map<int, Frontier>& other);
};

/// A thread's vector clock: which epochs of the other agents of its block happened before its next step.
///
/// A thread's epoch ends whenever it makes its past known to others: at a barrier, an arrival, a release, a fence.
class Clock {
 public:
  Clock() = default;
  explicit Clock(int self) : self_(self) {}

  uint32_t epoch() const { return epoch_; }
  const Knowledge& knowledge() const { return knowledge_; }

  /// Whether what `agent` (same block) did in its epoch `epoch` is ordered before our next step.
  bool has_seen(int agent, uint32_t epoch) const { return agent == self_ || knowledge_.seen[agent] >= epoch; }
  /// The same for an agent of another block.
  bool has_seen_elsewhere(int block, int agent, uint32_t epoch) const;
  /// Whether it is also ordered before the bulk copies that we request: a proxy fence lies between.
  bool has_fenced(int agent, uint32_t epoch) const {
    return knowledge_.fenced[agent] >= epoch || (agent == self_ && fenced_ >= epoch);
  }

  /// Ends the epoch and adds it, and all that we know, to `to`.
  void release(Knowledge& to);
  void acquire(const Knowledge& from) { knowledge_.join(from); }
  void acquire_from(int home, const Knowledge& from, int here) { knowledge_.join_from(home, from, here); }
  /// The copies of `stream` up to `epoch` are complete for us.
  void see_copies(int stream, uint32_t epoch) { knowledge_.seen.raise(stream, epoch); }
  /// A proxy fence: all that we know so far becomes known to the async proxy. Ends the epoch.
  void fence_proxy();

  /// A barrier among `clocks`: everything that one of them did or has seen is ordered before all they do from now on.
  static void join(const std::vector<Clock*>& clocks);

  uint64_t hash() const { return combine(knowledge_.hash() * 31 + epoch_, fenced_); }

 private:
  friend class Gathering;
  friend class Published;

  int self_ = 0;
  uint32_t epoch_ = 1;   // 0 means "never"
  uint32_t fenced_ = 0;  // our own last epoch that a proxy fence ended
  Knowledge knowledge_;
};

/// The clocks of threads that come to one place one after another. Threads that left a barrier together share their
/// frontiers, so most joins are with the same one as before: those cost nothing.
class Gathering {
 public:
  void release_from(Clock& clock);
  void add(int agent, uint32_t epoch) { gathered_.seen.raise(agent, epoch); }
  /// What has been gathered, for whoever waited; the next gathering starts empty.
  Knowledge take();
  uint64_t hash() const { return gathered_.hash(); }

 private:
  Knowledge gathered_;
  Knowledge last_;  // joined last
};

/// Knowledge that many threads acquire: remembers results, a few, for the same reason.
class Published {
 public:
  void publish(Knowledge knowledge);
  void acquire_by(Clock& clock);
  uint64_t hash() const { return knowledge_.hash(); }

 private:
  Knowledge knowledge_;
  // What acquiring has made of the knowledge of those who came.
  static constexpr std::size_t most_results = 32;  // a block has no more warps
  struct Result {
    Knowledge before, after;
  };
  std::vector<Result> results_;
};

}  // namespace emulator
