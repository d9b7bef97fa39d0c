// Schedules on agents that do nothing but take steps: who is chosen, and which orders are covered.

#include "emulator/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "emulator/machine.h"

namespace {

// What Explorer asks for.
uint64_t machine_state = 0;
alignas(emulator::Machine) std::array<std::byte, sizeof(emulator::Machine)> no_machine;

}  // namespace

namespace emulator {
Machine* machine = reinterpret_cast<Machine*>(no_machine.data());
uint64_t Machine::state() const { return machine_state; }
}  // namespace emulator

namespace {

using emulator::Able;
using emulator::Completion;
using emulator::Copy;
using emulator::Explorer;
using emulator::ListedSchedule;
using emulator::Options;
using emulator::PrioritySchedule;
using emulator::RandomSchedule;
using emulator::Schedule;
using emulator::Thread;
using emulator::Turn;
using emulator::turns_of;

// Threads and copies, of which each has so many steps to take.
class Agents {
 public:
  Agents(const std::vector<int>& thread_steps, const std::vector<int>& copy_steps) {
    for (const int steps : thread_steps) {
      Thread& thread = *threads_.emplace_back(std::make_unique<Thread>());
      thread.block = &block_;
      thread.index = static_cast<int>(threads_.size()) - 1;
      thread.agent = emulator::Machine::agent_of(thread);
      able_threads_.push_back(&thread);
      left_[thread.agent] = steps;
    }
    for (const int steps : copy_steps) {
      Copy& copy = *copies_.emplace_back(std::make_unique<Copy>());
      copy.agent = first_copy + copies_.size() - 1;
      able_copies_.push_back(&copy);
      left_[copy.agent] = steps;
    }
  }

  static constexpr uint64_t first_copy = 1;  // sorts before all threads but the first: their agents are n << 24
  static uint64_t thread(int index) { return static_cast<uint64_t>(index) << 24; }
  static uint64_t copy(int index) { return first_copy + static_cast<uint64_t>(index); }
  static bool is_copy(uint64_t agent) { return agent & 0xffffff; }

  /// Takes a step as the machine does: whoever has run stands at the end of the list. Nobody: all is done, or the
  /// schedule gives up.
  std::optional<uint64_t> step(Schedule& schedule) {
    const Able able{able_threads_, able_copies_, last_};
    if (able.size() == 0) return std::nullopt;
    const std::size_t chosen = schedule.choose(able);
    if (chosen == Schedule::give_up) return std::nullopt;
    REQUIRE(chosen < able.size());
    const uint64_t agent = able.agent(chosen);
    const bool goes_on = --left_[agent] > 0;
    if (chosen < able_threads_.size()) {
      std::swap(able_threads_[chosen], able_threads_.back());
      last_ = able_threads_.back();
      if (!goes_on) able_threads_.pop_back();
    } else {
      std::swap(able_copies_[chosen - able_threads_.size()], able_copies_.back());
      if (!goes_on) able_copies_.pop_back();
    }
    return agent;
  }

  std::vector<uint64_t> run(Schedule& schedule) {
    std::vector<uint64_t> steps;
    while (const auto agent = step(schedule)) steps.push_back(*agent);
    return steps;
  }

  /// Who has come how far, as a number.
  uint64_t progress() const {
    uint64_t number = 0;
    for (const auto& [agent, left] : left_) number = 10 * number + static_cast<uint64_t>(left);
    return number;
  }

 private:
  emulator::Block block_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<std::unique_ptr<Copy>> copies_;
  std::vector<emulator::Candidate<Thread>> able_threads_;
  std::vector<emulator::Candidate<Copy>> able_copies_;
  std::map<uint64_t, int> left_;
  const Thread* last_ = nullptr;
};

Options options_of(uint64_t seed, Completion completion = Completion::any) {
  Options options;
  options.seed = seed;
  options.completion = completion;
  return options;
}

template <class Kind>
std::vector<uint64_t> steps_of(uint64_t seed, Completion completion = Completion::any) {
  Kind schedule(options_of(seed, completion));
  return Agents({20, 20, 20, 20}, {2, 2, 2, 2}).run(schedule);
}

// Whether all copies land after the last step of a thread.
bool copies_come_last(const std::vector<uint64_t>& steps) {
  const auto first_copy = std::find_if(steps.begin(), steps.end(), Agents::is_copy);
  return std::all_of(first_copy, steps.end(), Agents::is_copy);
}

std::size_t turns_in(const std::vector<uint64_t>& steps) { return turns_of(steps).size(); }

// Turns that can be compared.
using Turns = std::vector<std::pair<uint64_t, uint32_t>>;
Turns turns_of_run(const std::vector<uint64_t>& steps) {
  Turns turns;
  for (const Turn& turn : turns_of(steps)) turns.emplace_back(turn.agent, turn.steps);
  return turns;
}

}  // namespace

TEST_CASE("timed: whoever's clock is behind goes first; at the same time a copy before a thread, then the lower number") {
  Thread early, late;
  Copy copy;
  early.agent = 2, late.agent = 1;
  early.time = 10, late.time = 20;
  copy.lands_at = 15;
  const std::vector<emulator::Candidate<Thread>> threads{&late, &early};
  const std::vector<emulator::Candidate<Copy>> copies{&copy};
  const Able able{threads, copies, &late};
  emulator::TimedSchedule schedule;
  CHECK(schedule.choose(able) == 1);
  early.time = 15;
  CHECK(schedule.choose(able) == 2);
  copy.lands_at = 30;
  CHECK(schedule.choose(able) == 1);
  early.time = 20;
  CHECK(schedule.choose(able) == 0);
}

TEST_CASE("a random schedule takes every step, and is the same for the same seed only") {
  std::set<std::vector<uint64_t>> all;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const std::vector<uint64_t> steps = steps_of<RandomSchedule>(seed);
    CHECK(steps.size() == 4 * 20 + 4 * 2);
    CHECK(steps == steps_of<RandomSchedule>(seed));
    all.insert(steps);
  }
  CHECK(all.size() == 100);
}

TEST_CASE("random schedules have habits: fair, copies late, copies early, threads that go on") {
  int late = 0, early = 0, hogs = 0, fair = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const std::vector<uint64_t> steps = steps_of<RandomSchedule>(seed);
    const bool is_late = copies_come_last(steps);
    const bool is_early = std::count_if(steps.begin(), steps.begin() + 16, Agents::is_copy) == 8;
    const bool is_hog = turns_in(steps) < 35;
    late += is_late;
    early += is_early;
    hogs += is_hog;
    fair += !is_late && !is_early && !is_hog && turns_in(steps) > 45;
    CHECK(copies_come_last(steps_of<RandomSchedule>(seed, Completion::lazy)));
  }
  CHECK(late >= 25);
  CHECK(early >= 20);
  CHECK(hogs >= 20);
  CHECK(fair >= 10);
}

TEST_CASE("a fair schedule leaves nobody out") {
  std::map<std::pair<uint64_t, std::size_t>, int> chosen;  // who at which step
  for (uint64_t seed = 1; seed < 4000; seed += 4) {
    RandomSchedule schedule(options_of(seed));
    Agents agents({3, 3, 3}, {3});
    for (std::size_t step = 0; step < 3; ++step) ++chosen[{*agents.step(schedule), step}];
  }
  for (std::size_t step = 0; step < 3; ++step) {
    for (const uint64_t agent : {Agents::thread(0), Agents::thread(1), Agents::thread(2), Agents::copy(0)}) {
      CHECK(chosen[{agent, step}] > 190);
      CHECK(chosen[{agent, step}] < 310);
    }
  }
}

TEST_CASE("a schedule by priorities lets the highest go on, and puts it last at two steps at most") {
  std::set<uint64_t> first;
  int undisturbed = 0, disturbed = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const std::vector<uint64_t> steps = steps_of<PrioritySchedule>(seed);
    CHECK(steps.size() == 4 * 20 + 4 * 2);
    CHECK(steps == steps_of<PrioritySchedule>(seed));
    const std::size_t turns = turns_in(steps);
    CHECK(turns >= 8);   // each agent has one turn,
    CHECK(turns <= 10);  // and another one where it was put last
    undisturbed += turns == 8;
    disturbed += turns == 10;
    first.insert(steps.front());
    CHECK(copies_come_last(steps_of<PrioritySchedule>(seed, Completion::lazy)));
  }
  CHECK(first.size() == 8);
  CHECK(undisturbed > 50);
  CHECK(disturbed > 50);
}

TEST_CASE("whoever is put last goes after all others, and the second after the first") {
  int twice = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const std::vector<Turn> turns = turns_of(steps_of<PrioritySchedule>(seed));
    if (turns.size() != 10) continue;
    std::vector<uint64_t> interrupted;
    for (const Turn& turn : turns) {
      const auto total =
          std::count_if(turns.begin(), turns.end(), [&](const Turn& t) { return t.agent == turn.agent; });
      if (total == 2 && std::find(interrupted.begin(), interrupted.end(), turn.agent) == interrupted.end()) {
        interrupted.push_back(turn.agent);
      }
    }
    if (interrupted.size() != 2) continue;
    ++twice;
    CHECK(turns[8].agent == interrupted[0]);
    CHECK(turns[9].agent == interrupted[1]);
  }
  CHECK(twice > 50);
}

TEST_CASE("a listed schedule takes its turns, leaves out who cannot act, and then goes on in a fixed way") {
  const uint64_t a = Agents::thread(0), b = Agents::thread(1), c = Agents::thread(2), copy = Agents::copy(0);
  const auto run = [](const std::vector<Turn>& turns) {
    ListedSchedule schedule(turns);
    return Agents({3, 3, 3}, {2, 1}).run(schedule);
  };
  CHECK(turns_of_run(run({{b, 2}, {copy, 1}, {a, 1}, {b, 1}, {c, 3}})) ==
        Turns{{b, 2}, {copy, 1}, {a, 1}, {b, 1}, {c, 3}, {a, 2}, {copy, 1}, {copy + 1, 1}});
  // At the end of the list the last one goes on; then the first thread, the second; then the copies.
  CHECK(turns_of_run(run({{c, 1}})) == Turns{{c, 3}, {a, 3}, {b, 3}, {copy, 2}, {copy + 1, 1}});
  CHECK(turns_of_run(run({})) == Turns{{a, 3}, {b, 3}, {c, 3}, {copy, 2}, {copy + 1, 1}});
  CHECK(turns_of_run(run({{c, 1}, {copy + 1, 1}})) == Turns{{c, 1}, {copy + 1, 1}, {c, 2}, {a, 3}, {b, 3}, {copy, 2}});
  // Turns of who is not there, or has no step left, cost nothing.
  CHECK(run({{Agents::thread(9), 5}, {b, 7}, {b, 1}, {copy + 1, 2}, {a, 0}, {c, 1}}) ==
        run({{b, 3}, {copy + 1, 1}, {c, 1}}));
}

TEST_CASE("the turns of a run, listed, give the same run") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<uint64_t> steps = steps_of<RandomSchedule>(seed);
    const std::vector<Turn> turns = turns_of(steps);
    uint64_t total = 0;
    for (const Turn& turn : turns) total += turn.steps;
    CHECK(total == steps.size());
    ListedSchedule listed(turns);
    CHECK(Agents({20, 20, 20, 20}, {2, 2, 2, 2}).run(listed) == steps);
  }
  CHECK(turns_of({}).empty());
  CHECK(turns_of_run({7, 7, 8, 7}) == Turns{{7, 2}, {8, 1}, {7, 1}});
}

TEST_CASE("shortening removes every turn that a finding does not need, and keeps the order of the others") {
  std::vector<Turn> turns;
  for (uint64_t i = 0; i < 50; ++i) turns.push_back({i, 1});
  const auto needs = [](const std::vector<uint64_t>& agents) {
    return [agents](const std::vector<Turn>& left) {
      std::size_t found = 0;
      for (const Turn& turn : left) found += found < agents.size() && turn.agent == agents[found];
      return found == agents.size();
    };
  };
  for (const std::vector<uint64_t>& agents :
       {std::vector<uint64_t>{}, {0}, {49}, {7}, {0, 49}, {24, 25}, {3, 17, 31, 48}, {0, 1, 2, 3}}) {
    const std::vector<Turn> left = emulator::shorten(turns, needs(agents), 10'000);
    REQUIRE(left.size() == agents.size());
    for (std::size_t i = 0; i < left.size(); ++i) CHECK(left[i].agent == agents[i]);
  }
  // A finding that needs 2 of some turns, whichever: none of those left can be spared.
  const auto two_of_three = [](const std::vector<Turn>& left) {
    return std::count_if(left.begin(), left.end(), [](const Turn& turn) { return turn.agent % 20 == 5; }) >= 2;
  };
  CHECK(emulator::shorten(turns, two_of_three, 10'000).size() == 2);
}

TEST_CASE("shortening stops after so many trials, with a schedule that fails") {
  std::vector<Turn> turns;
  for (uint64_t i = 0; i < 50; ++i) turns.push_back({i, 1});
  for (int most = 0; most <= 60; most += 5) {
    int trials = 0;
    const auto fails = [&](const std::vector<Turn>& left) {
      ++trials;
      return std::any_of(left.begin(), left.end(), [](const Turn& turn) { return turn.agent == 33; });
    };
    const std::vector<Turn> left = emulator::shorten(turns, fails, most);
    CHECK(trials <= most);
    CHECK(fails(left));
    CHECK(left.size() <= turns.size());
    if (most >= 30) CHECK(left.size() == 1);
  }
  CHECK(emulator::shorten(
            {}, [](const std::vector<Turn>&) { return true; }, 10)
            .empty());
}

TEST_CASE("the exhaustive search takes every order once") {
  const auto explore = [](const std::vector<int>& threads, const std::vector<int>& copies) {
    Explorer search(false);
    std::set<std::vector<uint64_t>> orders;
    int runs = 0;
    do {
      orders.insert(Agents(threads, copies).run(search));
      ++runs;
    } while (search.advance());
    CHECK(orders.size() == static_cast<std::size_t>(runs));
    return runs;
  };
  CHECK(explore({3}, {}) == 1);
  CHECK(explore({1, 1, 1}, {}) == 6);
  CHECK(explore({2, 2}, {}) == 6);
  CHECK(explore({3, 3}, {}) == 20);
  CHECK(explore({2, 2, 2}, {}) == 90);
  CHECK(explore({2}, {1, 1}) == 12);
  CHECK(explore({2, 2}, {1, 1}) == 180);
}

TEST_CASE("with a cache each state is left in each way, and once") {
  Explorer search(true);
  std::map<uint64_t, std::set<uint64_t>> ways;  // from each state, to whom the next step was given
  int runs = 0, complete = 0;
  do {
    ++runs;
    Agents agents({2, 2}, {2});
    for (;;) {
      const uint64_t before = machine_state = agents.progress();
      const auto agent = agents.step(search);
      if (!agent) break;
      ways[before].insert(*agent);
      complete += agents.progress() == 0;
    }
  } while (search.advance());
  CHECK(runs < 90);
  CHECK(complete >= 1);
  std::size_t choices = 0;
  for (const auto& [state, agents] : ways) {
    const uint64_t able = (state / 100 > 0) + (state / 10 % 10 > 0) + (state % 10 > 0);
    CHECK(agents.size() == able);
    choices += able > 1;
  }
  CHECK(ways.size() == 3 * 3 * 3 - 1);  // all but the last, in which nobody can go on
  CHECK(search.states() == choices);
}

TEST_CASE("the exhaustive search counts a run's launches from 0") {
  Explorer search(false);
  Agents first({1, 1}, {});
  CHECK(search.next_launch() == 0);
  first.run(search);
  CHECK(search.next_launch() == 1);
  CHECK(search.advance());
  CHECK(search.next_launch() == 0);
}

TEST_CASE("late copies land at last, also where a thread never stops taking steps") {
  RandomSchedule schedule(options_of(1, Completion::lazy));
  const std::vector<uint64_t> steps = Agents({300'000}, {1, 1}).run(schedule);
  const auto first = std::ranges::find_if(steps, Agents::is_copy),
             last = std::find_if(first + 1, steps.end(), Agents::is_copy);
  CHECK(first - steps.begin() == 99'999);
  CHECK(last != steps.end());
  CHECK(steps.end() - last > 1);
}
