// The machine: what a run counts, which blocks run side by side, and what a run leaves for the next one: nothing.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emulator/tests/async_result.h"
#include "emulator/tests/ring.h"

namespace {

using namespace async_kernels;

// Runs a ring on `tiles` tiles of `tile_ints` ints and returns what it has put out.
std::vector<int> run_ring(int tiles, int tile_ints, int outputs, const std::function<void(int*, const int*)>& launch) {
  std::vector<int> input(static_cast<std::size_t>(tiles * tile_ints)), output(static_cast<std::size_t>(outputs));
  std::iota(input.begin(), input.end(), 0);
  const gpu::DeviceBuffer<int> device_input("input", std::span<const int>(input), 0);
  const gpu::DeviceBuffer<int> device_output("output", std::span<const int>(output), 0);
  launch(device_output.data(), device_input.data());
  device_output.download(output);
  return output;
}

std::vector<int> run_two_stages(int consumers, int tiles) {
  return run_ring(tiles, 32, consumers, [&](int* output, const int* input) {
    ring::two_stages({.consumers = consumers, .tiles = tiles}, output, input);
  });
}

void for_all_ways(const std::function<void()>& check) {
  for (const auto search : {emulator::Search::random, emulator::Search::pct}) {
    for (const auto completion : {emulator::Completion::any, emulator::Completion::eager, emulator::Completion::lazy}) {
      emulator::Options options;
      options.search = search;
      options.completion = completion;
      for (options.seed = 0; options.seed < 8; ++options.seed) {
        const With with(options);
        CAPTURE(options.seed);
        check();
      }
    }
  }
}

Program list(int threads, const std::vector<Step>& steps, int blocks = 1) {
  Program program;
  program.threads = threads;
  program.blocks = blocks;
  for (const Step& step : steps) program.add(step);
  return program;
}

constexpr int flag = global + 8;

}  // namespace

TEST_CASE("a ring of two stages counts its copies, arrivals, phases and waits, whatever the schedule") {
  const uint64_t consumers = 3, tiles = 5;
  for_all_ways([&] {
    const std::vector<int> output = run_two_stages(consumers, tiles);
    int sum = 0;
    for (int tile = 0; tile < 5; ++tile) sum += 32 * tile + 1 + 32 * tile + 17;
    CHECK(output[1] == sum);
    const emulator::Counts& counts = emulator::counts();
    CHECK(counts.threads == 1 + consumers);
    CHECK(counts.bulk_copies == tiles);
    CHECK(counts.bulk_copy_bytes == 128 * tiles);
    CHECK(counts.tensor_copies == 0);
    CHECK(counts.tensor_copy_bytes == 0);
    CHECK(counts.cp_async_copies == 0);
    CHECK(counts.cp_async_bytes == 0);
    CHECK(counts.barrier_arrivals == tiles + consumers * tiles);
    CHECK(counts.barrier_phases == 2 * tiles);
    CHECK(counts.waits == tiles + consumers * tiles);
    CHECK(counts.waits_blocked <= counts.waits);
    CHECK(counts.block_barriers == 1);
    CHECK(counts.named_barriers == 0);
    CHECK(counts.warp_collectives == 0);
    CHECK(counts.atomics == 0);
    CHECK(counts.shared_loads == 2 * consumers * tiles);
    CHECK(counts.shared_load_bytes == 4 * 2 * consumers * tiles);
    CHECK(counts.shared_stores == 0);
    CHECK(counts.global_loads == 0);
    CHECK(counts.global_stores == consumers);
    CHECK(counts.global_store_bytes == 4 * consumers);
    CHECK(counts.most_bytes_in_flight >= 128);
    CHECK(counts.most_bytes_in_flight <= 256);
    if (emulator::options().completion == emulator::Completion::eager) CHECK(counts.most_bytes_in_flight == 128);
  });
}

TEST_CASE("a ring of four stages counts them, too, and its warps' meetings") {
  const uint64_t tiles = 7;
  emulator::Options options;
  for (const auto completion : {emulator::Completion::any, emulator::Completion::eager, emulator::Completion::lazy}) {
    options.completion = completion;
    const With with(options);
    const std::vector<int> output =
        run_ring(7, 1024, 256, [&](int* out, const int* in) { ring::four_stages(7, out, in); });
    int sum = 0;
    for (int tile = 0; tile < 7; ++tile) {
      for (int i = 0; i < 4; ++i) sum += 1024 * tile + 256 * i + 9;
    }
    CHECK(output[9] == sum);
    const emulator::Counts& counts = emulator::counts();
    CHECK(counts.threads == 256);
    CHECK(counts.bulk_copies == tiles);
    CHECK(counts.bulk_copy_bytes == 4096 * tiles);
    CHECK(counts.barrier_arrivals == tiles + 8 * tiles);
    CHECK(counts.barrier_phases == 2 * tiles);
    CHECK(counts.waits == 256 * tiles + tiles - 4);
    CHECK(counts.warp_collectives == 8 * tiles);
    CHECK(counts.shared_loads == 256 * 4 * tiles);
    CHECK(counts.global_stores == 256);
    const uint64_t most = counts.most_bytes_in_flight;
    if (completion == emulator::Completion::any) CHECK((most >= 4096 && most <= 4 * 4096));
    if (completion == emulator::Completion::eager) CHECK(most == 4096);
    if (completion == emulator::Completion::lazy) CHECK(most == 4 * 4096);
  }
}

TEST_CASE("cp.async, atomics and named barriers are counted, and waits that did and did not block") {
  const Program program = list(64, {{everybody, Op::cp_async_16, 0, global, 0},  // zeros, nothing from memory
                                    {0, Op::wait_all}});
  CHECK(run(program).finding == "write-in-flight");  // all to one place: a run that ends early is counted so far
  CHECK(emulator::counts().cp_async_copies == 2);
  for_all_ways([&] {
    const Result result = run(list(32, {{0, Op::cp_async_16, 0, global, 16},
                                        {0, Op::cp_async_8, 4, global, 8},
                                        {0, Op::commit},
                                        {0, Op::cp_async_4, 8, global, 3},
                                        {0, Op::wait_group, 0},
                                        {0, Op::wait_group, 0},
                                        {0, Op::wait_all},
                                        {1, Op::add, flag, 1},
                                        {1, Op::load_acquire, flag + 1},
                                        {1, Op::store_release, flag + 2, 1},
                                        {everybody, Op::barrier_sync, 1, 32},
                                        {everybody, Op::ballot, -1, 1}}));
    INFO(result.message);
    REQUIRE(result.finding == "");
    const emulator::Counts& counts = emulator::counts();
    CHECK(counts.cp_async_copies == 3);
    CHECK(counts.cp_async_bytes == 27);
    CHECK(counts.waits == 3);
    CHECK(counts.atomics == 3);
    CHECK(counts.named_barriers == 1);
    CHECK(counts.warp_collectives == 1);
    CHECK(counts.bulk_copies == 0);
    CHECK(counts.barrier_phases == 0);
    CHECK(counts.steps > 32);
    const auto completion = emulator::options().completion;
    if (completion == emulator::Completion::eager) CHECK(counts.waits_blocked == 0);
    if (completion == emulator::Completion::lazy) CHECK(counts.waits_blocked == 2);
    if (completion == emulator::Completion::lazy) CHECK(counts.most_bytes_in_flight == 28);
  });
}

TEST_CASE("resident blocks run side by side, in any order; the next wave begins when all have ended") {
  Program meeting;  // each block waits until all have come
  meeting.blocks = 6;
  for (int block = 0; block < 6; ++block) meeting.add({block, Op::add, flag, 1});
  for (int block = 0; block < 6; ++block) meeting.add({block, Op::spin_acquire, flag, 6});
  std::set<int64_t> first_blocks;
  emulator::Options options;
  options.shortens = false;
  for (options.seed = 0; options.seed < 20; ++options.seed) {
    for (const auto& [resident, finding] :
         {std::pair{6, ""}, {7, ""}, {100, ""}, {5, "livelock"}, {4, "livelock"}, {1, "livelock"}}) {
      options.resident_blocks = resident;
      const With with(options);
      if (options.seed >= 3 && resident < 6) continue;  // a livelock takes its time
      CHECK(run(meeting).finding == finding);
    }
    Program twice;  // two steps each
    twice.blocks = 8;
    for (int i = 0; i < 2; ++i) {
      for (int block = 0; block < 8; ++block) twice.add({block, Op::add, flag, 1});
    }
    for (const int resident : {1, 2, 8}) {
      options.resident_blocks = resident;
      const With with(options);
      const Result result = run(twice);
      CHECK(result.finding == "");
      CHECK(emulator::counts().threads == 8);
      for (std::size_t block = 0; block < 8; ++block) {
        const int64_t begin = result.answers[block], end = result.answers[8 + block];
        CHECK(begin / (2 * resident) == end / (2 * resident));  // all of a wave's come before the next wave's
        if (resident == 1) CHECK(end == begin + 1);
        if (resident == 1 && begin == 0) first_blocks.insert(static_cast<int64_t>(block));
      }
    }
  }
  CHECK(first_blocks.size() > 4);
}

TEST_CASE("each block has its own shared memory, barriers and named barriers") {
  Program program;
  program.threads = 32;
  program.blocks = 6;
  program.in_order = true;
  for (int block = 0; block < 6; ++block) {
    const int thread = 32 * block;
    program.add({thread, Op::init, 0, 1});
    program.add({thread, Op::init_fence});
    program.add({thread, Op::arrive_expect, 0, 16});
    program.add({thread, Op::bulk, 0, global + first_numbered_word + 4 * block, 16, 0});
    program.add({thread, Op::wait_parity, 0, 0});
    program.add({thread, Op::load, 0});
    program.add({thread, Op::store, 64, block});
    program.add({warp(block), Op::barrier_sync, 1, 32});
    program.add({thread + 1, Op::load, 64});
  }
  emulator::Options options;
  for (options.seed = 0; options.seed < 20; ++options.seed) {
    const With with(options);
    const Result result = run(program);
    INFO(result.message);
    REQUIRE(result.finding == "");
    for (int block = 0; block < 6; ++block) {
      CHECK(result.answers[static_cast<std::size_t>(9 * block + 5)] == first_numbered_word + 4 * block);
      CHECK(result.answers[static_cast<std::size_t>(9 * block + 8)] == block);
    }
    CHECK(emulator::counts().barrier_phases == 6);
    CHECK(emulator::counts().named_barriers == 6);
  }
}

TEST_CASE("a launch orders all that was before it") {
  const Program writes = list(2, {{0, Op::store, global, 1}, {1, Op::load, global + 1}});
  const Program reads = list(2, {{1, Op::load, global}, {0, Op::store, global + 1, 1}});
  for (int i = 0; i < 3; ++i) {
    CHECK(run(writes).finding == "");
    CHECK(run(reads).finding == "");
  }
}

TEST_CASE("after any finding the next run is as good as new") {
  // Programs that stop in the middle of something.
  const std::vector<Step> init{{0, Op::init, 0, 2}, {0, Op::init_fence}, {everybody, Op::block_barrier}};
  const auto after_init = [&](std::vector<Step> steps) {
    steps.insert(steps.begin(), init.begin(), init.end());
    return steps;
  };
  const Step bulk{0, Op::bulk, 0, global, 64, 0}, broken{0, Op::load, 0};
  const std::vector<std::pair<std::string, std::vector<Step>>> wrong{
      {"read-in-flight", after_init({bulk, broken})},
      {"read-in-flight", {{0, Op::cp_async_16, 0, global, 16}, {0, Op::commit}, broken}},
      {"exit-with-copy-in-flight", after_init({bulk, {0, Op::arrive_expect, 0, 64}})},
      {"too-many-arrivals", after_init({bulk, {0, Op::arrive, 0, 1}, {0, Op::arrive, 0, 2}})},
      {"init-on-live-barrier", after_init({{0, Op::init, 1, 1}, {0, Op::init, 0, 2}})},
      {"deadlock", after_init({{everybody, Op::wait_parity, 0, 0}})},
      {"deadlock", after_init({{0, Op::arrive_noinc, 0}, {1, Op::wait_parity, 0, 0}})},
      {"bytes-mismatch",
       after_init({{0, Op::arrive_expect, 0, 16}, {0, Op::arrive, 0, 1}, {1, Op::wait_parity, 0, 0}})},
      {"named-barrier-misuse",
       {{0, Op::barrier_arrive, 1, 32}, {0, Op::barrier_arrive, 2, 32}, {0, Op::barrier_arrive, 1, 32}}},
      {"divergent-warp", {{0, Op::ballot, 3, 1}, {1, Op::elect, 3}}},
      {"lane-not-in-mask", {{1, Op::ballot, 6, 1}, {0, Op::ballot, 6, 1}}},
      {"divergent-barrier", {{0, Op::leave}, {everybody, Op::block_barrier}}},
      {"livelock", {{everybody, Op::spin_volatile, flag, 1}}},
      {"out-of-bounds", {{0, Op::store_release, flag, 1}, {0, Op::load, global + global_words}}}};
  // Programs that would notice what others have left behind, and how they run before anything has gone wrong.
  struct Clean {
    std::function<std::vector<int64_t>()> run;
    std::vector<int64_t> answers;
    emulator::Counts counts;
  };
  const auto clean_list = [](int threads, std::vector<Step> steps, int blocks = 1) {
    const Program program = list(threads, steps, blocks);
    return [program] {
      const Result result = run(program);
      INFO(result.message);
      REQUIRE(result.finding == "");
      return result.answers;
    };
  };
  const auto ring_of = [](int consumers, int tiles) {
    return [=] {
      const std::vector<int> output = run_two_stages(consumers, tiles);
      return std::vector<int64_t>(output.begin(), output.end());
    };
  };
  std::vector<Clean> clean;
  clean.push_back({clean_list(2, {{0, Op::init, 0, 1},
                                  {0, Op::init, 1, 1},
                                  {0, Op::init, 2, 1},
                                  {0, Op::init, 3, 1},
                                  {0, Op::init_fence},
                                  {0, Op::test_parity, 0, 0},
                                  {0, Op::arrive, 0, 1},
                                  {0, Op::test_parity, 0, 0}}),
                   {},
                   {}});
  clean.push_back({clean_list(64, {{warp(0), Op::barrier_arrive, 1, 64},
                                   {warp(1), Op::barrier_sync, 1, 64},
                                   {everybody, Op::barrier_sync, 2, 64},
                                   {everybody, Op::ballot, -1, 1}}),
                   {},
                   {}});
  clean.push_back({clean_list(2, {{0, Op::ballot, 3, 1}, {1, Op::ballot, 3, 1}, {0, Op::elect, 1}}, 3), {}, {}});
  clean.push_back({clean_list(2,
                              {{0, Op::store, 0, 1},
                               {0, Op::store, 256, 1},  // where an mbarrier was
                               {1, Op::store, 1, 1},
                               {0, Op::cp_async_16, 4, global, 16},
                               {0, Op::commit},
                               {0, Op::wait_group, 0},
                               {0, Op::load, 4},
                               {1, Op::load_acquire, flag}},
                              5),
                   {},
                   {}});
  clean.push_back({ring_of(2, 4), {}, {}});
  clean.push_back({ring_of(40, 3), {}, {}});
  emulator::Options options;
  options.shortens = false;
  for (options.seed = 0; options.seed < 3; ++options.seed) {
    const With with(options);
    for (Clean& program : clean) {
      program.answers = program.run();
      program.counts = emulator::counts();
    }
    for (const auto& [finding, steps] : wrong) {
      for (const Clean& program : clean) {
        const Result result = run(list(2, steps));
        INFO(result.message);
        REQUIRE(result.finding == finding);
        CHECK(program.run() == program.answers);
        CHECK(std::memcmp(&emulator::counts(), &program.counts, sizeof program.counts) == 0);
      }
    }
  }
}
