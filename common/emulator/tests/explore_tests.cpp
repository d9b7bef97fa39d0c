// The exhaustive search: with and without its cache it finds the same.

#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulator/tests/async_result.h"
#include "emulator/tests/ring.h"

namespace {

using namespace async_kernels;

// The memory that the searches below run on: the same in each of their runs.
class Memory {
 public:
  void run(const Program& program) const {
    words_.upload(std::span<const int>(zeros_));
    run_again(program);
  }
  /// On what the run before has left.
  void run_again(const Program& program) const { async_kernels::run(program, words_.data(), answers_.data()); }
  int* words() const { return words_.data(); }

 private:
  std::vector<int> zeros_ = std::vector<int>(global_words);
  std::vector<int64_t> no_answers_ = std::vector<int64_t>(Program::most_steps);
  mutable gpu::DeviceBuffer<int> words_{"memory", std::span<const int>(zeros_), 0};
  gpu::DeviceBuffer<int64_t> answers_{"answers", std::span<const int64_t>(no_answers_), 0};
};

// "data-race deadlock"
std::string names_of(const emulator::Exploration& exploration) {
  std::string names;
  for (const auto& [name, message] : exploration.findings) names += (names.empty() ? "" : " ") + name;
  return names;
}

struct Search {
  std::string what;
  std::string findings;
  std::function<void(const Memory&)> run;
};

Search list(const std::string& what, const std::string& findings, int threads, std::initializer_list<Step> steps) {
  const Program program(threads, steps);
  return {what, findings, [program](const Memory& memory) { memory.run(program); }};
}

constexpr int data = global, a = global + 8, b = global + 9;

// Three threads: 0 writes and releases, 2 reads. 1 hands over to 2 what it knows by `hand_over` and `take`: before or
// after it learns of 0's write. In the end it knows in any case; all that tells the two apart is what was handed over.
Search handed_over(const std::string& what, const std::string& findings, std::initializer_list<Step> begin,
                   std::initializer_list<Step> hand_over, std::initializer_list<Step> take) {
  Program program(3, begin);
  program.add({0, Op::store, data, 1});
  program.add({0, Op::store_release, a, 0});
  program.add({0, Op::ballot, 3, 1});
  program.add({1, Op::load_acquire, a});
  for (const Step& step : hand_over) program.add(step);
  program.add({1, Op::ballot, 3, 1});
  program.add({1, Op::load_acquire, a});
  program.add({1, Op::ballot, 6, 1});
  program.add({2, Op::ballot, 6, 1});
  for (const Step& step : take) program.add(step);
  program.add({2, Op::load, data});
  return {what, findings, [program](const Memory& memory) { memory.run(program); }};
}

// Right and wrong programs, and what there is to find in them. Of the wrong ones each has schedules that are right, and
// leaves nothing but the named part of the state to tell them from the others.
std::vector<Search> searches() {
  const Step init{0, Op::init, 0, 1}, meet{everybody, Op::block_barrier};
  std::vector<Search> all{
      list("a release and an acquire", "", 2,
           {{0, Op::store, data, 1},
            {0, Op::store_release, a, 1},
            {1, Op::load_acquire, a},
            {1, Op::skip_unless, 1, 1},
            {1, Op::load, data}}),
      list("a volatile flag", "volatile-orders-nothing", 2,
           {{0, Op::store, data, 1},
            {0, Op::volatile_store, a, 1},
            {1, Op::volatile_load, a},
            {1, Op::skip_unless, 1, 1},
            {1, Op::load, data}}),
      list("a lock with fences", "", 2,
           {{0, Op::spin_lock, a},
            {0, Op::thread_fence},
            {0, Op::store, data, 1},
            {0, Op::thread_fence},
            {0, Op::exchange, a, 0},
            {1, Op::spin_lock, a},
            {1, Op::thread_fence},
            {1, Op::store, data, 1},
            {1, Op::thread_fence},
            {1, Op::exchange, a, 0}}),
      list("a copy, waited for", "", 2,
           {init,
            {0, Op::init_fence},
            meet,
            {0, Op::bulk, 0, global, 16, 0},
            {0, Op::arrive_expect, 0, 16},
            {1, Op::wait_parity, 0, 0},
            {1, Op::load, 0}}),
      list("the value read, on which a branch depends", "volatile-orders-nothing", 2,
           {{0, Op::store, data, 1},
            {0, Op::volatile_store, a, 1},
            {1, Op::volatile_load, a},
            {1, Op::volatile_store, b, 1},  // others go first
            {1, Op::skip_unless, 1, 1},
            {1, Op::store, data, 2}}),
      list("the content of memory", "volatile-orders-nothing", 3,
           {{0, Op::store, data, 1},
            {0, Op::volatile_store, a, 1},
            {0, Op::ballot, 5, 1},
            {1, Op::volatile_store, a, 2},
            {1, Op::ballot, 6, 1},
            {2, Op::ballot, 5, 1},
            {2, Op::ballot, 6, 1},
            {2, Op::volatile_load, a},
            {2, Op::skip_unless, 1, 1},
            {2, Op::load, data}}),
      list("a thread's clock", "data-race", 2,
           {{0, Op::store, data, 1},
            {0, Op::store_release, a, 0},
            {1, Op::load_acquire, a},
            {1, Op::volatile_store, b, 1},
            {1, Op::load, data}}),
      list("whether a phase has been observed", "phase-not-observed", 2,
           {init, meet, {0, Op::arrive, 0, 1}, {1, Op::test_parity, 0, 0}, {0, Op::arrive, 0, 1}}),
      list("how many have arrived", "phase-not-observed too-many-arrivals", 3,
           {{0, Op::init, 0, 2}, meet, {0, Op::arrive, 0, 1}, {1, Op::arrive, 0, 2}, {2, Op::test_parity, 0, 0}}),
      list("the phase that a woken thread has waited for", "deadlock phase-lapped", 2,
           {init,
            meet,
            {1, Op::wait_parity, 0, 0},
            {0, Op::arrive, 0, 1},
            {0, Op::test_parity, 0, 0},
            {0, Op::arrive, 0, 1}}),
      list("the same, of a later thread", "deadlock phase-lapped", 2,
           {init,
            meet,
            {0, Op::wait_parity, 0, 0},
            {1, Op::arrive, 0, 1},
            {1, Op::test_parity, 0, 0},
            {1, Op::arrive, 0, 1}}),
      list("whether a copy is in flight", "bytes-mismatch exit-with-copy-in-flight", 2,
           {init, {0, Op::init_fence}, meet, {0, Op::bulk, 0, global, 16, 0}, {1, Op::arrive, 0, 1}}),
      list("who has waited for a cp.async", "overwrite-while-read read-in-flight visible-to-issuer-only", 2,
           {{0, Op::cp_async_16, 0, global, 16}, {0, Op::wait_all}, {1, Op::add, a, 1}, {1, Op::load, 0}}),
      handed_over("what a store has released", "data-race", {}, {{1, Op::store_release, b, 0}},
                  {{2, Op::load_acquire, b}}),
      handed_over("what a fence has released", "data-race", {}, {{1, Op::thread_fence}, {1, Op::volatile_store, b, 1}},
                  {{2, Op::volatile_load, b}, {2, Op::thread_fence}}),
      handed_over("what an mbarrier has gathered", "data-race", {{0, Op::init, 0, 2}, {everybody, Op::block_barrier}},
                  {{1, Op::arrive, 0, 1}}, {{2, Op::arrive, 0, 1}, {2, Op::wait_parity, 0, 0}}),
      handed_over("what a complete phase hands over", "data-race",
                  {{0, Op::init, 0, 1}, {everybody, Op::block_barrier}}, {{1, Op::arrive, 0, 1}},
                  {{2, Op::wait_parity, 0, 0}}),
      handed_over("what a named barrier has gathered", "data-race", {{0, Op::barrier_arrive, 1, 32}},
                  {{1, Op::barrier_arrive, 1, 32}}, {{2, Op::barrier_sync, 1, 32}})};

  const Program adds(2, {{0, Op::add, a, 1}, {1, Op::add, a, 1}});
  const Program stores(2, {{0, Op::store, data, 1}, {1, Op::store, data, 1}});
  all.push_back({"which of two launches it is", "data-race", [=](const Memory& memory) {
                   memory.run(adds);
                   memory.run(stores);
                 }});
  const Program exchanges(2, {{0, Op::volatile_store, a, 0}, {1, Op::volatile_store, a, 1}});
  const Program reads(
      2,
      {{0, Op::load, a}, {0, Op::skip_unless, 0, 1}, {0, Op::store, data, 1}, {1, Op::add, b, 1}, {1, Op::load, data}});
  all.push_back({"what the launch before has left in memory", "data-race", [=](const Memory& memory) {
                   memory.run(exchanges);
                   memory.run_again(reads);
                 }});
  all.push_back({"a ring of two stages", "", [](const Memory& memory) {
                   ring::two_stages({.consumers = 1, .tiles = 2}, memory.words(), memory.words() + 64);
                 }});
  return all;
}

}  // namespace

TEST_CASE("the exhaustive search finds the same with a cache of states as without, in fewer runs") {
  const Memory memory;
  uint64_t runs = 0, cached_runs = 0;
  for (const Search& search : searches()) {
    INFO(search.what);
    const auto run = [&] { search.run(memory); };
    const emulator::Exploration naive = emulator::explore(run, 100'000, false);
    const emulator::Exploration cached = emulator::explore(run, 100'000);
    CHECK(naive.complete);
    CHECK(names_of(naive) == search.findings);
    CHECK(cached.complete);
    CHECK(names_of(cached) == search.findings);
    CHECK(cached.schedules <= naive.schedules);
    runs += naive.schedules;
    cached_runs += cached.schedules;
  }
  CHECK(cached_runs < runs / 5);
}

TEST_CASE("the search covers every order: n steps of each of two threads make a binomial number of schedules") {
  const Memory memory;
  for (int n = 1; n <= 4; ++n) {
    Program program;
    program.threads = 2;
    for (int i = 0; i < n; ++i) {
      program.add({0, Op::volatile_store, a, i});
      program.add({1, Op::volatile_store, b, i});
    }
    const auto run = [&] { memory.run(program); };
    // The first step of a thread leads to its first access, and each further one over it to the next.
    const uint64_t orders[] = {1, 2, 6, 20, 70, 252};
    CHECK(emulator::explore(run, 1000, false).schedules == orders[n + 1]);
    const emulator::Exploration cached = emulator::explore(run, 1000);
    CHECK(cached.states == static_cast<uint64_t>((n + 1) * (n + 1)));  // a choice wherever both can go on
    CHECK(cached.findings.empty());
  }
}

TEST_CASE("others may go first before everything that they could notice") {
  const Memory memory;
  const std::vector<std::pair<Step, Step>> steps{{{0, Op::volatile_store, a, 1}, {1, Op::volatile_store, b, 1}},
                                                 {{0, Op::volatile_load, a}, {1, Op::volatile_load, b}},
                                                 {{0, Op::store_release, a, 1}, {1, Op::store_release, b, 1}},
                                                 {{0, Op::load_acquire, a}, {1, Op::load_acquire, b}},
                                                 {{0, Op::add, a, 1}, {1, Op::add, b, 1}},
                                                 {{0, Op::init, 0, 1}, {1, Op::init, 1, 1}},
                                                 {{0, Op::barrier_arrive, 1, 32}, {1, Op::barrier_arrive, 2, 32}},
                                                 {{0, Op::wait_all}, {1, Op::wait_all}}};
  for (const auto& [first, second] : steps) {
    CAPTURE(static_cast<int>(first.op));
    const Program program(2, {first, second});
    const emulator::Exploration all = emulator::explore([&] { memory.run(program); }, 100, false);
    CHECK(all.findings.empty());
    CHECK(all.schedules == 6);  // two steps each
  }
  const Step init{0, Op::init, 0, 2}, also{0, Op::init, 1, 2}, fence{0, Op::init_fence},
      meet{everybody, Op::block_barrier};
  const emulator::Exploration start = emulator::explore(
      [&] {
        memory.run(Program(2, {init, also, fence, meet}));
      },
      100, false);
  const std::vector<std::pair<Step, Step>> uses{{{0, Op::arrive, 0, 1}, {1, Op::arrive, 1, 1}},
                                                {{0, Op::arrive_expect, 0, 16}, {1, Op::arrive_expect, 1, 16}},
                                                {{0, Op::expect, 0, 16}, {1, Op::expect, 1, 16}},
                                                {{0, Op::drop, 0}, {1, Op::drop, 1}},
                                                {{0, Op::wait_parity, 0, 1}, {1, Op::wait_parity, 1, 1}},
                                                {{0, Op::test_parity, 0, 1}, {1, Op::test_parity, 1, 1}},
                                                {{0, Op::arrive_copied, 0}, {1, Op::arrive_copied, 1}},
                                                {{0, Op::invalidate, 0}, {1, Op::arrive, 1, 1}}};
  for (const auto& [first, second] : uses) {
    CAPTURE(static_cast<int>(first.op));
    const Program program(2, {init, also, fence, meet, first, second});
    const emulator::Exploration all = emulator::explore([&] { memory.run(program); }, 1000, false);
    CHECK(all.findings.empty());
    CHECK(all.schedules == 6 * start.schedules / 2);
  }
}

TEST_CASE("a search that is cut short says so, and one that is not, too") {
  const Memory memory;
  const Program program(2, {{0, Op::add, a, 1}, {1, Op::add, a, 1}});
  const auto run = [&] { memory.run(program); };
  const emulator::Exploration all = emulator::explore(run, 6, false);
  CHECK(all.complete);
  CHECK(all.schedules == 6);
  const emulator::Exploration some = emulator::explore(run, 5, false);
  CHECK_FALSE(some.complete);
  CHECK(some.schedules == 5);
  CHECK_FALSE(emulator::explore(run, 0).complete);
  const emulator::Exploration nothing = emulator::explore([] {}, 10);
  CHECK(nothing.complete);
  CHECK(nothing.schedules == 1);
}

TEST_CASE("the first message of each finding is kept, and says how it was found") {
  const Memory memory;
  const Program program(2, {{0, Op::store, data, 1}, {1, Op::load, data}});
  const emulator::Exploration found = emulator::explore([&] { memory.run(program); }, 100);
  REQUIRE(found.findings.size() == 1);
  const std::string& message = found.findings.at("data-race");
  CHECK(message.find("error[data-race]: ") == 0);
  CHECK(message.find("found by exhaustive search") != std::string::npos);
}

TEST_CASE("after a search, complete or thrown out of, runs are as before") {
  const Memory memory;
  const Program program(2, {{0, Op::add, a, 1}, {1, Op::add, a, 1}});
  emulator::Options options;
  options.seed = 5;
  options.completion = emulator::Completion::lazy;
  const With with(options);
  emulator::explore([&] { memory.run(program); }, 100);
  CHECK(emulator::options().seed == 5);
  CHECK(emulator::options().completion == emulator::Completion::lazy);
  CHECK(emulator::options().shortens);
  int runs = 0;
  CHECK_THROWS_AS(emulator::explore(
                      [&] {
                        memory.run(program);
                        if (++runs == 3) throw std::runtime_error("the caller's own");
                      },
                      100),
                  std::runtime_error);
  CHECK(emulator::options().shortens);
  const Result result = run(program);  // no schedule is left over from the search
  CHECK(result.finding == "");
  CHECK(result.memory[8] == 2);
}
