// What the watchdog says: needs no GPU.

#include <cstring>
#include <memory>

#include "gpu/watchdog.h"
#include "testing/chapter_test.h"

namespace {

void add(watchdog::Board& board, uint64_t block, uint32_t thread, const char* file, int line, uint32_t barrier,
         uint32_t parity) {
  watchdog::Record& record = board.records[board.threads++];
  std::strcpy(record.file, file);
  record.line = line;
  record.block = block;
  record.thread = thread;
  record.barrier = barrier;
  record.parity = parity;
  record.state = 0x1fffff8;
  record.is_complete = 1;
}

}  // namespace

TEST_CASE("nothing is said where nobody gave up") {
  CHECK(watchdog::report(*std::make_unique<watchdog::Board>(), {}) == "");
}

TEST_CASE("threads are grouped by line, barrier and parity, and those without a record are counted") {
  const auto board = std::make_unique<watchdog::Board>();
  for (uint32_t thread = 0; thread < 96; ++thread) add(*board, 5, thread, "kernel.cu", 61, 1024, 1);
  for (uint32_t thread = 160; thread < 192; ++thread) add(*board, 4, thread, "kernel.cu", 61, 1024, 1);
  add(*board, 7, 33, "kernel.cu", 61, 1024, 0);
  add(*board, 7, 32, "kernel.cu", 61, 1032, 1);
  add(*board, 7, 0, "kernel.cu", 7, 1032, 1);
  board->threads += 2;
  board->records[200].line = 1;  // a record that its thread could not finish
  CHECK(
      watchdog::report(*board, {}) ==
      R"(error[timeout]: 133 threads waited more than 2 s for the end of an mbarrier's phase, so the kernel was stopped
   kernel.cu:7
      1 thread (block 7; warp 0) waits for parity 1 of the barrier at byte 1032 of shared memory
         it is in a phase of parity 1; its state is 0x0000000001fffff8
   kernel.cu:61
      1 thread (block 7; warp 1) waits for parity 0 of the barrier at byte 1024 of shared memory
         it is in a phase of parity 0; its state is 0x0000000001fffff8
      128 threads (2 blocks, the first is 4; warps 0-2 and 5) wait for parity 1 of the barrier at byte 1024 of shared memory
         it is in a phase of parity 1; its state is 0x0000000001fffff8
      1 thread (block 7; warp 1) waits for parity 1 of the barrier at byte 1032 of shared memory
         it is in a phase of parity 1; its state is 0x0000000001fffff8
   and 2 threads more
   rule: a phase ends when every arrival and every byte that it expects has come
   what to do: run it on the emulator, which says what is missing. This process can use the GPU no more)");
}
