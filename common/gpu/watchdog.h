#pragma once

// In test builds for a GPU (TUTORIAL_WATCHDOG=1) no wait for an mbarrier is endless, and random delays move the warps
// against each other. In all other builds what kernels call here is nothing.
//
// A thread that has waited too long writes a record to host memory. The other threads that hang get time to do the
// same; then the kernel traps, and the next CUDA call of the host throws who waits on what. A trap ends the CUDA
// context: this process can use the GPU no more.

#include <cstdint>
#include <string>

#include "gpu/here.h"
#include "gpu/platform.h"
#include "gpu/todo.h"

#if GPU_IS_REAL

namespace watchdog {

/// How test builds run the launches that follow.
struct Options {
  uint64_t seed = 0;                     // of the delays; 0: no delays
  uint64_t patience_ns = 2'000'000'000;  // how long a thread waits for the end of one phase
};
Options& options();

/// What a thread says that has waited too long.
struct Record {
  char file[64];  // of the wait: the end of its name
  int line;
  uint32_t parity;       // of the phase that it waits for
  uint32_t barrier;      // where the barrier is, in bytes of the block's dynamic shared memory
  uint32_t thread;       // counted in its block, x fastest
  uint64_t block;        // counted in the grid, x fastest
  uint64_t state;        // the barrier's 8 bytes; NVIDIA does not document what they mean
  uint64_t is_complete;  // 1 once all the rest is written
};

/// Host memory that kernels write to.
struct Board {
  static constexpr uint32_t most_records = 1024;
  uint32_t threads;  // how many gave up, with a record or without
  Record records[most_records];
};
/// The board of this process, made on first use.
Board& board();

/// What this process's board says: a headline, and for each wait and barrier who waits there; "" if nobody gave up.
std::string report();
std::string report(const Board& board, const Options& options);

#if TUTORIAL_WATCHDOG

/// What a kernel has to know. Each kernel file has its own copy, which launch() keeps up to date: in constant memory,
/// because a look at it there delays no load and no store of the kernel.
struct Connection {
  uint64_t seed;
  uint64_t patience_ns;
  Board* board;
  bool operator==(const Connection&) const = default;
};
namespace {
__constant__ Connection connection;
}

GPU_FUNCTION uint32_t thread_in_block() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
GPU_FUNCTION uint64_t block_in_grid() {
  return blockIdx.x + uint64_t{gridDim.x} * (blockIdx.y + uint64_t{gridDim.y} * blockIdx.z);
}
/// Where a barrier is, in bytes of the block's dynamic shared memory.
GPU_FUNCTION uint32_t place_of(const void* barrier) {
  extern __shared__ __align__(1024) unsigned char dynamic_shared_memory[];
  return static_cast<uint32_t>(static_cast<const unsigned char*>(barrier) - dynamic_shared_memory);
}
GPU_FUNCTION uint64_t nanoseconds() {
  uint64_t now;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
  return now;
}

/// Sleeps for 16 ns to 2 us, as often for a short as for a long time. Seed, block, warp and clock decide, so lanes that
/// are together stay together.
static __device__ __noinline__ void delay() {
  uint64_t hash = connection.seed + (block_in_grid() << 5 | thread_in_block() / 32);
  hash = (hash * 0x9e3779b97f4a7c15) ^ static_cast<uint64_t>(clock64());
  hash = (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9;
  __nanosleep(2048u >> (hash >> 61));
}

/// Called before waits, arrivals and requests.
GPU_FUNCTION void jitter() {
  if (connection.seed != 0) delay();
}

/// Writes this thread's record, leaves the others time for theirs, and ends the kernel.
static __device__ __noinline__ void give_up(const void* barrier, uint32_t parity, Here here) {
  const uint32_t place = atomicAdd(&connection.board->threads, 1u);
  if (place < Board::most_records) {
    Record& record = connection.board->records[place];
    const char* name = here.file;
    int length = 0;
    while (name[length]) ++length;
    constexpr int room = sizeof record.file - 1;
    if (length > room) name += length - room;
    for (int i = 0; i < room && name[i]; ++i) record.file[i] = name[i];
    record.line = here.line;
    record.parity = parity;
    record.barrier = place_of(barrier);
    record.thread = thread_in_block();
    record.block = block_in_grid();
    record.state = *static_cast<const volatile uint64_t*>(barrier);
    __threadfence_system();
    record.is_complete = 1;
    __threadfence_system();
  }
  const uint64_t end = nanoseconds() + connection.patience_ns / 4;
  while (nanoseconds() < end) __nanosleep(100'000);
  __trap();
}

/// How long one wait has lasted. A wait calls check() whenever the phase has not ended yet.
class Patience {
 public:
  __device__ __forceinline__ void check(const void* barrier, uint32_t parity, Here here) {
    if (start_ == 0) start_ = nanoseconds();
    const uint64_t waited = nanoseconds() - start_;
    if (waited > 1'000'000 && todo_is_open()) asm volatile("exit;");  // whoever is waited for has left there
    if (waited > connection.patience_ns) give_up(barrier, parity, here);
  }

 private:
  uint64_t start_ = 0;
};

#else

GPU_FUNCTION void jitter() {}
struct Patience {
  __device__ __forceinline__ void check(const void*, uint32_t, Here) {}
};

#endif

}  // namespace watchdog

#endif
