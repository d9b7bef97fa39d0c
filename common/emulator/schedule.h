#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "emulator/control.h"
#include "emulator/hash.h"

namespace emulator {

struct Copy;
struct Thread;

/// A thread or copy, with its agent at hand: a schedule looks at the agents of all who could take a step.
template <class T>
struct Candidate {
  uint64_t agent;
  T* who;
  Candidate(T* candidate) : agent(candidate->agent), who(candidate) {}
  operator T*() const { return who; }
};

/// Who could take the next step: threads that can go on, and copies in flight. Numbered threads first.
struct Able {
  std::span<const Candidate<Thread>> threads;
  std::span<const Candidate<Copy>> copies;
  const Thread* last = nullptr;  // who took the last step

  std::size_t size() const { return threads.size() + copies.size(); }
  uint64_t agent(std::size_t index) const {  // see Machine::agent_of
    return index < threads.size() ? threads[index].agent : copies[index - threads.size()].agent;
  }
};

/// Decides who takes the next step.
class Schedule {
 public:
  static constexpr std::size_t give_up = ~std::size_t{0};
  virtual ~Schedule() = default;
  /// The index of one of `able`, which is not empty; or give_up, to end the run.
  virtual std::size_t choose(const Able& able) = 0;
};

/// Search::random. The seed also chooses habits.
class RandomSchedule : public Schedule {
 public:
  explicit RandomSchedule(const Options& options);
  std::size_t choose(const Able& able) override;

 private:
  enum class Habit { fair, late_copies, early_copies, hog };
  Random random_;
  Habit habit_;
  int held_back_ = 0;  // steps that late copies have been waiting for
};

/// Search::pct.
class PrioritySchedule : public Schedule {
 public:
  explicit PrioritySchedule(const Options& options);
  std::size_t choose(const Able& able) override;

 private:
  uint64_t priority(uint64_t agent) const;

  uint64_t seed_;
  bool late_copies_;
  uint64_t step_ = 0;
  std::vector<uint64_t> changes_;  // the steps at which whoever is on top goes to the bottom
  std::vector<uint64_t> low_;      // who has gone there, the lowest last
};

/// Search::timed: whoever's clock is behind all others. A copy that lands goes before a thread at the same time.
class TimedSchedule : public Schedule {
 public:
  std::size_t choose(const Able& able) override;
};

/// So many steps in a row of one agent.
struct Turn {
  uint64_t agent = 0;
  uint32_t steps = 0;
};

/// The steps of a run, in turns.
std::vector<Turn> turns_of(const std::vector<uint64_t>& steps);

/// Takes turns from a list, leaving out those whose agent cannot act. Where the list has ended: whoever took the last
/// step goes on; if it cannot, the first thread that can; if none can, the first copy lands.
class ListedSchedule : public Schedule {
 public:
  explicit ListedSchedule(std::vector<Turn> turns) : turns_(std::move(turns)) {}
  std::size_t choose(const Able& able) override;

 private:
  std::vector<Turn> turns_;
  std::size_t turn_ = 0;
  uint32_t steps_ = 0;  // taken of this turn
};

/// Removes turns as long as `fails` holds (Zeller's delta debugging, greedy), with at most `most_trials` calls of it.
std::vector<Turn> shorten(std::vector<Turn> turns, const std::function<bool(const std::vector<Turn>&)>& fails,
                          int most_trials);

/// Goes through all schedules, one run after another, depth first.
class Explorer : public Schedule {
 public:
  explicit Explorer(bool caches) : caches_(caches) {}
  std::size_t choose(const Able& able) override;
  /// Prepares the next run. False if there is none.
  bool advance();
  uint64_t states() const { return states_; }
  /// The number of the launch that begins, in this run.
  uint64_t next_launch() { return launches_++; }

 private:
  struct Choice {
    std::vector<uint64_t> agents;
    std::size_t taken = 0;
  };
  bool caches_;
  std::vector<Choice> path_;
  std::size_t depth_ = 0;
  uint64_t states_ = 0;
  uint64_t launches_ = 0;
  std::unordered_set<uint64_t> known_;
};

}  // namespace emulator
