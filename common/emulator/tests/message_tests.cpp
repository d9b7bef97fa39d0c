// What messages tell beyond a finding's name: the lines from which a reader sees what to change.

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "emulator/tests/async_result.h"

namespace {

using namespace async_kernels;

constexpr int source = global + first_numbered_word;

// The message for the steps, taken one after another. Threads 0, 32, 64, ... are the first lanes of their warps.
std::string message_of(int threads, std::initializer_list<Step> steps) {
  emulator::Options options = emulator::options();
  options.seed = 0;
  const With with(options);
  Program program(threads, steps);
  program.in_order = true;
  return run(program).message;
}

bool tells(const std::string& message, const std::string& words) { return message.find(words) != std::string::npos; }

// Thread 0 stores a word and arrives at a bar; thread 32 waits for `parity` and reads the word. (message_of's
// __syncthreads() between steps would order everything: so here the threads run as they like.)
constexpr int the_store = 3, the_arrival = 4, the_wait = 5, the_load = 6;
Program handover(int parity) {
  return {64,
          {{0, Op::init, 0, 1},
           {0, Op::init_fence},
           {everybody, Op::block_barrier},
           {0, Op::store, 5, 1},
           {0, Op::arrive, 0, 1},
           {32, Op::wait_parity, 0, parity},
           {32, Op::load, 5}}};
}

}  // namespace

TEST_CASE("a race tells whether the first has arrived since, and what each of the two waited for last") {
  const Program early = handover(0);
  Program late = early;
  std::swap(late.steps[the_store], late.steps[the_arrival]);
  emulator::Options options = emulator::options();
  bool read_late = false;
  for (options.seed = 0; options.seed < 20; ++options.seed) {
    const With with(options);
    const Result result = run(late);
    REQUIRE(result.finding == "data-race");
    if (!tells(result.message, "earlier write by block 0, warp 0, lane 0")) continue;
    read_late = true;
    CHECK(tells(result.message, "since then warp 0, lane 0 has arrived at no mbarrier"));
    CHECK(tells(result.message, "the last wait of warp 1, lane 0 ("));
    CHECK(tells(result.message, ") was for phase 0 of "));
    CHECK(tells(result.message, "where the first arrives after its access and the second waits before its own"));
    CHECK(run(early).finding == "");
  }
  CHECK(read_late);
}

TEST_CASE("a race behind a wait that a fresh barrier let pass says so; without a wait, where the first has arrived") {
  Program program = handover(1);
  const auto is_told = [&](const std::string& words) {
    emulator::Options options = emulator::options();
    for (options.seed = 0; options.seed < 40; ++options.seed) {
      const With with(options);
      if (tells(run(program).message, words)) return true;
    }
    return false;
  };
  CHECK(is_told("was for parity 1 of `bars`, which a fresh barrier lets pass"));
  program.steps[the_wait] = program.steps[the_load];
  program.size = the_load;
  CHECK(is_told("since then warp 0, lane 0 has arrived in phase 0 of `bars`"));
  CHECK(!is_told("the last wait"));
}

TEST_CASE("a race where there is no mbarrier says nothing of them") {
  const Result result = run(Program(64, {{0, Op::store, 5, 1}, {32, Op::store, 5, 2}}));
  CHECK(result.finding == "data-race");
  CHECK(!tells(result.message, "mbarrier"));
}

TEST_CASE("one arrival too many: a thread that came twice is told so, and another is not") {
  const std::string twice = message_of(2, {{0, Op::init, 0, 2},
                                           {0, Op::init_fence},
                                           {0, Op::arrive_expect, 0, 16},
                                           {1, Op::arrive, 0, 1},
                                           {0, Op::arrive, 0, 1}});
  CHECK(tells(twice, "error[too-many-arrivals]"));
  CHECK(tells(twice, "this thread has already arrived in this phase ("));
  CHECK(tells(twice, "comes when this phase is complete and the slot is free again"));
  const std::string other =
      message_of(2, {{0, Op::init, 0, 1}, {0, Op::init_fence}, {0, Op::arrive_expect, 0, 16}, {1, Op::arrive, 0, 1}});
  const std::string expected = message_of(
      2,
      {{0, Op::init, 0, 1}, {0, Op::init_fence}, {0, Op::expect, 0, 16}, {1, Op::arrive, 0, 1}, {0, Op::arrive, 0, 1}});
  for (const std::string& message : {other, expected}) {
    CHECK(tells(message, "error[too-many-arrivals]"));
    CHECK(!tells(message, "already arrived"));
    CHECK(tells(message, "decide for each barrier who arrives, and how often"));
  }
}

TEST_CASE("who only expects bytes has not arrived; who left an arrival to its copies has") {
  const Step init{0, Op::init, 0, 2}, fence{0, Op::init_fence}, wait{0, Op::wait_parity, 0, 0};
  const std::string expects = message_of(1, {init, fence, {0, Op::expect, 0, 16}, wait});
  const std::string copies =
      message_of(1, {init, fence, {0, Op::cp_async_16, 0, source, 16}, {0, Op::arrive_noinc, 0}, wait});
  CHECK(tells(expects, "error[deadlock]"));
  CHECK(tells(expects, "nobody has ever arrived at it"));
  CHECK(tells(copies, "error[deadlock]"));
  CHECK(tells(copies, "so far warp 0 arrived at it"));
}

TEST_CASE("a read of a copy in flight is told the reader's last wait, also if that came late") {
  const std::string message = message_of(33, {{0, Op::init, 0, 1},
                                              {0, Op::init_fence},
                                              {0, Op::arrive, 0, 1},
                                              {0, Op::wait_parity, 0, 0},
                                              {0, Op::arrive, 0, 1},
                                              {32, Op::wait_parity, 0, 1},
                                              {0, Op::bulk, 0, source, 16, 0},
                                              {32, Op::load, 0}});
  CHECK(tells(message, "error[read-in-flight]"));
  CHECK(tells(message, "the last wait for `bars` ("));
  CHECK(tells(message, ") was for parity 1, and phase 1 was complete long ago"));
}

TEST_CASE("two threads that request one copy are told to choose; one that comes too early is told to wait") {
  const std::string both = message_of(2, {{0, Op::init, 0, 1},
                                          {0, Op::init_fence},
                                          {0, Op::arrive_expect, 0, 64},
                                          {everybody, Op::bulk, 0, source, 16, 0}});
  const std::string early = message_of(
      1, {{0, Op::init, 0, 1}, {0, Op::init_fence}, {0, Op::bulk, 0, source, 16, 0}, {0, Op::bulk, 0, source, 16, 0}});
  CHECK(tells(both, "error[write-in-flight]"));
  CHECK(tells(both, "a copy is requested once, by one thread"));
  CHECK(tells(early, "error[write-in-flight]"));
  CHECK(tells(early, "no more copies than slots are in flight"));
}

TEST_CASE("two roles of which neither begins are told who begins; one role alone, or one that has begun, is not") {
  Program neither(64, {{0, Op::init, 0, 1},
                       {0, Op::init, 1, 2},
                       {0, Op::init_fence},
                       {everybody, Op::block_barrier},
                       {warp(0), Op::wait_parity, 0, 0},
                       {warp(1), Op::wait_parity, 1, 0}});
  CHECK(tells(run(neither).message, "suspicious: nobody has arrived anywhere, so nobody begins"));
  Program alone = neither, begun = neither;
  alone.steps[5].a = 0;
  begun.steps[4] = {0, Op::arrive, 1, 1};
  begun.add({warp(0), Op::wait_parity, 0, 0});
  for (const Program& program : {alone, begun}) {
    const std::string message = run(program).message;
    CHECK(tells(message, "error[deadlock]"));
    CHECK(!tells(message, "nobody begins"));
  }
}

TEST_CASE("bytes that never come: the message says where they were announced and where copies were requested") {
  const std::string message = message_of(1, {{0, Op::init, 0, 1},
                                             {0, Op::init_fence},
                                             {0, Op::bulk, 0, source, 16, 0},
                                             {0, Op::arrive_expect, 0, 32},
                                             {0, Op::wait_parity, 0, 0}});
  CHECK(tells(message, "error[bytes-mismatch]"));
  CHECK(tells(message, "bytes were expected at async_kernels.cu:"));
  CHECK(tells(message, ", copies were requested at async_kernels.cu:"));
}
