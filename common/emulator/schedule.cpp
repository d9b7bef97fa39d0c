#include "emulator/schedule.h"

#include <algorithm>
#include <tuple>

#include "emulator/machine.h"

namespace emulator {

RandomSchedule::RandomSchedule(const Options& options)
    : random_(options.seed),
      habit_(options.completion == Completion::lazy
                 ? Habit::late_copies
                 : std::array{Habit::late_copies, Habit::fair, Habit::hog, Habit::early_copies}[options.seed % 4]) {}

std::size_t RandomSchedule::choose(const Able& able) {
  constexpr int patience = 100'000;  // steps of threads
  const std::size_t threads = able.threads.size(), copies = able.copies.size();
  const auto pick_copy = [&] { return threads + random_.below(copies); };
  switch (habit_) {
    case Habit::late_copies:  // but not so late that threads which loop until a copy has landed loop for ever
      if (threads && (!copies || ++held_back_ < patience)) return random_.below(threads);
      held_back_ = 0;
      return pick_copy();
    case Habit::early_copies:
      if (copies && random_.below(4)) return pick_copy();
      break;
    case Habit::hog:  // usually whoever was the last; it stands at the end of the list if it can go on
      if (threads && able.threads.back() == able.last && random_.below(8)) return threads - 1;
      break;
    case Habit::fair:
      break;
  }
  return random_.below(threads + copies);
}

PrioritySchedule::PrioritySchedule(const Options& options)
    : seed_(mix(options.seed ^ 0x9c7)), late_copies_(options.completion == Completion::lazy) {
  // The run's length is not known: guess its magnitude.
  Random random(seed_);
  const std::size_t length = std::size_t{1} << (3 + random.below(12));
  for (int i = 0; i < 2; ++i) changes_.push_back(random.below(length));
  std::ranges::sort(changes_);
}

uint64_t PrioritySchedule::priority(uint64_t agent) const {
  const auto low = std::ranges::find(low_, agent);
  if (low != low_.end()) return static_cast<uint64_t>(low_.end() - low);
  return mix(seed_ ^ agent) | uint64_t{1} << 63;
}

std::size_t PrioritySchedule::choose(const Able& able) {
  const std::size_t size = late_copies_ && !able.threads.empty() ? able.threads.size() : able.size();
  const auto highest = [&] {
    std::size_t best = 0;
    uint64_t best_priority = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const uint64_t p = priority(able.agent(i));
      if (p < best_priority) continue;
      best = i;
      best_priority = p;
    }
    return best;
  };
  for (; !changes_.empty() && changes_.front() <= step_; changes_.erase(changes_.begin())) {
    const uint64_t agent = able.agent(highest());
    std::erase(low_, agent);
    low_.push_back(agent);
  }
  ++step_;
  return highest();
}

std::size_t TimedSchedule::choose(const Able& able) {
  const auto turn = [&](std::size_t i) {
    const bool is_thread = i < able.threads.size();
    const uint64_t time = is_thread ? able.threads[i].who->time : able.copies[i - able.threads.size()].who->lands_at;
    return std::tuple(time, is_thread, able.agent(i));
  };
  std::size_t first = 0;
  for (std::size_t i = 1; i < able.size(); ++i) {
    if (turn(i) < turn(first)) first = i;
  }
  return first;
}

namespace {
void append(std::vector<Turn>& turns, const Turn& turn) {
  if (turns.empty() || turns.back().agent != turn.agent) {
    turns.push_back(turn);
  } else {
    turns.back().steps += turn.steps;
  }
}
}  // namespace

std::vector<Turn> turns_of(const std::vector<uint64_t>& steps) {
  std::vector<Turn> turns;
  for (const uint64_t agent : steps) append(turns, {agent, 1});
  return turns;
}

std::size_t ListedSchedule::choose(const Able& able) {
  const auto index_of = [&](uint64_t agent) {
    std::size_t i = 0;
    while (i < able.size() && able.agent(i) != agent) ++i;
    return i;
  };
  for (; turn_ < turns_.size(); ++turn_, steps_ = 0) {
    if (steps_ == turns_[turn_].steps) continue;
    const std::size_t index = index_of(turns_[turn_].agent);
    if (index == able.size()) continue;
    ++steps_;
    return index;
  }
  std::size_t best = 0;
  for (std::size_t i = 0; i < able.threads.size(); ++i) {
    if (able.threads[i] == able.last) return i;
    if (able.agent(i) < able.agent(best)) best = i;
  }
  if (!able.threads.empty()) return best;
  for (std::size_t i = 1; i < able.size(); ++i) {
    if (able.agent(i) < able.agent(best)) best = i;
  }
  return best;
}

std::vector<Turn> shorten(std::vector<Turn> turns, const std::function<bool(const std::vector<Turn>&)>& fails,
                          int most_trials) {
  if (turns.empty() || most_trials-- <= 0) return turns;
  if (fails({})) return {};
  for (std::size_t chunk = std::max<std::size_t>(1, turns.size() / 2);;) {
    bool removed = false;
    for (std::size_t first = 0; first < turns.size();) {
      if (most_trials-- <= 0) return turns;
      std::vector<Turn> trial;
      for (std::size_t i = 0; i < turns.size(); ++i) {
        if (i < first || i >= first + chunk) append(trial, turns[i]);
      }
      if (fails(trial)) {
        turns = std::move(trial);
        removed = true;
      } else {
        first += chunk;
      }
    }
    if (chunk == 1 && !removed) return turns;
    chunk = std::max<std::size_t>(1, chunk / 2);
  }
}

std::size_t Explorer::choose(const Able& able) {
  if (able.size() == 1) return 0;
  if (depth_ == path_.size()) {
    if (caches_ && !known_.insert(machine->state()).second) return give_up;
    ++states_;
    Choice choice;
    for (std::size_t i = 0; i < able.size(); ++i) choice.agents.push_back(able.agent(i));
    std::ranges::sort(choice.agents);
    path_.push_back(std::move(choice));
  }
  const Choice& choice = path_[depth_++];
  const uint64_t agent = choice.agents[choice.taken];
  for (std::size_t i = 0; i < able.size(); ++i) {
    if (able.agent(i) == agent) return i;
  }
  return give_up;  // not the same kernel as in the run before: explore() counts on it
}

bool Explorer::advance() {
  depth_ = 0;
  launches_ = 0;
  while (!path_.empty() && ++path_.back().taken == path_.back().agents.size()) path_.pop_back();
  return !path_.empty();
}

}  // namespace emulator
