#pragma once

// The machine's inside: threads, blocks, copies in flight, and the one run that is in progress. Only the emulator's own
// files include this.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "emulator/barrier.h"
#include "emulator/clock.h"
#include "emulator/control.h"
#include "emulator/copy.h"
#include "emulator/emulator.h"
#include "emulator/fiber.h"
#include "emulator/hash.h"
#include "emulator/memory.h"
#include "emulator/report.h"
#include "emulator/schedule.h"
#include "emulator/timeline.h"
#include "emulator/wavefronts.h"

namespace emulator {

constexpr int warp_size = 32;

struct Block;
struct MatrixOperation;
class Recorder;

/// A CUDA thread: a fiber.
struct Thread {
  enum class State { not_started, runnable, waiting, left };

  Block* block = nullptr;
  int index = 0;       // in the block, x fastest
  uint64_t agent = 0;  // see Machine::agent_of
  uint3 position{};
  State state = State::not_started;
  Stack stack;
  Context context{};
  Clock clock;

  // Where it waits, and what it brought.
  bool is_polling = false;  // it asks, and nothing has changed for a while
  bool is_in_wait = false;  // also when it has been woken, until it takes its next step
  Here wait_site{};
  const void* wait_code = nullptr;              // where, if it polls a variable: an address of code
  const char* wait_for = nullptr;               // "__syncthreads()", ...
  uint64_t result = 0;                          // of the exchange it waited for
  MatrixOperation* matrix_operation = nullptr;  // it waits for the other lanes of (matrix.cpp)
  std::size_t matrix_loads = 0;                 // since the last of them
  Barrier* barrier = nullptr;                   // the mbarrier it waits for, and for which phase
  uint64_t phase = 0;
  const void* last_code = nullptr;  // its last access to shared or global memory

  int copies_requested = 0;  // of every kind

  // Its cp.async copies.
  int stream = -1;  // as an agent of clocks; -1 until the first copy
  uint32_t cp_async_requested = 0;
  std::vector<Copy*> cp_async_in_flight;  // in order of request
  std::vector<uint32_t> group_ends;       // of the committed groups: how many copies had been requested then
  uint32_t cp_async_awaited = 0;          // it waits until all up to this one have landed; 0: it does not
  struct GroupWait {
    Here here{};
    int pending = 0;         // so many groups may stay in flight
    int committed = 0;       // groups, by then
    uint32_t requested = 0;  // copies, by then
    bool covers(int group) const { return group < committed - pending; }
  };
  std::optional<GroupWait> last_group_wait;
  struct DeferredArrival {
    Barrier* barrier = nullptr;
    uint32_t epoch = 0;  // when all copies up to this one have landed
    Here here{};
  };
  std::vector<DeferredArrival> deferred_arrivals;

  std::vector<Barrier*> unfenced_inits;  // that it has initialised since its last fence

  // Polls: questions that were answered with "not yet".
  const void* polled = nullptr;  // what
  uint64_t polled_value = 0;
  uint64_t polled_at = 0;          // the count of changes then
  int polls = 0;                   // since something changed
  const Barrier* asked = nullptr;  // which mbarrier last answered so, and in which phase
  uint64_t asked_phase = 0;

  // Fences and strong accesses: see atomics.cpp.
  Knowledge released_by_fence, acquired_by_fence;
  Frontier seen_through_volatile;  // what would be ordered if volatile did order

  uint64_t time = 0;         // in ticks: a call of the layer and an access to shared or global memory take one each
  uint64_t asked_since = 0;  // when the mbarrier in `asked` first answered so

  uint64_t trace = 0;  // a hash of all that it did and learned; kept only while exploring

  void begin_wait(const char* what, Here site) {
    state = State::waiting;
    wait_for = what;
    wait_site = site;
    wait_code = nullptr;
    barrier = nullptr;
    is_in_wait = true;
    is_polling = false;
  }
  /// Whether this is memory of its own stack.
  bool owns(const void* memory, std::size_t bytes) const {
    return lies_in(reinterpret_cast<uintptr_t>(memory), bytes, reinterpret_cast<uintptr_t>(stack.base), stack.bytes);
  }
  int warp() const { return index / warp_size; }
  int lane() const { return index % warp_size; }
};

/// Where a matrix lies.
struct MatrixPlace {
  const void* address = nullptr;
  unsigned ldm = 0;
  bool is_column_major = false;
  bool operator==(const MatrixPlace&) const = default;
};

/// A load of a matrix, by the first of a warp's lanes that came to it.
struct MatrixLoad {
  MatrixKind kind;
  MatrixPlace place;
  Here here;
  int lane;
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

/// PTX barrier 0..15 with a count of threads.
struct Rendezvous {
  int threads = 0;  // awaited; 0: nobody has come
  Here site{};      // of the first to come
  std::vector<Thread*> waiting;
  std::vector<const Thread*> arrived;  // all who have come
  Gathering gathering;
};

/// A thread block that is resident.
struct Block {
  int index = 0;  // in the grid, x fastest
  uint3 position{};
  std::vector<Thread> threads;
  int left = 0;    // threads that have ended
  int agents = 0;  // of clocks: threads and streams

  std::vector<std::byte> arena;  // shared memory, with room for alignment
  Region shared;                 // the part of it that the launch asked for
  bool shared_is_placed = false;

  std::vector<Thread*> at_barrier;
  std::vector<Exchange> exchanges;
  std::vector<uint32_t> absent_lanes;  // of each warp: those that have left, or that the block is too small to have
  std::vector<std::vector<MatrixLoad>> matrix_loads;  // of each warp, since its lanes last met in a matrix operation
  std::array<Rendezvous, 16> named;

  std::vector<std::unique_ptr<Barrier>> barriers;  // those before `barrier_count` are of this run, live or not
  std::size_t barrier_count = 0;
  std::vector<int> barrier_of_word;           // per 8 bytes of shared memory: index of the live barrier there, or -1
  std::vector<std::unique_ptr<Copy>> copies;  // likewise
  std::size_t copy_count = 0;
  uint64_t bytes_in_flight = 0;

  Timeline timeline;

  /// The live mbarrier that covers any of [address, address + bytes), or null.
  Barrier* live_barrier(uintptr_t address, std::size_t bytes);
};

/// The run in progress, from its construction to its end.
class Machine {
 public:
  Machine(const Launch& launch, Schedule& schedule);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Runs all waves, to the end or to the first broken rule, which report() then tells; or until the schedule gives up.
  void run();

  const std::optional<Report>& report() const { return report_; }
  bool gave_up() const { return gave_up_; }
  /// Who took each step.
  const std::vector<uint64_t>& steps() const { return steps_; }

  const Launch& launch() const { return launch_; }
  Counts& counts() { return counts_; }
  const std::vector<std::unique_ptr<Block>>& blocks() const { return blocks_; }
  const Options& options() const { return options_; }
  /// Null unless the options ask for it.
  Wavefronts* wavefronts() { return wavefronts_.get(); }

  /// Null unless the run is a timed one.
  Recorder* recorder() { return recorder_.get(); }
  /// The clock of whoever takes this step, in ticks.
  uint64_t now() const;

  void make_runnable(Thread& thread);
  void make_landable(Copy& copy);
  /// Called on a fiber: gives the processor to the scheduler, until the thread's turn comes when it is runnable again.
  void yield(Thread& thread);
  /// Called on a fiber before everything that others could notice: anybody may go first.
  void pause(Thread& thread) {
    thread.trace = combine(thread.trace, 1);  // it has come further
    make_runnable(thread);
    yield(thread);
  }
  /// Called on a fiber before it meets others. In a timed run, those whose clocks are behind go first, so that who
  /// comes last is last by the clock too; in all others the order makes no difference.
  void take_turn(Thread& thread) {
    if (recorder_) pause(thread);
  }
  /// Called on a fiber: the question about `what` has been answered "not yet" (`value`). The thread goes on when
  /// something has changed; if nothing can change any more, it goes on asking for a while.
  void not_yet(Thread& thread, const void* what, uint64_t value, const char* wait_for, Here site, const void* code);
  /// Something has changed that a thread may be asking for.
  void note_change() { ++changes_; }

  /// The run ends with this report. Called on a fiber it does not return, and the fiber's frames are dropped, so
  /// whatever they own is lost: let a function make the report and return it.
  void stop(Report report);

  /// A number that depends on the seed and on what it is for, but not on the schedule.
  uint64_t chance(uint64_t agent, uint64_t what) const { return mix(mix(options_.seed ^ mix(agent)) ^ what); }

  /// Whether threads keep a trace, and what the state is, as one number: all that can change a verdict.
  bool traces() const { return traces_; }
  uint64_t state() const;

  /// Names an agent the same in every schedule of a launch: a thread, or the n-th copy that it requests (from 1).
  static uint64_t agent_of(const Thread& thread, int copy = 0) {
    return (static_cast<uint64_t>(thread.block->index) * 1024 + static_cast<uint64_t>(thread.index)) << 24 |
           static_cast<uint64_t>(copy);
  }

  // Values that were published by atomic stores: see atomics.cpp.
  struct Publication {
    std::map<int, Knowledge> released;  // by the block of whoever released it
    int block = 0;                      // of the last store
    Frontier would_be;  // what a reader of that block would see if volatile and relaxed stores were releases
  };
  std::unordered_map<uintptr_t, Publication> publications;

  /// The first read of shared memory that nobody had written; nothing if there was none so far.
  std::optional<Report::Side> unwritten_read;

 private:
  std::unique_ptr<Block> make_block(int index);
  void start_wave(const std::vector<int>& order, std::size_t first);
  void run_wave();
  void step(Thread& thread);
  void land_step(std::size_t index);
  bool rouse_pollers();

  Launch launch_;
  Options options_;
  Schedule& schedule_;
  bool traces_;
  uint64_t start_ = 0;  // with traces: a hash of what the launch found
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Candidate<Thread>> runnable_;
  std::vector<Candidate<Copy>> landable_;
  std::vector<Thread*> pollers_;
  std::vector<std::unique_ptr<Copy>> copies_of_earlier_waves_;  // histories speak of them
  Context scheduler_{};
  Thread* last_ = nullptr;  // who took the last step
  uint64_t now_ = 0;        // when, if it was a copy
  uint64_t changes_ = 1;
  uint64_t polls_looked_at_ = 0;    // changes_ when the pollers were last looked at
  std::size_t idle_questions_ = 0;  // asked while nothing could change
  bool gave_up_ = false;
  std::optional<Report> report_;
  std::vector<uint64_t> steps_;
  Counts counts_;
  std::unique_ptr<Wavefronts> wavefronts_;
  std::unique_ptr<Recorder> recorder_;
};

/// The thread whose step is being taken; null on the host, and while a copy takes a step.
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

/// Lets `copy` write its next part, or all of it; then its barrier or its thread learns of it. (copies.cpp)
/// Returns whether it has landed.
bool land(Copy& copy, bool whole);

/// The live mbarrier at `bar`. Stops the run if there is none, or if `thread` cannot know of it yet. (mbarrier.cpp)
Barrier& barrier_at(const void* bar, Thread& thread, Here here);

/// The arrival of cp.async.mbarrier.arrive: the thread's cp.async copies up to `epoch` have landed. (mbarrier.cpp)
void arrive_after_copies(Barrier& barrier, Thread& thread, uint32_t epoch, Here here);

/// Bytes of `copy` have landed: complete the phase if that was the last it waited for. (mbarrier.cpp)
void complete_bytes(Barrier& barrier, const Copy& copy);

/// A thread has ended: exchanges that waited only for it can complete. (collectives.cpp)
void on_thread_left(Thread& thread);

/// All threads of a block have ended. (copies.cpp) Returns what was left undone.
std::optional<Report> unfinished_business(const Block& block);

/// Nobody can run any more, but threads still wait: why. (census.cpp)
Report explain_standstill(const Machine& machine);
/// Of a run that has taken Options::most_steps: the finding, with where its threads are.
Report explain_endless_run(const Machine& machine);

}  // namespace emulator
