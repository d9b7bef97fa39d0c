#pragma once

// In trace builds for a GPU (TUTORIAL_TRACE=1, with the watchdog) the layer's waits, arrivals and requests write down
// when they are made, for `./lab trace`. In all other builds what they call here is nothing.
//
// The lanes of a warp that make a call together write one record, to host memory: stores that nobody waits for, and
// that are still there when the watchdog has stopped the kernel. When a copy lands is not to be seen: only that a wait
// for it has passed.
//
// A record costs its warp about 200 cycles. On an H200, `./lab trace 7 --kernel
// solutions/07_cp_async_two_stage/kernel.cu` shows a tile of 3,330 cycles with nine records. It is 1,720 with one,
// where record() returns at once for all other kinds than group_wait_ends; 5,660 where record() is called and not
// inlined; 7,180 where it counts with an atomicAdd.

#include <cstdint>

#include "gpu/here.h"
#include "gpu/platform.h"
#include "gpu/watchdog.h"

#if GPU_IS_REAL

namespace recorder {

enum class Kind : uint32_t {
  nothing,
  init,               // value: arrivals
  arrival,            //
  wait_begins,        // value: parity
  wait_ends,          //
  request,            // that reports to an mbarrier
  cp_async,           // value: bytes of a lane
  commit,             //
  group_wait_begins,  // value: how many groups may be incomplete
  group_wait_ends,    //
  block_barrier_begins,
  block_barrier_ends,
};

/// What the lanes of a warp did together.
struct Record {
  uint64_t clock;   // of the SM, in cycles
  Kind kind;        // `nothing` if there is no record here
  uint32_t thread;  // the first of the lanes, counted in the block, x fastest
  uint32_t lanes;
  int32_t place;  // of the mbarrier, in bytes of the block's dynamic shared memory; -1: there is none
  uint32_t value;
  int line;  // of the call
};

/// Host memory that kernels write to: the first records of each warp of a few blocks.
struct Board {
  static constexpr uint32_t blocks = 2, warps = 32, most_records = 512;
  Record records[blocks][warps][most_records];
};
/// The board of this process, made on first use.
Board& board();

#if TUTORIAL_TRACE

namespace {
// Each kernel file has its own copy of these; launch() sets them before each launch.
__constant__ Board* board_on_device;
__device__ uint32_t record_counts[Board::blocks][Board::warps];
}  // namespace

GPU_FUNCTION void record(Kind kind, const void* barrier, uint32_t value, int line) {
  const uint64_t now = clock64();
  const uint32_t thread = watchdog::thread_in_block(), lanes = __activemask();
  const uint64_t block = watchdog::block_in_grid();
  if (block >= Board::blocks || thread % 32 != static_cast<uint32_t>(__ffs(lanes)) - 1) return;
  // The warp's own, and not atomic, see above: lanes that have parted may overwrite one another's records.
  uint32_t& count = record_counts[block][thread / 32];
  if (count == Board::most_records) return;
  Record& record = board_on_device->records[block][thread / 32][count];
  ++count;
  record.clock = now;
  record.thread = thread;
  record.lanes = static_cast<uint32_t>(__popc(lanes));
  record.place = barrier ? static_cast<int32_t>(watchdog::place_of(barrier)) : -1;
  record.value = value;
  record.line = line;
  record.kind = kind;
}

#else

GPU_FUNCTION void record(Kind, const void*, uint32_t, int) {}

#endif

}  // namespace recorder

#endif
