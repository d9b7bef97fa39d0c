#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "emulator/control.h"
#include "emulator/finding.h"
#include "emulator/tests/kernels.h"
#include "gpu/buffer.h"
#include "gpu/device.h"
#include "gpu/error.h"

namespace {

std::vector<std::pair<unsigned, unsigned>> notes;

struct Result {
  std::vector<int> output;
  std::string finding;  // its name, "" if there is none
  std::string message;
};

// Runs a launch on fresh buffers of 96 ints, `input` holding 0, 1, 2, ... and `output` -1.
Result run(const std::function<void(int* output, const int* input)>& launch) {
  std::vector<int> input(96), output(96, -1);
  std::iota(input.begin(), input.end(), 0);
  const gpu::DeviceBuffer<int> device_input("input", std::span<const int>(input), 0);
  const gpu::DeviceBuffer<int> device_output("output", std::span<const int>(output), 0);
  Result result;
  try {
    launch(device_output.data(), device_input.data());
  } catch (const emulator::Finding& finding) {
    result.finding = finding.name();
    result.message = finding.what();
  }
  device_output.download(output);
  result.output = output;
  return result;
}

Result run(const std::function<void(int* output)>& launch) {
  return run([&](int* output, const int*) { launch(output); });
}

void check_says(const Result& result, const std::string& name, const std::vector<std::string>& parts) {
  CHECK(result.finding == name);
  for (const std::string& part : parts) {
    CAPTURE(part);
    CAPTURE(result.message);
    CHECK(result.message.find(part) != std::string::npos);
  }
}

void check_clean(const std::function<void(int*)>& launch) {
  gpu::for_each_schedule([&] {
    const Result result = run(launch);
    INFO(result.message);
    CHECK(result.finding == "");
  });
}

// A broken rule is found in every schedule, and its message says all `parts`.
void check_always(const std::function<void(int*)>& launch, const std::string& name,
                  const std::vector<std::string>& parts) {
  gpu::for_each_schedule([&] { check_says(run(launch), name, parts); });
}

}  // namespace

void kernels::note(unsigned block, unsigned thread) { notes.emplace_back(block, thread); }

void kernels::compute_for_a_tenth_of_a_second() {
  const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 10;
  while (std::clock() < end) {
    [[maybe_unused]] volatile int result = 0;
    for (int i = 0; i < 100'000; ++i) result = i;
  }
}

TEST_CASE("an access outside every buffer is found before it happens, and named by the nearest buffer") {
  CHECK(run([](int* out, const int* in) { kernels::read_at(out, in, 95); }).output[0] == 95);
  check_says(run([](int* out, const int* in) { kernels::read_at(out, in, 96); }), "out-of-bounds",
             {"output[0] = input[index]", "read of 4 bytes, directly past the end of `input` (384 bytes)",
              "block 0, warp 0, lane 0"});
  check_says(run([](int* out, const int* in) { kernels::read_at(out, in, -2); }), "out-of-bounds",
             {"8 bytes before the start of `input`"});
  check_says(run([](int* out) { kernels::write_at(out, 100); }), "out-of-bounds",
             {"write of 4 bytes, 16 bytes past the end of `output`"});
  check_says(run([](int*) { kernels::write_through(nullptr); }), "out-of-bounds", {"the pointer itself is wrong"});
  check_says(run([](int*) { kernels::write_a_host_variable(); }), "out-of-bounds", {"host_variable = 1"});
  check_says(run(kernels::read_a_host_variable), "out-of-bounds", {"output[0] = host_variable"});
  check_says(run([](int*) { kernels::write_a_builtin_variable(); }), "out-of-bounds", {"threadIdx.x = 1"});
  static const int constant = 1;
  CHECK(run([](int*) { kernels::write_through(const_cast<int*>(&constant)); }).finding == "out-of-bounds");
  CHECK(run([](int*) { kernels::copy_with_memcpy(nullptr, nullptr, 0); }).finding == "");
  CHECK(run([](int* out) { kernels::read_a_table(out); }).output[2] == 4);
}

TEST_CASE("an access that begins inside and ends outside is outside") {
  CHECK(run([](int* out) { kernels::copy_own_stack(out, 16); }).output[3] == 4);
  std::vector<int> large(32 * 1024);  // twice a stack
  const gpu::DeviceBuffer<int> buffer("large", std::span<const int>(large), 0);
  check_says(run([&](int*) { kernels::copy_own_stack(buffer.data(), 4 * large.size()); }), "out-of-bounds",
             {"read of 131072 bytes", "memcpy(output, mine, bytes)"});
  CHECK(run([](int* out) { kernels::copy_a_table(out, 20); }).output[4] == 5);
  check_says(run([](int* out) { kernels::copy_a_table(out, SIZE_MAX); }), "out-of-bounds",
             {"read of 18446744073709551615 bytes"});
}

TEST_CASE("between two buffers the nearer one is named") {
  alignas(16) static int memory[36];
  emulator::register_memory(memory, 64, "left");
  emulator::register_memory(memory + 20, 64, "right");  // 16 bytes further
  const auto write = [](int index) { return run([=](int*) { kernels::write_at(memory, index); }); };
  check_says(write(17), "out-of-bounds", {"4 bytes past the end of left (64 bytes)"});
  check_says(write(18), "out-of-bounds", {"8 bytes before the start of right (64 bytes)"});
  CHECK(write(15).finding == "");
  CHECK(write(20).finding == "");
  CHECK(write(35).finding == "");
  emulator::unregister_memory(memory);
  CHECK(write(15).finding == "out-of-bounds");
  CHECK(write(20).finding == "");
  emulator::unregister_memory(memory + 20);
}

TEST_CASE("guard bands, freed buffers and other threads' memory are outside") {
  std::vector<int> storage(64 + 32 + 64, 0);
  int* freed = nullptr;
  {
    const gpu::DeviceBuffer<int> guarded("guarded", std::span<const int>(storage), 64);
    CHECK(run([&](int*) { kernels::write_at(guarded.data(), 31); }).finding == "");
    CHECK(run([&](int*) { kernels::write_at(guarded.data(), 32); }).finding == "out-of-bounds");
    CHECK(run([&](int*) { kernels::write_at(guarded.data(), -1); }).finding == "out-of-bounds");
    freed = guarded.data();
  }
  CHECK(run([&](int*) { kernels::write_at(freed, 0); }).finding == "out-of-bounds");
  check_always(kernels::read_another_threads_stack, "out-of-bounds", {"*shared.values[0]", "lane 1"});
}

TEST_CASE("shared memory ends where the launch says, and belongs to one block") {
  gpu::for_each_schedule([] {
    const Result result = run(kernels::read_past_shared);
    // Depending on the schedule the neighbour's race or the end comes first.
    CHECK((result.finding == "out-of-bounds" || result.finding == "data-race"));
    if (result.finding == "out-of-bounds") {
      check_says(result, "out-of-bounds", {"directly past the end of shared memory (32 bytes)", "lane 7"});
    }
  });
  const Result none = run([](int*) { kernels::write_to_no_shared_memory(); });
  CHECK(none.finding == "out-of-bounds");
  CHECK(none.message.find("shared memory") == std::string::npos);
  std::set<std::string> findings;
  gpu::for_each_schedule([&] { findings.insert(run(kernels::read_another_blocks_shared).finding); });
  CHECK(findings.count("") == 0);
  check_says(run([](int*) { kernels::storage_too_small(); }), "shared-storage-too-small",
             {"uses 32 bytes of shared memory, and its launch asked for 16", "shared_storage<Array<int, 8>>"});
}

TEST_CASE("shared memory is NaN until somebody writes it, and a wrong result's hint is who reads it before") {
  std::vector<float> output(32, 0.0f);
  const gpu::DeviceBuffer<float> device("output", std::span<const float>(output), 0);
  kernels::poisoned_shared(device.data());
  device.download(output);
  CHECK(std::all_of(output.begin(), output.end(), [](float x) { return std::isnan(x); }));
  const std::string hint = gpu::hint_for_wrong_result();
  CHECK(hint.starts_with("\n   the kernel read shared memory that nobody had written;"));
  CHECK(hint.find("   output[threadIdx.x] = shared.values[threadIdx.x];\n      read of 4 bytes") != std::string::npos);
  CHECK(hint.back() != '\n');
  check_clean([](int* out) { kernels::exchange_through_shared(out, true, 96); });
  CHECK(gpu::hint_for_wrong_result() == "");
}

TEST_CASE("a vector access must be aligned, as its type says") {
  const auto load = [](long index) {
    return run([=](int* out, const int* in) { kernels::load_vector(reinterpret_cast<uint4*>(out), in, index); });
  };
  CHECK(load(4).output[3] == 7);
  check_says(load(5), "misaligned-access", {"4 bytes past a multiple of 16", "input + index"});
  check_says(load(6), "misaligned-access", {"8 bytes past a multiple of 16", "input + index"});
  check_says(run([](int* out, const int* in) { kernels::load_vector(reinterpret_cast<uint4*>(out + 1), in, 4); }),
             "misaligned-access", {"4 bytes past a multiple of 16", "*output = "});
  const Result pair =
      run([](int* out, const int* in) { kernels::copy_a_pair(out + 2, in + 2); });  // 16 bytes, 8 aligned
  CHECK(pair.finding == "");
  CHECK(pair.output[5] == 5);
}

TEST_CASE("a missing __syncthreads is a race in every schedule; with it there is none") {
  for (const int threads : {2, 33, 256}) {
    check_always([=](int* out) { kernels::exchange_through_shared(out, false, std::min(threads, 96)); }, "data-race",
                 {"shared.values[threadIdx.x] = ", "shared.values[blockDim.x - 1 - threadIdx.x]", "of 4 bytes at byte ",
                  "__syncthreads()"});
  }
  check_clean([](int* out) { kernels::exchange_through_shared(out, true, 96); });
  CHECK(run([](int* out) { kernels::exchange_through_shared(out, true, 96); }).output[0] == 95);
}

TEST_CASE("a slot that is refilled while somebody may still read it is a race") {
  check_always([](int* out) { kernels::refill_shared(out, false, 64); }, "data-race",
               {"shared.values[threadIdx.x] = tile"});
  check_clean([](int* out) { kernels::refill_shared(out, true, 64); });
}

TEST_CASE("inside a warp __syncwarp orders memory, and a shuffle does not") {
  check_always([](int* out) { kernels::exchange_in_warp(out, false); }, "data-race", {});
  check_clean([](int* out) { kernels::exchange_in_warp(out, true); });
  check_always(kernels::shuffle_does_not_order, "data-race",
               {"shared.values[neighbour]", "a shuffle orders no memory"});
}

TEST_CASE("races are told to the byte: neighbouring halves of a word are nobody's business but their writer's") {
  gpu::for_each_schedule([] {
    const std::vector<half> zeros(64, __float2half(0));
    const gpu::DeviceBuffer<half> output("output", std::span<const half>(zeros), 0);
    CHECK_NOTHROW(kernels::neighbouring_halves(output.data()));
  });
}

TEST_CASE("blocks that write the same place race, whatever the order in which they run") {
  check_always(kernels::blocks_write_the_same, "data-race", {"block 0", "block 1", "its own part of the output"});
  check_clean(kernels::blocks_write_apart);
}

TEST_CASE("a barrier that not everybody reaches is explained by a census") {
  check_always([](int* out) { kernels::early_return(out, 40); }, "divergent-barrier",
               {"56 of 96 threads wait in __syncthreads(): warp 1 lanes 8-31, warp 2",
                "40 of 96 threads have left the kernel: warp 0, warp 1 lanes 0-7", "last seen there",
                "output[threadIdx.x] = 1"});
  check_clean([](int* out) { kernels::early_return(out, 0); });
  check_clean([](int* out) { kernels::early_return(out, 96); });
  check_always(
      kernels::barrier_in_branch, "divergent-barrier",
      {"32 of 96 threads wait in __syncthreads(): warp 0", "64 of 96 threads have left the kernel: warps 1-2"});
  check_always(kernels::barrier_on_two_lines, "divergent-barrier",
               {"on different lines", "64 of 96 threads wait in __syncthreads(): warps 0-1",
                "32 of 96 threads wait in __syncthreads(): warp 2"});
  check_always(kernels::one_trip_more, "divergent-barrier", {"32 of 96 threads wait", "warps 0-1"});
}

TEST_CASE("threads that wait for each other in different places are a deadlock") {
  check_always(kernels::barrier_against_shuffle, "deadlock",
               {"1 of 32 threads wait in __syncthreads(): warp 0 lane 5",
                "31 of 32 threads wait in __shfl_sync(): warp 0 lanes 0-4, warp 0 lanes 6-31"});
  check_always(kernels::different_masks, "deadlock", {"__ballot_sync()"});
  CHECK(emulator::counts().threads == 4 * 32);  // of its 20 blocks the first wave: the run ends with the finding
}

TEST_CASE("masks are checked") {
  check_always(kernels::lane_not_in_mask, "lane-not-in-mask", {"mask 0x0000ffff"});
  check_always(kernels::different_operations, "divergent-warp",
               {"__any_sync()", "__shfl_xor_sync()", "0xffffffff", "by lane"});
  check_always(kernels::different_operations_on_one_line, "divergent-warp", {"__any_sync() by", "__all_sync() by"});
  check_always(kernels::different_lines, "divergent-warp", {"__any_sync(full_mask, 1)", "__any_sync(full_mask, 0)"});
  check_always(kernels::shuffle_from_lane_that_left, "shuffle-from-absent-lane",
               {"reads lane 31", "taking part: lanes 0-30"});
  const auto wrong_width = [](int source, int width) {
    return run([=](int* out) { kernels::shuffle_with_wrong_width(out, source, width); });
  };
  check_says(wrong_width(32, 64), "shuffle-from-absent-lane", {"block 0, warp 0, lane 0 reads lane 32;"});
  check_says(wrong_width(63, 64), "shuffle-from-absent-lane", {"block 0, warp 0, lane 0 reads lane 63;"});
  check_says(wrong_width(-1, 0), "shuffle-from-absent-lane", {"block 0, warp 0, lane 0 reads lane -1;"});
}

TEST_CASE("groups within a warp, lanes that have left and warps that are not full are legal") {
  check_clean(kernels::groups_of_eight);
  const Result groups = run(kernels::groups_of_eight);
  CHECK(groups.output[0] == 28);
  CHECK(groups.output[17] == 16 * 8 + 28 + 1000);
  check_clean(kernels::vote_after_lanes_left);
  CHECK(run(kernels::vote_after_lanes_left).output[0] == 0x1ff);
  CHECK(emulator::counts().warp_collectives == 3 * 2);
  check_clean(kernels::partial_warp);
  CHECK(run(kernels::partial_warp).output[39] == 0xff);
}

TEST_CASE("a seed fixes the schedule, and seeds differ") {
  const auto order = [](uint64_t seed) {
    emulator::options().seed = seed;
    notes.clear();
    kernels::note_order(3, 40);
    return notes;
  };
  const auto first = order(1);
  CHECK(first.size() == 2 * 3 * 40);
  CHECK(order(1) == first);
  CHECK(order(2) != first);
  const auto first_block = [](uint64_t seed) {
    emulator::options().seed = seed;
    emulator::options().resident_blocks = 1;
    notes.clear();
    kernels::note_order(5, 1);
    return notes[0].first;
  };
  const auto first_thread = [](uint64_t seed) {
    emulator::options().seed = seed;
    emulator::options().resident_blocks = 1;
    notes.clear();
    kernels::note_order(1, 5);
    return notes[0].second;
  };
  std::set<unsigned> blocks, threads;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    blocks.insert(first_block(seed));
    threads.insert(first_thread(seed));
  }
  CHECK(blocks.size() == 5);
  CHECK(threads.size() == 5);
  emulator::options() = {};
}

TEST_CASE("launches that follow each other do not race") {
  gpu::for_each_schedule([] {
    const Result result = run([](int* out) {
      kernels::blocks_write_apart(out);
      kernels::exchange_through_shared(out, true, 96);
    });
    CHECK(result.finding == "");
  });
}

TEST_CASE("blocks run in waves: no block of the next wave starts before this one has ended") {
  emulator::options().resident_blocks = 2;
  gpu::for_each_schedule([] {
    notes.clear();
    kernels::note_order(5, 8);
    std::set<unsigned> wave;
    for (std::size_t i = 0; i < notes.size(); ++i) {
      if (i % 32 == 0) wave.clear();  // 2 blocks of 8 threads note twice
      wave.insert(notes[i].first);
      CHECK(wave.size() <= 2);
    }
    CHECK(notes.size() == 5 * 8 * 2);
  });
  emulator::options() = {};
}

TEST_CASE("the environment says how many schedules are run, or which one, and nothing but a number is taken for one") {
  const auto set = [](const char* name, const std::optional<std::string>& text) {
    text ? setenv(name, text->c_str(), 1) : unsetenv(name);
  };
  const auto get = [](const char* name) {
    const char* text = std::getenv(name);
    return text ? std::optional<std::string>(text) : std::nullopt;
  };
  const auto usual_schedules = get("TUTORIAL_SCHEDULES"), usual_seed = get("TUTORIAL_SEED");
  const auto seeds = [&](std::optional<std::string> schedules, std::optional<std::string> seed) {
    set("TUTORIAL_SCHEDULES", schedules);
    set("TUTORIAL_SEED", seed);
    std::vector<std::string> seen;
    std::string error;
    try {
      gpu::for_each_schedule([&] {
        const bool is_random = emulator::options().search == emulator::Search::random;
        seen.push_back((is_random ? "random " : "pct ") + std::to_string(emulator::options().seed));
      });
    } catch (const gpu::Error& refused) {
      error = refused.what();
    }
    set("TUTORIAL_SCHEDULES", usual_schedules);
    set("TUTORIAL_SEED", usual_seed);
    return std::pair(seen, error);
  };
  using Seeds = std::vector<std::string>;
  CHECK(seeds("3", {}).first == Seeds{"random 0", "random 1", "random 2"});
  CHECK(seeds("5", {}).first == Seeds{"random 0", "random 1", "random 2", "random 3", "random 4", "pct 0"});
  CHECK(seeds("3", "7").first == Seeds{"random 7"});
  CHECK(seeds("3", "0").first == Seeds{"random 0"});
  CHECK(seeds({}, {}).first.size() == 20 + 4);
  set("TUTORIAL_SEARCH", "pct");
  CHECK(seeds("3", "7").first == Seeds{"pct 7"});
  set("TUTORIAL_SEARCH", {});
  for (const char* wrong : {"0", "-1", "", "3x", " 3", "99999999999999999999"}) {
    const auto [seen, error] = seeds(wrong, {});
    CHECK(seen.empty());
    CHECK(error == std::string("TUTORIAL_SCHEDULES must be a whole number, at least 1, and is \"") + wrong + "\"");
  }
  CHECK(seeds("3", "x").second == "TUTORIAL_SEED must be a whole number, at least 0, and is \"x\"");
}

TEST_CASE("a loop that never ends, whatever it calls, is a livelock") {
  struct Restored {
    uint64_t before = emulator::options().most_steps;
    ~Restored() { emulator::options().most_steps = before; }
  } const restored;
  emulator::options().most_steps = 10'000;
  check_says(run([](int* out) { kernels::loop_with_votes(out); }), "livelock",
             {"has taken 10000 steps and goes on", "__any_sync(0xffffffff, *output == 1)"});
}

TEST_CASE("a loop that never ends is found, also if it accesses memory") {
  check_says(run([](int* out, const int*) { kernels::loop_with_accesses(out); }), "silent-loop",
             {"output[i % 64] = 1"});
  // Longer than a thread may compute without a sign of life, and an access is one.
  CHECK(run([](int* out) { kernels::long_run(out, 25, true); }).finding == "");
  CHECK(run([](int* out) { kernels::long_run(out, 25, false); }).finding == "");
}

TEST_CASE("after a finding the next run is as good as new, and nothing piles up") {
  const std::vector<std::pair<std::string, void (*)(int*)>> broken{
      {"divergent-barrier", [](int* out) { kernels::early_return(out, 40); }},
      {"data-race", [](int* out) { kernels::exchange_in_warp(out, false); }},
      {"out-of-bounds", [](int* out) { kernels::write_at(out, 100); }},
      {"misaligned-access", [](int* out) { kernels::load_vector(reinterpret_cast<uint4*>(out), out, 1); }},
      {"lane-not-in-mask", kernels::lane_not_in_mask},
      {"divergent-warp", kernels::different_operations},
      {"shuffle-from-absent-lane", kernels::shuffle_from_lane_that_left},
      {"shared-storage-too-small", [](int*) { kernels::storage_too_small(); }}};
  for (const auto& [name, launch] : broken) {
    const auto run_some = [&] {
      for (int i = 0; i < 300; ++i) REQUIRE(run(launch).finding == name);
    };
    run_some();
    const std::size_t before = mallinfo2().uordblks;
    run_some();
    CAPTURE(name);
    CHECK(mallinfo2().uordblks < before + 300 * 16);  // the least that 300 forgotten strings take
  }
  itimerval timer{};
  getitimer(ITIMER_VIRTUAL, &timer);
  CHECK(timer.it_interval.tv_usec == 0);  // the watchdog sleeps between runs
  const Result clean = run([](int* out) { kernels::exchange_through_shared(out, true, 96); });
  CHECK(clean.finding == "");
  CHECK(clean.output[0] == 95);
}
