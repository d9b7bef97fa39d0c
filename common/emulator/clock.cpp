#include "emulator/clock.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "emulator/hash.h"

namespace emulator {

// Frontiers come and go by the thousand in a run of microseconds: they are kept for reuse, by the power of two of their
// capacity.
namespace {
constexpr int least_capacity = 16;
std::array<std::vector<void*>, 32>& free_lists() {
  static auto* const lists = new std::array<std::vector<void*>, 32>;  // never destroyed: frontiers may outlive it
  return *lists;
}
std::size_t list_of(int capacity) { return static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(capacity))); }
}  // namespace

Frontier::Epochs* Frontier::allocate(int size) {
  const int capacity = static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(size, least_capacity))));
  auto& list = free_lists()[list_of(capacity)];
  void* memory = nullptr;
  if (list.empty()) {
    memory = std::malloc(sizeof(Epochs) + static_cast<std::size_t>(capacity) * sizeof(uint32_t));
    if (!memory) throw std::bad_alloc();
  } else {
    memory = list.back();
    list.pop_back();
  }
  return new (memory) Epochs{1, size, capacity};
}

void Frontier::recycle(Epochs* epochs) { free_lists()[list_of(epochs->capacity)].push_back(epochs); }

void Frontier::own(int size) {
  const int known = epochs_ ? epochs_->size : 0;
  size = std::max(size, known);
  if (epochs_ && epochs_->owners == 1 && epochs_->capacity >= size) {
    std::fill(epochs_->of_agent() + known, epochs_->of_agent() + size, 0u);
    epochs_->size = size;
    return;
  }
  Epochs* const mine = allocate(size);
  if (epochs_) std::copy_n(epochs_->of_agent(), known, mine->of_agent());
  std::fill(mine->of_agent() + known, mine->of_agent() + size, 0u);
  if (epochs_ && --epochs_->owners == 0) recycle(epochs_);
  epochs_ = mine;
}

void Frontier::join(const Frontier& other) {
  if (!other.epochs_ || epochs_ == other.epochs_) return;
  if (!epochs_) {
    *this = other;
    return;
  }
  own(other.epochs_->size);
  uint32_t* const mine = epochs_->of_agent();
  const uint32_t* const theirs = other.epochs_->of_agent();
  for (int i = 0; i < other.epochs_->size; ++i) mine[i] = std::max(mine[i], theirs[i]);
}

void Frontier::raise(int agent, uint32_t epoch) {
  if ((*this)[agent] >= epoch) return;
  own(agent + 1);
  epochs_->of_agent()[agent] = epoch;
}

uint64_t Frontier::hash() const {
  uint64_t result = 0;
  if (!epochs_) return result;
  for (int i = 0; i < epochs_->size; ++i) {
    if (const uint32_t epoch = epochs_->of_agent()[i]) result += mix(static_cast<uint64_t>(i) << 32 | epoch);
  }
  return result;
}

void Knowledge::join_elsewhere(const std::map<int, Frontier>& other) {
  auto joined =
      elsewhere ? std::make_shared<std::map<int, Frontier>>(*elsewhere) : std::make_shared<std::map<int, Frontier>>();
  for (const auto& [block, frontier] : other) (*joined)[block].join(frontier);
  elsewhere = std::move(joined);
}

void Knowledge::join_from(int home, const Knowledge& other, int here) {
  if (home == here) return join(other);
  std::map<int, Frontier> theirs;
  if (other.elsewhere) theirs = *other.elsewhere;
  theirs[home].join(other.seen);
  if (const auto ours = theirs.find(here); ours != theirs.end()) {
    seen.join(ours->second);
    theirs.erase(ours);
  }
  join_elsewhere(theirs);
}

uint64_t Knowledge::hash() const {
  uint64_t result = seen.hash() * 31 + fenced.hash();
  if (elsewhere) {
    for (const auto& [block, frontier] : *elsewhere) {
      result = combine(result, static_cast<uint64_t>(block) + frontier.hash());
    }
  }
  return result;
}

bool Clock::has_seen_elsewhere(int block, int agent, uint32_t epoch) const {
  if (!knowledge_.elsewhere) return false;
  const auto found = knowledge_.elsewhere->find(block);
  return found != knowledge_.elsewhere->end() && found->second[agent] >= epoch;
}

void Clock::release(Knowledge& to) {
  to.join(knowledge_);
  to.seen.raise(self_, epoch_);
  to.fenced.raise(self_, fenced_);
  ++epoch_;
}

void Clock::fence_proxy() {
  knowledge_.fenced = knowledge_.seen;  // nothing is fenced that has not been seen
  fenced_ = epoch_++;
}

void Clock::join(const std::vector<Clock*>& clocks) {
  Gathering gathering;
  for (Clock* clock : clocks) gathering.release_from(*clock);
  const Knowledge all = gathering.take();
  for (Clock* clock : clocks) clock->knowledge_ = all;
}

void Gathering::release_from(Clock& clock) {
  const Knowledge& theirs = clock.knowledge_;
  if (!theirs.seen.is_same_object(last_.seen)) gathered_.seen.join(theirs.seen);
  if (!theirs.fenced.is_same_object(last_.fenced)) gathered_.fenced.join(theirs.fenced);
  if (theirs.elsewhere != last_.elsewhere) gathered_.join({{}, {}, theirs.elsewhere});
  last_ = theirs;
  gathered_.seen.raise(clock.self_, clock.epoch_);
  gathered_.fenced.raise(clock.self_, clock.fenced_);
  ++clock.epoch_;
}

Knowledge Gathering::take() {
  last_ = {};
  return std::exchange(gathered_, {});
}

void Published::publish(Knowledge knowledge) {
  knowledge_ = std::move(knowledge);
  results_.clear();
}

void Published::acquire_by(Clock& clock) {
  Knowledge& theirs = clock.knowledge_;
  for (const Result& result : results_) {
    if (theirs.seen.is_same_object(result.before.seen) && theirs.fenced.is_same_object(result.before.fenced) &&
        theirs.elsewhere == result.before.elsewhere) {
      theirs = result.after;
      return;
    }
  }
  Knowledge before = theirs;
  theirs.join(knowledge_);
  if (results_.size() < most_results) results_.push_back({std::move(before), theirs});
}

}  // namespace emulator
