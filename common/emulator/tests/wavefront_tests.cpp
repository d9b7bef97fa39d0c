// What accesses to shared memory cost: Wavefronts against numbers that Nsight Compute shows for the same accesses.

#include "emulator/wavefronts.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

namespace {

using emulator::SharedCost;
using emulator::Wavefronts;

constexpr char code[4] = {};  // addresses of pieces of code

constexpr uint32_t all = ~0u;

// One instruction: lane `lane` of `mask` accesses `bytes` at `offset(lane)`.
SharedCost cost(std::size_t bytes, const std::function<uintptr_t(int)>& offset, uint32_t mask = all,
                bool is_write = false) {
  Wavefronts wavefronts;
  for (int lane = 0; lane < 32; ++lane) {
    if (mask >> lane & 1) wavefronts.record(0, 0, lane, &code[0], offset(lane), bytes, is_write);
  }
  return wavefronts.finish();
}

// "requests wavefronts conflicts"
std::string text(const SharedCost& cost) {
  return std::to_string(cost.requests) + " " + std::to_string(cost.wavefronts) + " " +
         std::to_string(cost.bank_conflicts());
}

}  // namespace

TEST_CASE("words: lanes conflict where they want different words of one bank") {
  CHECK(text(cost(4, [](int lane) { return 4 * lane; })) == "1 1 0");
  CHECK(text(cost(4, [](int lane) { return 4 * (31 - lane) + 128 * 7; })) == "1 1 0");
  CHECK(text(cost(4, [](int lane) { return 8 * lane; })) == "1 2 1");
  CHECK(text(cost(4, [](int lane) { return 12 * lane; })) == "1 1 0");
  CHECK(text(cost(4, [](int lane) { return 64 * lane; })) == "1 16 15");
  CHECK(text(cost(4, [](int lane) { return 128 * lane; })) == "1 32 31");
  CHECK(text(cost(4, [](int lane) { return 4 * lane + 128 * (lane == 5); })) == "1 1 0");
  CHECK(text(cost(4, [](int lane) { return lane == 5 ? 128 : 4 * lane; })) == "1 2 1");
}

TEST_CASE("a column of a [32][32] tile is in one bank, of a [32][33] tile in all") {
  CHECK(text(cost(4, [](int lane) { return 4 * (32 * lane + 3); })) == "1 32 31");
  CHECK(text(cost(4, [](int lane) { return 4 * (33 * lane + 3); })) == "1 1 0");
  CHECK(text(cost(
            4, [](int lane) { return 4 * (33 * lane + 3); }, all, true)) == "1 1 0");
}

TEST_CASE("one word for several lanes is one word") {
  CHECK(text(cost(4, [](int) { return 400; })) == "1 1 0");
  CHECK(text(cost(4, [](int lane) { return 128 * (lane / 16); })) == "1 2 1");
  CHECK(text(cost(4, [](int lane) { return 4 * (lane / 2); })) == "1 1 0");
}

TEST_CASE("halves and bytes share words; half2 is a word") {
  CHECK(text(cost(2, [](int lane) { return 2 * lane; })) == "1 1 0");
  CHECK(text(cost(1, [](int lane) { return lane; })) == "1 1 0");
  CHECK(text(cost(
            2, [](int lane) { return 2 * lane; }, all, true)) == "1 1 0");
  CHECK(text(cost(4, [](int lane) { return 4 * lane; })) == "1 1 0");
  CHECK(text(cost(2, [](int lane) { return 128 * lane; })) == "1 32 31");
}

TEST_CASE("8 bytes a lane: two halves of the warp, one after the other") {
  CHECK(text(cost(8, [](int lane) { return 8 * lane; })) == "1 2 0");
  CHECK(text(cost(
            8, [](int lane) { return 8 * lane; }, all, true)) == "1 2 0");
  CHECK(text(cost(8, [](int lane) { return 16 * lane; })) == "1 4 2");
  CHECK(text(cost(8, [](int lane) { return 128 * lane; })) == "1 32 30");
  // The second half reads what the first has read.
  CHECK(text(cost(8, [](int lane) { return 8 * (lane % 16); })) == "1 2 0");
}

TEST_CASE("16 bytes a lane: four quarters of the warp, one after the other") {
  CHECK(text(cost(16, [](int lane) { return 16 * lane; })) == "1 4 0");
  CHECK(text(cost(
            16, [](int lane) { return 16 * lane; }, all, true)) == "1 4 0");
  CHECK(text(cost(16, [](int lane) { return 32 * lane; })) == "1 8 4");
  CHECK(text(cost(16, [](int lane) { return 128 * lane; })) == "1 32 28");
  CHECK(text(cost(16, [](int lane) { return 144 * lane; })) == "1 4 0");
}

TEST_CASE("loads of 8 and 16 bytes take two groups at once where lanes come in pairs") {
  CHECK(text(cost(8, [](int lane) { return 8 * (lane / 2); })) == "1 1 0");
  CHECK(text(cost(8, [](int lane) { return 8 * (lane / 4 * 2 + lane % 2); })) == "1 1 0");
  CHECK(text(cost(8, [](int) { return 0; })) == "1 1 0");
  CHECK(text(cost(16, [](int) { return 0; })) == "1 2 0");
  CHECK(text(cost(
            8, [](int lane) { return 8 * (lane / 2); }, all, true)) == "1 2 0");
  // The examples that were measured on an A100 (zhuanlan.zhihu.com/p/690052715).
  CHECK(text(cost(
            16, [](int) { return 64; }, 1u << 15 | 1u << 16)) == "1 2 0");
  CHECK(text(cost(
            16, [](int) { return 64; }, 1u << 0 | 1u << 15)) == "1 1 0");
  CHECK(text(cost(16, [](int lane) { return 16 * (lane / 8 * 2 + lane % 8 / 2 % 2); })) == "1 2 0");
  CHECK(text(cost(16, [](int lane) { return 16 * (lane / 8 * 2 + (lane < 16 ? lane % 8 / 2 % 2 : lane % 2)); })) ==
        "1 4 0");
  CHECK(text(cost(16, [](int lane) { return 16 * (lane / 16 * 4 + lane % 16 / 8 + lane % 8 / 4 * 8); })) == "1 4 2");
}

TEST_CASE("lanes that are not there cost nothing") {
  CHECK(text(cost(
            4, [](int lane) { return 128 * lane; }, 0x0000000f)) == "1 4 3");
  CHECK(text(cost(
            4, [](int lane) { return 4 * lane; }, 1u << 31)) == "1 1 0");
  CHECK(text(cost(
            16, [](int lane) { return 16 * lane; }, 0x000000ff)) == "1 1 0");
  CHECK(text(cost(
            16, [](int lane) { return 16 * lane; }, 0x0000ffff)) == "1 2 0");
  CHECK(text(cost(
            8, [](int lane) { return 8 * lane; }, 0xffff0000)) == "1 1 0");
  CHECK(text(Wavefronts().finish()) == "0 0 0");
}

TEST_CASE("the k-th execution of a piece of code is one instruction, in whatever order lanes run") {
  // Step k reads row k, then column k, of a [32][32] tile.
  const auto step = [](Wavefronts& wavefronts, int lane, int k) {
    wavefronts.record(0, 0, lane, &code[0], 4 * (32 * k + lane), 4, false);
    wavefronts.record(0, 0, lane, &code[1], 4 * (32 * lane + k), 4, false);
  };
  Wavefronts lane_after_lane, in_lockstep, backwards;
  for (int i = 0; i < 32; ++i) {
    for (int j = 0; j < 32; ++j) {
      step(lane_after_lane, i, j);
      step(in_lockstep, j, i);
      step(backwards, 31 - i, j);
    }
  }
  CHECK(text(lane_after_lane.finish()) == "64 1056 992");
  CHECK(text(in_lockstep.finish()) == "64 1056 992");
  CHECK(text(backwards.finish()) == "64 1056 992");
}

TEST_CASE("accesses by other warps or blocks, of another kind, size or place are other instructions") {
  Wavefronts wavefronts;
  wavefronts.record(0, 0, 0, &code[0], 0, 4, false);
  wavefronts.record(0, 1, 1, &code[0], 4, 4, false);
  wavefronts.record(1, 0, 2, &code[0], 8, 4, false);
  wavefronts.record(0, 0, 3, &code[0], 12, 4, true);
  wavefronts.record(0, 0, 4, &code[0], 16, 8, false);
  wavefronts.record(0, 0, 5, &code[1], 20, 4, false);
  CHECK(text(wavefronts.finish()) == "6 6 0");
}

TEST_CASE("divergent lanes: each branch is an instruction of its own, a lane that leaves a loop is missing") {
  Wavefronts branches;
  for (int lane = 0; lane < 32; ++lane) {
    branches.record(0, 0, lane, &code[lane < 16 ? 0 : 1], 4 * (lane % 16), 4, false);
    branches.record(0, 0, lane, &code[2], 4 * lane, 4, false);
  }
  CHECK(text(branches.finish()) == "3 3 0");

  Wavefronts loop;  // lane n does n + 1 rounds, all in bank 0
  for (int lane = 0; lane < 32; ++lane) {
    for (int k = 0; k <= lane; ++k) loop.record(0, 0, lane, &code[0], 128 * lane, 4, false);
  }
  CHECK(text(loop.finish()) == "32 528 496");
}

TEST_CASE("finish counts once, and what comes after is new") {
  Wavefronts wavefronts;
  wavefronts.record(0, 0, 3, &code[0], 0, 4, false);
  CHECK(text(wavefronts.finish()) == "1 1 0");
  CHECK(text(wavefronts.finish()) == "1 1 0");
  for (int lane = 0; lane < 32; ++lane) wavefronts.record(0, 0, lane, &code[0], 4 * lane, 4, false);
  CHECK(text(wavefronts.finish()) == "2 2 0");
}

TEST_CASE("what no instruction can access at once counts as several") {
  CHECK(text(cost(64, [](int lane) { return 64 * lane; })) == "4 64 48");
  CHECK(text(cost(12, [](int lane) { return 16 * lane; })) == "2 8 5");  // 8 + 4 bytes
  CHECK(text(cost(
            12, [](int lane) { return 12 * lane; }, 3)) == "2 2 0");       // 8 + 4 bytes by lane 0, 4 + 8 by lane 1
  CHECK(text(cost(8, [](int lane) { return 8 * lane + 4; })) == "2 4 2");  // 4 + 4 bytes: no aligned 8
  CHECK(text(cost(0, [](int) { return 0; })) == "0 0 0");
}
