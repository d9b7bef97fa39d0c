#include "emulator/machine.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "emulator/finding.h"
#include "emulator/watchdog.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;
const int warpSize = emulator::warp_size;

namespace emulator {

Thread* current = nullptr;
Thread* kernel_code_of = nullptr;
Machine* machine = nullptr;

namespace {

constexpr std::size_t arena_alignment = 1024;  // the largest that a swizzled tile needs
constexpr uint16_t poison = 0x7fff;            // a NaN, as half and (twice) as float

StackPool& stacks() {
  static StackPool pool;
  return pool;
}

Counts last_counts;

uint3 position(int index, dim3 size) {
  const auto i = static_cast<unsigned>(index);
  return {i % size.x, i / size.x % size.y, i / size.x / size.y};
}

std::size_t volume(dim3 size) { return std::size_t{size.x} * size.y * size.z; }

// Every fiber's first frame. A thread that ends leaves for the scheduler and is never resumed.
void thread_main() {
  const Launch& launch = machine->launch();
  kernel_code_of = current;
  launch.body(launch.arguments);
  kernel_code_of = nullptr;
  Thread& thread = *current;
  thread.state = Thread::State::left;
  ++thread.block->left;
  on_thread_left(thread);
  machine->yield(thread);
  __builtin_unreachable();
}

}  // namespace

Options& options() {
  static Options options;
  return options;
}

const Counts& counts() { return last_counts; }

Machine::Machine(const Launch& launch) : launch_(launch), random_(options().seed) {
  machine = this;
  watchdog::start();
}

Machine::~Machine() {
  watchdog::stop();
  machine = nullptr;
  for (const auto& block : blocks_) {  // after a finding: whoever has not ended never will, drop the stacks
    for (const Thread& thread : block->threads) {
      if (thread.state != Thread::State::not_started && thread.state != Thread::State::left) {
        stacks().give_back(thread.stack);
      }
    }
  }
}

std::unique_ptr<Block> Machine::make_block(int index) {
  auto block = std::make_unique<Block>();
  block->index = index;
  block->position = position(index, launch_.grid);

  const std::size_t bytes = launch_.shared_bytes;
  block->arena = std::make_unique_for_overwrite<std::byte[]>(bytes + arena_alignment);
  const auto raw = reinterpret_cast<uintptr_t>(block->arena.get());
  block->shared.name = "shared memory";
  block->shared.base = (raw + arena_alignment - 1) / arena_alignment * arena_alignment;
  block->shared.bytes = bytes;
  std::fill_n(reinterpret_cast<uint16_t*>(block->shared.base), (bytes + 1) / sizeof poison, poison);

  const int threads = static_cast<int>(volume(launch_.block));
  block->threads.resize(threads);
  for (int i = 0; i < threads; ++i) {
    Thread& thread = block->threads[i];
    thread.block = block.get();
    thread.index = i;
    thread.position = position(i, launch_.block);
    thread.clock = Clock(i, threads);
  }
  return block;
}

void Machine::start_wave(const std::vector<int>& order, std::size_t first) {
  blocks_.clear();
  const std::size_t end = std::min(order.size(), first + static_cast<std::size_t>(options().resident_blocks));
  for (std::size_t i = first; i < end; ++i) {
    blocks_.push_back(make_block(order[i]));
    for (Thread& thread : blocks_.back()->threads) runnable_.push_back(&thread);
    counts_.threads += blocks_.back()->threads.size();
  }
}

void Machine::step(Thread& thread) {
  if (thread.state == Thread::State::not_started) {
    thread.stack = stacks().take();
    thread.context = make_fiber<thread_main>(thread.stack);
  }
  thread.state = Thread::State::runnable;
  threadIdx = thread.position;
  blockIdx = thread.block->position;
  current = &thread;
  watchdog::restart();
  switch_context(scheduler_, thread.context);
  current = nullptr;
  kernel_code_of = nullptr;
  if (thread.state == Thread::State::left) stacks().give_back(thread.stack);
}

std::optional<Report> Machine::run() {
  blockDim = launch_.block;
  gridDim = launch_.grid;
  global_memory().forget();

  std::vector<int> order(volume(launch_.grid));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random_);  // the hardware promises no order of blocks either

  for (std::size_t first = 0; first < order.size() && !report_; first += options().resident_blocks) {
    start_wave(order, first);
    while (!runnable_.empty() && !report_) {
      std::swap(runnable_[random_() % runnable_.size()], runnable_.back());
      Thread& thread = *runnable_.back();
      runnable_.pop_back();
      step(thread);
    }
    const bool all_left = std::all_of(blocks_.begin(), blocks_.end(), [](const auto& block) {
      return block->left == static_cast<int>(block->threads.size());
    });
    if (!report_ && !all_left) report_ = explain_standstill(*this);
  }
  return report_;
}

void Machine::yield(Thread& thread) { switch_context(thread.context, scheduler_); }

void Machine::make_runnable(Thread& thread) {
  thread.state = Thread::State::runnable;
  runnable_.push_back(&thread);
}

void Machine::stop(Report report) {
  report_ = std::move(report);
  switch_context(current->context, scheduler_);
  __builtin_unreachable();
}

void run(const Launch& launch) {
  std::optional<Report> report;
  {
    Machine run(launch);
    report = run.run();
    last_counts = run.counts();
  }
  if (report) throw Finding(report->name, compose(*report));
}

int lane() { return current->lane(); }

namespace {
Report storage_too_small(std::size_t used, std::size_t given, const Thread& thread, Here here) {
  return {"shared-storage-too-small",
          "this kernel uses " + std::to_string(used) + " bytes of shared memory, and its launch asked for " +
              (given == 0 ? "none" : std::to_string(given)),
          {{here, nullptr, describe(thread)}},
          {},
          "give launch() the size of the storage: {grid, block, sizeof(SharedStorage)}"};
}
}  // namespace

void* shared_memory(std::size_t bytes, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  const Region& shared = thread.block->shared;
  if (bytes > shared.bytes) {
    machine->stop(storage_too_small(bytes, shared.bytes, thread, here));
  }
  return reinterpret_cast<void*>(shared.base);
}

void open_todo(const char* number, Here here) {
  const InsideEmulator inside;
  Report report{"todo", std::string("TODO ") + number + " is not done yet", {{here, nullptr, ""}}, {}, ""};
  if (current) machine->stop(std::move(report));
  throw Finding(report.name, compose(report));
}

namespace {
std::map<const void*, std::size_t>& shared_memory_limits() {
  static std::map<const void*, std::size_t> limits;
  return limits;
}
}  // namespace

void allow_shared_memory(const void* kernel, std::size_t bytes) { shared_memory_limits()[kernel] = bytes; }

std::size_t allowed_shared_memory(const void* kernel) {
  const auto limit = shared_memory_limits().find(kernel);
  return limit == shared_memory_limits().end() ? 48 * 1024 : limit->second;
}

}  // namespace emulator
