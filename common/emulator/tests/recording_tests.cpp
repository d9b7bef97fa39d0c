// The timed schedule: who waits until when, and what is recorded of it.

#include "emulator/recording.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "emulator/tests/async_result.h"

namespace {

using namespace async_kernels;
using emulator::Recorded;
using Kind = emulator::Recorded::Kind;

constexpr uint64_t copy_ticks = 50;

emulator::Options timed() {
  emulator::Options options;
  options.search = emulator::Search::timed;
  options.copy_ticks = copy_ticks;
  return options;
}

// What the program's threads did of one kind, under the timed schedule.
std::vector<Recorded> recorded(const Program& program, Kind kind, const std::string& finding = "") {
  const With with(timed());
  REQUIRE(run(program).finding == finding);
  std::vector<Recorded> found = emulator::take_recording();
  CHECK(emulator::take_recording().empty());  // another time
  std::erase_if(found, [&](const Recorded& r) { return r.kind != kind; });
  return found;
}

Program one_copy() {
  return {1,
          {{0, Op::init, 0, 1},
           {0, Op::init_fence},
           {0, Op::arrive_expect, 0, 64},
           {0, Op::bulk, 0, global + 64, 64, 0},
           {0, Op::store, 100, 1},  // the wait is shorter by this one
           {0, Op::wait_parity, 0, 0},
           {0, Op::wait_parity, 0, 0}}};
}

}  // namespace

TEST_CASE("a copy lands so many ticks after its request, and a blocked wait lasts for the rest of it") {
  const auto requests = recorded(one_copy(), Kind::request);
  const auto waits = recorded(one_copy(), Kind::wait);
  REQUIRE(requests.size() == 1);
  REQUIRE(waits.size() == 2);
  CHECK(requests[0].bytes == 64);
  CHECK(requests[0].object == waits[0].object);
  CHECK(requests[0].place == waits[0].place);
  CHECK(*requests[0].end == requests[0].begin + copy_ticks);
  CHECK(waits[0].begin > requests[0].begin + 1);
  CHECK(waits[0].begin < *requests[0].end);
  CHECK(waits[0].end == requests[0].end);
  CHECK(waits[0].phase == 0);
}

TEST_CASE("a wait for what is there already takes no time") {
  const auto waits = recorded(one_copy(), Kind::wait);
  CHECK(waits.at(1).end == waits[1].begin);
  CHECK(waits[1].phase == 0);
}

TEST_CASE("a phase ends with the last arrival, and who waited goes on with the clock of who arrived") {
  const Program program{64,
                        {{0, Op::init, 0, 1},
                         {0, Op::init_fence},
                         {everybody, Op::block_barrier},
                         {0, Op::store, 0, 1},
                         {0, Op::store, 0, 2},
                         {0, Op::store, 0, 3},
                         {0, Op::arrive, 0, 1},
                         {32, Op::wait_parity, 0, 0}}};
  const auto arrivals = recorded(program, Kind::arrival), completions = recorded(program, Kind::completion);
  auto waits = recorded(program, Kind::wait);
  std::erase_if(waits, [](const Recorded& wait) { return wait.place < 0; });
  REQUIRE(arrivals.size() == 1);
  REQUIRE(completions.size() == 1);
  REQUIRE(waits.size() == 1);
  CHECK(completions[0].begin == arrivals[0].begin);
  CHECK(waits[0].thread == 32);
  CHECK(waits[0].begin + 3 <= arrivals[0].begin);
  CHECK(waits[0].end == arrivals[0].begin);
}

TEST_CASE("__syncthreads() lasts until the last thread has come, for all") {
  Program program(64,
                  {{0, Op::store, 0, 1}, {0, Op::store, 0, 2}, {0, Op::store, 0, 3}, {everybody, Op::block_barrier}});
  const auto waits = recorded(program, Kind::wait);
  REQUIRE(waits.size() == 64);
  const auto last = std::ranges::max_element(waits, {}, &Recorded::begin);
  CHECK(last->thread == 0);
  CHECK(last->begin >= 3);
  for (const Recorded& wait : waits) {
    CHECK(wait.object == "__syncthreads()");
    CHECK(*wait.end >= last->begin);
    CHECK(*wait.end <= last->begin + 1);
  }
}

TEST_CASE("groups of cp.async: each copy under its group, and the wait ends when the awaited one has landed") {
  const Program program{1,
                        {{0, Op::cp_async_16, 0, global + 64, 16},
                         {0, Op::commit},
                         {0, Op::cp_async_16, 4, global + 68, 16},
                         {0, Op::commit},
                         {0, Op::wait_group, 1}}};
  const auto requests = recorded(program, Kind::request), waits = recorded(program, Kind::wait);
  REQUIRE(requests.size() == 2);
  REQUIRE(waits.size() == 1);
  CHECK(requests[0].phase == 0);
  CHECK(requests[1].phase == 1);
  CHECK(requests[1].begin > requests[0].begin);
  CHECK(waits[0].phase == 0);
  CHECK(waits[0].end == requests[0].end);
}

TEST_CASE("questions in a loop are one wait, from the first to the one that is answered with yes") {
  Program asking = one_copy();
  asking.steps[5] = {0, Op::spin_parity, 0, 0};
  const auto requests = recorded(asking, Kind::request), waits = recorded(asking, Kind::wait);
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].begin <= requests.at(0).begin + 3);  // after the store
  CHECK(*waits[0].end >= *requests[0].end);
  CHECK(*waits[0].end <= *requests[0].end + 1);
}

TEST_CASE("where a finding stops the run, who waited has not gone on") {
  const Program program{1, {{0, Op::init, 0, 1}, {0, Op::init_fence}, {0, Op::wait_parity, 0, 0}}};
  const auto waits = recorded(program, Kind::wait, "deadlock");
  REQUIRE(waits.size() == 1);
  CHECK_FALSE(waits[0].end);
  CHECK(waits[0].object == "bars");
}

TEST_CASE("each thread's end is recorded; other schedules record nothing") {
  CHECK(recorded(one_copy(), Kind::exit).size() == 1);
  CHECK(run(one_copy()).finding == "");
  CHECK(emulator::take_recording().empty());
}
