// Who learns of what: flags and atomics, fences, named barriers, elections, and loops that ask.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "emulator/tests/async_result.h"
#include "gpu/device.h"

namespace {

using namespace async_kernels;

Program list(int threads, const std::vector<std::vector<Step>>& parts, int blocks = 1) {
  Program program;
  program.threads = threads;
  program.blocks = blocks;
  for (const auto& part : parts) {
    for (const Step& step : part) program.add(step);
  }
  return program;
}

// Under all schedules that the environment asks for, without shortening them.
void for_each_schedule(const std::function<void()>& check) {
  gpu::for_each_schedule([&] {
    emulator::Options options = emulator::options();
    options.shortens = false;
    const With with(options);
    CAPTURE(options.seed);
    check();
  });
}

void check_always(const std::set<std::string>& findings, const Program& program) {
  for_each_schedule([&] {
    const Result result = run(program);
    INFO(result.message);
    REQUIRE(findings.count(result.finding) == 1);
  });
}

constexpr int data = global, flag = global + 8;

// Two ways to set the flag and to see it, with what orders and what does not.
struct Way {
  std::vector<Op> steps;
  bool orders;
};

const std::vector<Way> ways_to_set{{{Op::store_release}, true},
                                   {{Op::thread_fence, Op::volatile_store}, true},
                                   {{Op::thread_fence, Op::exchange}, true},
                                   {{Op::thread_fence, Op::add}, true},
                                   {{Op::volatile_store}, false},
                                   {{Op::volatile_store, Op::thread_fence}, false},
                                   {{Op::exchange}, false},
                                   {{Op::add, Op::thread_fence}, false},
                                   {{Op::proxy_fence, Op::volatile_store}, false}};
const std::vector<Way> ways_to_see{{{Op::spin_acquire}, true},
                                   {{Op::spin_volatile, Op::thread_fence}, true},
                                   {{Op::spin_volatile}, false},
                                   {{Op::thread_fence, Op::spin_volatile}, false}};

std::vector<Step> steps_of(int thread, const Way& way) {
  std::vector<Step> steps;
  for (const Op op : way.steps) steps.push_back({thread, op, flag, 1});
  return steps;
}

}  // namespace

TEST_CASE("a flag orders what was before it only from a release to an acquire") {
  for (const bool in_two_blocks : {false, true}) {
    for (const Way& set : ways_to_set) {
      for (const Way& see : ways_to_see) {
        const Program program =
            list(in_two_blocks ? 1 : 2,
                 {{{0, Op::store, data, 7}}, steps_of(0, set), steps_of(1, see), {{1, Op::load, data}}},
                 in_two_blocks ? 2 : 1);
        if (set.orders && see.orders) {
          for_each_schedule([&] {
            const Result result = run(program);
            INFO(result.message);
            CHECK(result.finding == "");
            CHECK(result.answers[static_cast<std::size_t>(program.size) - 1] == 7);
          });
        } else {
          const bool is_volatile_alone = !in_two_blocks && see.steps.front() != Op::spin_acquire;
          check_always({is_volatile_alone ? "volatile-orders-nothing" : "data-race"}, program);
        }
      }
    }
  }
}

TEST_CASE("a flag orders what was before it, and not what comes after") {
  check_always({"data-race"}, list(2, {{{0, Op::store_release, flag, 1}, {0, Op::store, data, 7}},
                                       {{1, Op::spin_acquire, flag, 1}, {1, Op::load, data}}}));
  check_always({"data-race", "volatile-orders-nothing"},
               list(2, {{{0, Op::thread_fence}, {0, Op::store, data, 7}, {0, Op::volatile_store, flag, 1}},
                        {{1, Op::spin_volatile, flag, 1}, {1, Op::thread_fence}, {1, Op::load, data}}}));
  // Another flag is nobody's business.
  check_always({"data-race"}, list(2, {{{0, Op::store, data, 7}, {0, Op::store_release, flag, 1}},
                                       {{1, Op::load_acquire, flag + 1}, {1, Op::load, data}}}));
}

TEST_CASE("an atomic update carries on what a release before it published; a store does not") {
  const std::vector<Step> first{{0, Op::store, data, 7}, {0, Op::store_release, flag, 1}};
  // It looks when the flag is 2 already, and has not seen it before: another flag, which orders nothing, says so.
  const std::vector<Step> last{{2, Op::spin_volatile, flag + 1, 1},
                               {2, Op::load_acquire, flag},
                               {2, Op::skip_unless, 2, 1},
                               {2, Op::load, data}};
  const auto between = [](Op look, Op change, int value) {
    return std::vector<Step>{{1, look, flag, 1}, {1, change, flag, value}, {1, Op::volatile_store, flag + 1, 1}};
  };
  for (const int blocks : {1, 3}) {
    const int threads = blocks == 1 ? 3 : 1;
    check_always({""}, list(threads, {first, between(Op::spin_volatile, Op::add, 1), last}, blocks));
    check_always({""}, list(threads, {first, between(Op::spin_volatile, Op::exchange, 2), last}, blocks));
    check_always({"data-race", "volatile-orders-nothing"},
                 list(threads, {first, between(Op::spin_volatile, Op::volatile_store, 2), last}, blocks));
    check_always({"data-race", "volatile-orders-nothing"},
                 list(threads, {first, between(Op::spin_volatile, Op::store_release, 2), last}, blocks));
    // From hand to hand: what the second thread has learned, it hands over itself.
    check_always({""}, list(threads, {first, between(Op::spin_acquire, Op::store_release, 2), last}, blocks));
  }
}

TEST_CASE("atomic updates happen one after another, and answer what was there") {
  Program program;
  program.threads = 32;
  for (int t = 0; t < 32; ++t) program.add({t, Op::add, flag, 1});
  std::set<std::vector<int64_t>> orders;
  for_each_schedule([&] {
    const Result result = run(program);
    CHECK(result.finding == "");
    CHECK(result.memory[8] == 32);
    CHECK(emulator::counts().atomics == 32);
    std::vector<int64_t> before(result.answers.begin(), result.answers.begin() + 32);
    orders.insert(before);
    std::sort(before.begin(), before.end());
    for (int i = 0; i < 32; ++i) CHECK(before[static_cast<std::size_t>(i)] == i);
  });
  CHECK(orders.size() > 1);
  const Result result = run(list(1, {{{0, Op::compare_swap, flag, 0, 5},
                                      {0, Op::compare_swap, flag, 4, 6},
                                      {0, Op::compare_swap, flag, 5, 7},
                                      {0, Op::exchange, flag, -8},
                                      {0, Op::add, flag, 3},
                                      {0, Op::load, flag}}}));
  CHECK(result.answers[0] == 0);
  CHECK(result.answers[1] == 5);
  CHECK(result.answers[2] == 5);
  CHECK(result.answers[3] == 7);
  CHECK(result.answers[4] == -8);
  CHECK(result.answers[5] == -5);
}

TEST_CASE("a lock protects what it holds, if fences stand inside it") {
  const auto locked = [](bool fences) {
    Program program;
    program.threads = 4;
    for (int t = 0; t < 4; ++t) {
      program.add({t, Op::spin_lock, flag});
      if (fences) program.add({t, Op::thread_fence});
      program.add({t, Op::load, data});
      program.add({t, Op::store, data, t + 1});
      if (fences) program.add({t, Op::thread_fence});
      program.add({t, Op::exchange, flag, 0});
    }
    return program;
  };
  std::set<int> winners;
  for_each_schedule([&] {
    const Result result = run(locked(true));
    INFO(result.message);
    CHECK(result.finding == "");
    winners.insert(result.memory[0]);
  });
  CHECK(winners.size() == 4);
  check_always({"volatile-orders-nothing"}, locked(false));
}

TEST_CASE("a loop that asks ends when somebody changes the answer, whoever goes first") {
  for (const Op spin : {Op::spin_acquire, Op::spin_volatile}) {
    for (const Op set : {Op::store_release, Op::volatile_store, Op::exchange, Op::add}) {
      check_always({""}, list(2, {{{0, spin, flag, 1}}, {{1, set, flag, 1}}}));
    }
  }
  const std::vector<Step> begin{{0, Op::init, 0, 1}, {0, Op::init_fence}, {everybody, Op::block_barrier}};
  check_always({""}, list(2, {begin, {{1, Op::spin_parity, 0, 0}}, {{0, Op::arrive, 0, 1}}}));
  const std::vector<Step> copy{{0, Op::arrive_expect, 0, 16}, {0, Op::bulk, 0, global, 16, 0}};
  check_always({""}, list(2, {begin, {{1, Op::spin_parity, 0, 0}}, copy}));
  check_always({""}, list(2, {begin, {{1, Op::wait_parity, 0, 0}}, copy}));
}

TEST_CASE("a loop that asks learns soon of a change, and not when all others wait") {
  // Thread 0 looks at many words, makes the change, looks at many more, and adds; thread 1 asks, and adds.
  const std::vector<std::pair<Step, Step>> changes{{{0, Op::arrive, 0, 1}, {1, Op::spin_parity, 0, 0}},
                                                   {{0, Op::store_release, flag, 1}, {1, Op::spin_acquire, flag, 1}},
                                                   {{0, Op::volatile_store, flag, 1}, {1, Op::spin_volatile, flag, 1}},
                                                   {{0, Op::exchange, flag, 1}, {1, Op::spin_volatile, flag, 1}}};
  for (const auto& [change, loop] : changes) {
    CAPTURE(static_cast<int>(change.op));
    Program program(2, {{0, Op::init, 0, 1}, {everybody, Op::block_barrier}, loop, {1, Op::add, global, 1}});
    for (int i = 16; i < 32; ++i) program.add({0, Op::load_acquire, global + i});
    program.add(change);
    for (int i = 32; i < 64; ++i) program.add({0, Op::load_acquire, global + i});
    program.add({0, Op::add, global, 1});
    int early = 0;
    emulator::Options options;
    for (options.seed = 1; options.seed < 400; options.seed += 4) {  // fair schedules
      const With with(options);
      const Result result = run(program);
      REQUIRE(result.finding == "");
      early += result.answers[3] == 0;
    }
    CHECK(early > 90);
  }
}

TEST_CASE("a loop that asks in vain is a livelock; one that gives up ends; a wait is a deadlock") {
  const std::vector<Step> begin{{0, Op::init, 0, 1}, {everybody, Op::block_barrier}};
  const std::vector<Step> too_few{{0, Op::init_fence}, {0, Op::bulk, 0, global, 16, 0}, {0, Op::arrive_expect, 0, 32}};
  const std::vector<std::pair<std::string, Program>> programs{
      {"livelock", list(2, {{{0, Op::spin_acquire, flag, 1}}, {{1, Op::volatile_store, flag, 2}}})},
      {"livelock", list(2, {{{0, Op::spin_volatile, flag, 1}}, {{1, Op::spin_volatile, flag + 1, 1}}})},
      {"deadlock", list(2, {begin, {{1, Op::spin_parity, 0, 0}}})},
      {"livelock", list(1, {{{0, Op::exchange, flag, 1}, {0, Op::spin_lock, flag}}})},
      {"deadlock", list(2, {begin, {{1, Op::wait_parity, 0, 0}}})},
      {"bytes-mismatch", list(2, {begin, too_few, {{1, Op::wait_parity, 0, 0}}})},
      {"bytes-mismatch", list(2, {begin, too_few, {{1, Op::spin_parity, 0, 0}}})},
      {"deadlock", list(2, {begin, {{1, Op::spin_volatile, flag, 1}, {0, Op::wait_parity, 0, 0}}})},
      {"", list(1, {{{0, Op::ask_volatile, flag, 1, 20'000}}})},
      {"",
       list(2, {begin, {{0, Op::ask_volatile, flag, 1, 100}, {1, Op::ask_parity, 0, 0, 100}, {1, Op::arrive, 0, 1}}})}};
  for (const auto& [finding, program] : programs) {
    emulator::Options options;
    options.shortens = false;
    for (options.seed = 0; options.seed < 5; ++options.seed) {  // few: each ends after many questions
      const With with(options);
      const Result result = run(program);
      INFO(result.message);
      CHECK(result.finding == finding);
      for (int i = 0; i < program.size; ++i) {
        const Op op = program.steps[i].op;
        if (op == Op::ask_volatile || op == Op::ask_parity) CHECK(result.answers[static_cast<std::size_t>(i)] == 0);
      }
    }
  }
}

TEST_CASE("a try may fail though the phase will complete, as where the hardware's time is up") {
  std::set<int64_t> answers;
  emulator::Options options;
  for (options.seed = 0; options.seed < 40; ++options.seed) {
    const With with(options);
    const Result result = run(list(1, {{{0, Op::init, 0, 1},
                                        {0, Op::init_fence},
                                        {0, Op::bulk, 0, global, 16, 0},
                                        {0, Op::arrive_expect, 0, 16},
                                        {0, Op::try_parity, 0, 0},
                                        {0, Op::wait_parity, 0, 0}}}));
    CHECK(result.finding == "");
    answers.insert(result.answers[4]);
  }
  CHECK(answers == std::set<int64_t>{0, 1});
}

TEST_CASE("a named barrier orders what was before it in those who come, for those who wait") {
  const std::vector<Step> write{{0, Op::store, data, 7}}, read{{32, Op::load, data}};
  const auto meet = [](Op first, Op second) {
    return std::vector<Step>{{warp(0), first, 3, 64}, {warp(1), second, 3, 64}};
  };
  const Op sync = Op::barrier_sync, arrive = Op::barrier_arrive;
  check_always({""}, list(64, {write, meet(sync, sync), read}));
  check_always({""}, list(64, {write, meet(arrive, sync), read}));
  check_always({"data-race"}, list(64, {write, meet(sync, arrive), read}));
  check_always({"data-race"}, list(64, {meet(sync, sync), write, read}));
  check_always({"data-race"}, list(64, {meet(arrive, sync), write, read}));
  CHECK(run(list(64, {meet(sync, sync), meet(sync, sync)})).finding == "");
  CHECK(emulator::counts().named_barriers == 2);
  CHECK(emulator::counts().block_barriers == 0);
}

TEST_CASE("named barriers do not know of each other, and begin again when they are complete") {
  // A slot between two warps, four times: full is barrier 1, empty is barrier 2.
  Program program;
  program.threads = 64;
  for (int tile = 0; tile < 4; ++tile) {
    if (tile > 0) program.add({warp(0), Op::barrier_sync, 2, 64});
    program.add({0, Op::store, 0, tile});
    program.add({warp(0), Op::barrier_arrive, 1, 64});
    program.add({warp(1), Op::barrier_sync, 1, 64});
    program.add({33, Op::load, 0});
    if (tile < 3) program.add({warp(1), Op::barrier_arrive, 2, 64});
  }
  for_each_schedule([&] {
    const Result result = run(program);
    INFO(result.message);
    CHECK(result.finding == "");
    int tile = 0;
    for (int i = 0; i < program.size; ++i) {
      if (program.steps[i].op == Op::load) CHECK(result.answers[static_cast<std::size_t>(i)] == tile++);
    }
    CHECK(emulator::counts().named_barriers == 7);
  });
  // Three warps, and pairs of them at two barriers.
  check_always({""}, list(96, {{{warp(0), Op::barrier_sync, 1, 64},
                                {warp(1), Op::barrier_arrive, 1, 64},
                                {warp(1), Op::barrier_sync, 2, 64},
                                {warp(2), Op::barrier_sync, 2, 64},
                                {everybody, Op::barrier_sync, 15, 96}}}));
}

TEST_CASE("a last warp that is not full counts as a whole one when all of it has come") {
  check_always({""}, list(40, {{{0, Op::store, data, 7}, {everybody, Op::barrier_sync, 1, 64}, {39, Op::load, data}}}));
  check_always({""}, list(8, {{{everybody, Op::barrier_sync, 1, 32}}}));
  CHECK(emulator::counts().named_barriers == 1);
  check_always({"deadlock"}, list(40, {{{39, Op::leave}, {everybody, Op::barrier_sync, 1, 64}}}));
  check_always({"deadlock"}, list(40, {{{0, Op::leave}, {everybody, Op::barrier_sync, 1, 64}}}));
}

TEST_CASE("a named barrier's misuse is found") {
  const auto misuse = [](const std::vector<Step>& steps) { check_always({"named-barrier-misuse"}, list(64, {steps})); };
  for (const long id : {-1, 16}) misuse({{everybody, Op::barrier_sync, id, 64}});
  for (const long threads : {0, 16, 33, 96}) misuse({{everybody, Op::barrier_sync, 1, threads}});
  misuse({{warp(0), Op::barrier_sync, 1, 64}, {warp(1), Op::barrier_sync, 1, 32}});
  misuse({{warp(0), Op::barrier_arrive, 1, 64}, {warp(0), Op::barrier_arrive, 1, 64}});
  // Barrier 0 is the one of __syncthreads(), whoever comes first.
  misuse({{0, Op::barrier_arrive, 0, 64}, {everybody, Op::ballot, -1, 1}, {1, Op::block_barrier}});
  misuse({{1, Op::volatile_store, flag, 1},
          {1, Op::block_barrier},
          {0, Op::spin_volatile, flag, 1},
          {0, Op::barrier_arrive, 0, 64}});
  check_always({""}, list(64, {{{everybody, Op::barrier_sync, 0, 64}, {everybody, Op::barrier_sync, 15, 64}}}));
}

TEST_CASE("elect_sync elects one lane of the mask, the same each time, and not always the first") {
  std::set<int> leaders;
  const Program program = list(64, {{{everybody, Op::elect, -1},
                                     {everybody, Op::keep, global + 64},
                                     {everybody, Op::elect, -1},
                                     {everybody, Op::keep, global + 128},
                                     {warp(0), Op::ballot, -1, 1},
                                     {warp(0), Op::skip_unless, -1, 0}}});
  emulator::Options options;
  for (options.seed = 0; options.seed < 40; ++options.seed) {
    const With with(options);
    const Result result = run(program);
    REQUIRE(result.finding == "");
    for (const int lanes : {0, 32}) {
      const auto first = result.memory.begin() + 64 + lanes;
      CHECK(std::count(first, first + 32, 1) == 1);
      CHECK(std::count(first, first + 32, 0) == 31);
      CHECK(std::equal(first, first + 32, first + 64));
      leaders.insert(static_cast<int>(std::find(first, first + 32, 1) - first));
    }
  }
  CHECK(leaders.size() > 10);
  std::set<int> some;
  for (options.seed = 0; options.seed < 40; ++options.seed) {
    const With with(options);
    Program subset;
    subset.threads = 32;
    for (const int lane : {3, 4, 30}) {
      subset.add({lane, Op::elect, (1 << 3) | (1 << 4) | (1 << 30)});
    }
    const Result result = run(subset);
    REQUIRE(result.finding == "");
    CHECK(result.answers[0] + result.answers[1] + result.answers[2] == 1);
    some.insert(static_cast<int>(std::find(result.answers.begin(), result.answers.end(), 1) - result.answers.begin()));
  }
  CHECK(some == std::set<int>{0, 1, 2});
}

TEST_CASE("each policy finds what its sources demand, and no more") {
  struct Row {
    const char* finding;
    bool strict, guide, hardware;
    Program program;
  };
  const std::vector<Step> init{{0, Op::init, 0, 1}, {0, Op::init_fence}, {everybody, Op::block_barrier}};
  const std::vector<Step> copy{
      {0, Op::arrive_expect, 0, 16}, {0, Op::bulk, 0, global, 16, 0}, {0, Op::wait_parity, 0, 0}};
  const std::vector<Step> copy_by_the_other{
      {1, Op::arrive_expect, 0, 16}, {1, Op::bulk, 0, global, 16, 0}, {1, Op::wait_parity, 0, 0}};
  const std::vector<Step> meet{{everybody, Op::block_barrier}};
  const std::vector<Step> read{{1, Op::load, 1}}, write{{1, Op::store, 1, 5}}, fence{{1, Op::proxy_fence}};
  const std::vector<Step> write_source{{1, Op::store, global + 1, 5}};
  const std::vector<Row> rows{
      {"unfenced-init", true, false, false, list(2, {{{0, Op::init, 0, 1}}, meet, copy})},
      {"unfenced-init", true, false, false, list(2, {{{0, Op::init, 0, 1}, {1, Op::init_fence}}, meet, copy})},
      {"unfenced-init", true, false, false,
       list(2, {{{0, Op::init, 0, 1}}, meet, {{0, Op::init_fence}, {everybody, Op::ballot, 3, 1}}, copy_by_the_other})},
      {"unfenced-read", true, false, true, list(2, {init, read, meet, copy})},
      {"unfenced-read", true, false, true, list(2, {init, read, meet, {{1, Op::proxy_fence}}, copy})},
      {"unfenced-store", true, true, true, list(2, {init, write, meet, copy})},
      {"unfenced-store", true, true, true, list(2, {init, fence, write, meet, copy})},
      {"unfenced-store", true, true, true, list(2, {init, write_source, meet, copy})},
      {"phase-not-observed", true, true, false, list(2, {init, {{1, Op::arrive, 0, 1}, {1, Op::arrive, 0, 1}}})},
      {"divergent-barrier", true, false, false, list(2, {{{1, Op::leave}}, meet})},
      {"overwrite-while-read", true, true, true, list(2, {init, read, {{everybody, Op::ballot, 3, 1}}, copy})},
      {"", true, true, true, list(2, {init, read, fence, meet, copy})},
      {"", true, true, true, list(2, {init, write, fence, meet, copy})},
      {"", true, true, true, list(2, {init, write, meet, {{0, Op::proxy_fence}}, copy})},
      {"", true, true, true, list(2, {init, write_source, meet, {{0, Op::proxy_fence}}, copy})},
      {"", true, true, true, list(2, {{{0, Op::init, 0, 1}, {0, Op::proxy_fence}}, meet, copy})}};
  for (const Row& row : rows) {
    const std::string name = row.finding;
    CAPTURE(name);
    for (const auto& [policy, finds] : {std::pair{emulator::Policy::strict, row.strict},
                                        {emulator::Policy::guide, row.guide},
                                        {emulator::Policy::hardware, row.hardware}}) {
      emulator::Options options = emulator::options();
      options.policy = policy;
      const With with(options);
      CAPTURE(static_cast<int>(policy));
      check_always({finds ? name : ""}, row.program);
    }
  }
}

TEST_CASE("an atomic access outside every buffer is found before it happens") {
  constexpr long far = 0x1fffffff;
  for (const Op op : {Op::volatile_load, Op::volatile_store, Op::load_acquire, Op::store_release, Op::add, Op::exchange,
                      Op::compare_swap}) {
    CAPTURE(static_cast<int>(op));
    CHECK(run(list(1, {{{0, op, global + global_words, 1, 2}}})).finding == "out-of-bounds");
    CHECK(run(list(1, {{{0, op, far, 1, 2}}})).finding == "out-of-bounds");
    CHECK(run(list(1, {{{0, op, global + global_words - 1, 1, 2}}})).finding == "");
  }
}
