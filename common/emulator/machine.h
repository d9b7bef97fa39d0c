#pragma once

// The machine's inside: threads, blocks, and the one run that is in progress. Only the emulator's own files include
// this.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "emulator/clock.h"
#include "emulator/control.h"
#include "emulator/emulator.h"
#include "emulator/fiber.h"
#include "emulator/memory.h"

namespace emulator {

constexpr int warp_size = 32;

struct Block;

/// A CUDA thread: a fiber.
struct Thread {
  enum class State { not_started, runnable, waiting, left };

  Block* block = nullptr;
  int index = 0;  // in the block, x fastest
  uint3 position{};
  State state = State::not_started;
  Stack stack;
  Context context{};
  Clock clock;

  // Where it waits, and what it brought.
  Here wait_site{};
  const char* wait_for = nullptr;   // "__syncthreads()", ...
  uint64_t result = 0;              // of the exchange it waited for
  const void* last_code = nullptr;  // its last access to shared or global memory

  void begin_wait(const char* what, Here site) {
    state = State::waiting;
    wait_for = what;
    wait_site = site;
  }
  int warp() const { return index / warp_size; }
  int lane() const { return index % warp_size; }
};

/// A warp-wide operation that lanes are gathering for.
struct Exchange {
  int warp = 0;
  WarpOperation operation{};
  uint32_t mask = 0;
  Here site{};
  uint32_t arrived = 0;
  std::array<uint64_t, warp_size> values{};
  std::array<int, warp_size> sources{};
};

/// A thread block that is resident.
struct Block {
  int index = 0;  // in the grid, x fastest
  uint3 position{};
  std::vector<Thread> threads;
  int left = 0;  // threads that have ended

  std::unique_ptr<std::byte[]> arena;  // shared memory, with room for alignment
  Region shared;                       // the part of it that the launch asked for

  std::vector<Thread*> at_barrier;
  std::vector<Exchange> exchanges;
};

/// A finding in the making: what is known at the moment when the rule is broken. The text is composed after the
/// run has been stopped, on the host's stack.
struct Report {
  struct Side {
    Here here{};                 // where, if a call of the layer,
    const void* code = nullptr;  // or the address of an access
    std::string note;            // "write of 4 bytes   block 0, warp 2, lane 5"
  };
  std::string name;
  std::string headline;
  std::vector<Side> sides;
  std::vector<std::string> details;
  std::string rule;
};

/// The run in progress, from its construction to its end.
class Machine {
 public:
  explicit Machine(const Launch& launch);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Runs all waves. Returns the report of the first broken rule, if any.
  std::optional<Report> run();

  const Launch& launch() const { return launch_; }
  Counts& counts() { return counts_; }
  const std::vector<std::unique_ptr<Block>>& blocks() const { return blocks_; }

  void make_runnable(Thread& thread);
  /// Called on a fiber: gives the processor to the scheduler, until the thread's turn comes when it is runnable again.
  void yield(Thread& thread);
  /// Called on a fiber: the run ends with this report. The fiber's frames are dropped, so whatever they own is lost:
  /// let a function make the report and return it.
  [[noreturn]] void stop(Report report);

 private:
  std::unique_ptr<Block> make_block(int index);
  void start_wave(const std::vector<int>& order, std::size_t first);
  void step(Thread& thread);

  Launch launch_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Thread*> runnable_;
  Context scheduler_{};
  std::optional<Report> report_;
  Counts counts_;
};

/// The thread whose step is being taken; null on the host.
extern Thread* current;
/// The same while the kernel's own code runs; null on the host and inside the emulator. Accesses count only then: what
/// the emulator does on a thread's stack may go through a standard-library template that was compiled with hooks.
extern Thread* kernel_code_of;

/// Stands at the top of whatever kernel code calls: from here to the end of the scope the emulator works, not the
/// kernel.
class InsideEmulator {
 public:
  InsideEmulator() { kernel_code_of = nullptr; }
  ~InsideEmulator() { kernel_code_of = current; }
  InsideEmulator(const InsideEmulator&) = delete;
  InsideEmulator& operator=(const InsideEmulator&) = delete;
};

/// The run in progress; null between runs.
extern Machine* machine;

/// A thread has ended: exchanges that waited only for it can complete. (collectives.cpp)
void on_thread_left(Thread& thread);

/// Nobody can run any more, but threads still wait: why. (census.cpp)
Report explain_standstill(const Machine& machine);

/// "block 0, warp 2, lane 5"
std::string describe(const Thread& thread);
std::string describe(int block, int thread);
/// "lanes 0-7, 12"
std::string list_lanes(uint32_t mask);

/// Composes a report's message. (report.cpp)
std::string compose(const Report& report);

}  // namespace emulator
