#include "emulator/machine.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>

#include "emulator/recorder.h"
#include "emulator/schedule.h"
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

// Blocks of earlier runs, for reuse: a run of microseconds must not build its memory anew.
std::vector<std::unique_ptr<Block>>& spare_blocks() {
  static std::vector<std::unique_ptr<Block>> blocks;
  return blocks;
}

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
  if (Recorder* const recorder = machine->recorder()) recorder->begins(Recorded::Kind::exit, thread, "", 0, {});
  machine->note_change();
  on_thread_left(thread);
  if (thread.block->left == static_cast<int>(thread.block->threads.size())) {
    if (auto report = unfinished_business(*thread.block)) machine->stop(std::move(*report));
  }
  machine->yield(thread);
  __builtin_unreachable();
}

uint64_t hash_bytes(const void* data, std::size_t bytes) {
  uint64_t hash = bytes;
  for (std::size_t i = 0; i < bytes; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, static_cast<const std::byte*>(data) + i, std::min<std::size_t>(8, bytes - i));
    hash = combine(hash, word);
  }
  return hash;
}

// What a launch finds: its arguments, and what earlier launches have left in global memory.
uint64_t hash_of_memory(const Launch& launch) {
  uint64_t hash = hash_bytes(launch.arguments, launch.argument_bytes);
  for (const Region& region : global_memory().regions()) {
    hash = combine(hash, hash_bytes(reinterpret_cast<const void*>(region.base), region.bytes));
  }
  return hash;
}

}  // namespace

Barrier* Block::live_barrier(uintptr_t address, std::size_t bytes) {
  if (barrier_count == 0) return nullptr;
  const std::size_t first = (address - shared.base) / 8, last = (address + bytes - 1 - shared.base) / 8;
  for (std::size_t word = first; word <= last && word < barrier_of_word.size(); ++word) {
    if (barrier_of_word[word] >= 0) return barriers[static_cast<std::size_t>(barrier_of_word[word])].get();
  }
  return nullptr;
}

Machine::Machine(const Launch& launch, Schedule& schedule)
    : launch_(launch),
      options_(emulator::options()),
      schedule_(schedule),
      traces_(dynamic_cast<Explorer*>(&schedule) != nullptr),
      wavefronts_(options_.counts_wavefronts ? std::make_unique<Wavefronts>() : nullptr),
      recorder_(dynamic_cast<TimedSchedule*>(&schedule) ? std::make_unique<Recorder>() : nullptr) {
  machine = this;
  if (traces_) {
    const uint64_t number = static_cast<Explorer&>(schedule).next_launch();
    start_ = number == 0 ? 0 : combine(number, hash_of_memory(launch));  // a run's first launch finds always the same
  }
  watchdog::start();
}

Machine::~Machine() {
  watchdog::stop();
  machine = nullptr;
  for (auto& block : blocks_) {
    for (const Thread& thread : block->threads) {  // after a finding: whoever has not ended never will, drop the stacks
      if (thread.state != Thread::State::not_started && thread.state != Thread::State::left) {
        stacks().give_back(thread.stack);
      }
    }
    spare_blocks().push_back(std::move(block));
  }
}

std::unique_ptr<Block> Machine::make_block(int index) {
  std::unique_ptr<Block> block;
  if (spare_blocks().empty()) {
    block = std::make_unique<Block>();
  } else {
    block = std::move(spare_blocks().back());
    spare_blocks().pop_back();
  }
  block->index = index;
  block->position = position(index, launch_.grid);
  block->left = 0;

  const std::size_t bytes = launch_.shared_bytes;
  block->arena.resize(bytes + 2 * arena_alignment);
  const auto raw = reinterpret_cast<uintptr_t>(block->arena.data());
  block->shared.name = "shared memory";
  const uintptr_t base = (raw + arena_alignment - 1) / arena_alignment * arena_alignment;
  if (bytes != block->shared.bytes) block->shared.shadow.reset();
  if (block->shared.shadow) block->shared.shadow->restart(base);
  block->shared.base = base;
  block->shared.bytes = bytes;
  block->shared_is_placed = false;
  std::fill_n(reinterpret_cast<uint16_t*>(base), (bytes + arena_alignment) / sizeof poison, poison);

  const int threads = static_cast<int>(volume(launch_.block));
  block->threads.clear();
  block->threads.resize(threads);
  for (int i = 0; i < threads; ++i) {
    Thread& thread = block->threads[i];
    thread.block = block.get();
    thread.index = i;
    thread.agent = agent_of(thread);
    thread.position = position(i, launch_.block);
    thread.clock = Clock(i);
    thread.time = now_;
  }
  block->agents = threads;

  block->at_barrier.clear();
  block->exchanges.clear();
  block->absent_lanes.assign((threads + warp_size - 1) / warp_size, 0);
  block->matrix_loads.assign(block->absent_lanes.size(), {});
  if (threads % warp_size) block->absent_lanes.back() = ~0u << threads % warp_size;
  block->named.fill({});
  block->barrier_of_word.assign(block->barrier_count ? 0 : block->barrier_of_word.size(), -1);
  block->barrier_of_word.resize(bytes / 8, -1);
  block->barrier_count = 0;
  block->copy_count = 0;
  block->bytes_in_flight = 0;
  block->timeline.clear();
  return block;
}

void Machine::start_wave(const std::vector<int>& order, std::size_t first) {
  for (auto& block : blocks_) {
    std::ranges::move(block->copies, std::back_inserter(copies_of_earlier_waves_));
    block->copies.clear();
    spare_blocks().push_back(std::move(block));
  }
  blocks_.clear();
  last_ = nullptr;
  const std::size_t end = std::min(order.size(), first + static_cast<std::size_t>(options_.resident_blocks));
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

void Machine::land_step(std::size_t index) {
  Copy& copy = *landable_[index];
  std::swap(landable_[index], landable_.back());
  landable_.pop_back();
  note_change();
  now_ = copy.lands_at;
  if (!land(copy, traces_ || recorder_)) landable_.push_back(&copy);
}

// Moves the threads that poll, and for which something may have changed, to those that can go on. If nobody else can go
// on, all of them: they may ask a limited number of times, or see a time-out. False: this has gone on for too long.
bool Machine::rouse_pollers() {
  const std::size_t patience = traces_ ? 300 : 100'000;  // exploring: each round is a choice
  if (pollers_.empty()) return true;
  const bool idle = runnable_.empty() && landable_.empty();
  if (changes_ == polls_looked_at_ && !idle) return true;
  if (changes_ != polls_looked_at_) idle_questions_ = 0;
  idle_questions_ += pollers_.size();
  if (idle_questions_ > patience) return false;
  polls_looked_at_ = changes_;
  for (Thread* thread : pollers_) make_runnable(*thread);
  pollers_.clear();
  return true;
}

void Machine::run_wave() {
  while (!report_ && !gave_up_) {
    if (!rouse_pollers()) return;
    if (steps_.size() >= options_.most_steps) {
      report_ = explain_endless_run(*this);
      return;
    }
    const Able able{runnable_, landable_, last_};
    if (able.size() == 0) return;
    const std::size_t chosen = schedule_.choose(able);
    if (chosen == Schedule::give_up) {
      gave_up_ = true;
      return;
    }
    steps_.push_back(able.agent(chosen));
    if (chosen >= runnable_.size()) {
      land_step(chosen - runnable_.size());
      continue;
    }
    std::swap(runnable_[chosen], runnable_.back());
    last_ = runnable_.back();
    now_ = last_->time;
    runnable_.pop_back();
    step(*last_);
  }
}

void Machine::run() {
  blockDim = launch_.block;
  gridDim = launch_.grid;
  global_memory().forget();

  std::vector<int> order(volume(launch_.grid));
  std::iota(order.begin(), order.end(), 0);
  Random random(chance(0, 0));  // the hardware promises no order of blocks either
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);

  for (std::size_t first = 0; first < order.size() && !report_ && !gave_up_;
       first += static_cast<std::size_t>(options_.resident_blocks)) {
    start_wave(order, first);
    run_wave();
    if (recorder_) recorder_->name_barriers(blocks_);
    if (wavefronts_) {
      const SharedCost cost = wavefronts_->finish();
      counts_.shared_wavefronts = cost.wavefronts;
      counts_.bank_conflicts = cost.bank_conflicts();
    }
    const bool all_left = std::ranges::all_of(
        blocks_, [](const auto& block) { return block->left == static_cast<int>(block->threads.size()); });
    if (!report_ && !gave_up_ && !all_left) {
      report_ = explain_standstill(*this);
    }
  }
  counts_.steps = steps_.size();
}

uint64_t Machine::now() const { return current ? current->time : now_; }

void Machine::yield(Thread& thread) {
  ++thread.time;
  switch_context(thread.context, scheduler_);
  thread.is_in_wait = false;
}

void Machine::make_landable(Copy& copy) {
  copy.lands_at = std::max(copy.lands_at, now());
  landable_.push_back(&copy);
}

void Machine::make_runnable(Thread& thread) {
  thread.time = std::max(thread.time, now());
  thread.state = Thread::State::runnable;
  runnable_.push_back(&thread);
}

void Machine::not_yet(Thread& thread, const void* what, uint64_t value, const char* wait_for, Here site,
                      const void* code) {
  const bool again = thread.polled == what && thread.polled_value == value && thread.polled_at == changes_;
  thread.polled = what;
  thread.polled_value = value;
  thread.polled_at = changes_;
  thread.polls = again ? thread.polls + 1 : 1;
  // Usually a thread that asks in vain soon steps aside; some go on for long, and may come to the end of their
  // patience.
  const bool is_stubborn = !traces_ && chance(thread.agent, 3) % 4 == 0;
  if (thread.polls < (is_stubborn ? 300 : 3)) return pause(thread);
  thread.begin_wait(wait_for, site);
  thread.wait_code = code;
  thread.is_polling = true;
  pollers_.push_back(&thread);
  yield(thread);
}

void Machine::stop(Report report) {
  if (!report_) report_ = std::move(report);
  if (!current) return;
  switch_context(current->context, scheduler_);
  __builtin_unreachable();
}

uint64_t Machine::state() const {
  uint64_t hash = combine(start_, pollers_.size());
  if (!blocks_.empty()) hash = combine(hash, static_cast<uint64_t>(blocks_.front()->index));
  const auto add = [&](uint64_t value) { hash = combine(hash, value); };
  for (const auto& block : blocks_) {
    for (const Thread& thread : block->threads) {
      const bool is_current = thread.polled_at == changes_;
      add(static_cast<uint64_t>(thread.state) << 32 | static_cast<uint32_t>(thread.polls) << 1 | is_current);
      add(thread.trace);
      if (thread.is_in_wait) add(combine(reinterpret_cast<uintptr_t>(thread.wait_for), thread.phase));
      add(thread.clock.hash());
      add(thread.seen_through_volatile.hash());
      add(thread.released_by_fence.hash() ^ mix(thread.acquired_by_fence.hash()));
      if (thread.asked) add(combine(thread.asked->address, thread.asked_phase));
    }
    for (std::size_t i = 0; i < block->barrier_count; ++i) {
      const Barrier& barrier = *block->barriers[i];
      add(barrier.address << 1 | barrier.live);
      add(barrier.phase << 1 | barrier.observed);
      add(static_cast<uint64_t>(barrier.pending) << 32 ^ static_cast<uint64_t>(barrier.expected));
      add(static_cast<uint64_t>(barrier.tx) << 32 ^ barrier.fence_epoch);
      add(barrier.gathering.hash());
      add(barrier.last_complete.hash());
      for (const int64_t observed : barrier.last_observed) add(static_cast<uint64_t>(observed));
    }
    uint64_t in_flight = 0;
    for (std::size_t i = 0; i < block->copy_count; ++i) {
      if (!block->copies[i]->landed) in_flight += mix(block->copies[i]->agent);
    }
    add(in_flight);
    for (const Rendezvous& named : block->named) {
      add(named.arrived.size() << 32 | static_cast<uint32_t>(named.threads));
      add(named.gathering.hash());
    }
    add(block->shared.shadow ? block->shared.shadow->hash() : 0);  // no history yet is an empty one
    const auto* words = reinterpret_cast<const uint64_t*>(block->shared.base);
    for (std::size_t i = 0; i < block->shared.bytes / 8; ++i) add(words[i]);
  }
  for (const Region& region : global_memory().regions()) {
    add(region.shadow ? region.shadow->hash() : 0);
  }
  uint64_t published = 0;
  for (const auto& [address, publication] : publications) {
    uint64_t released = publication.would_be.hash();
    for (const auto& [block, knowledge] : publication.released) released = combine(released, knowledge.hash());
    published += combine(address, released);
  }
  add(published);
  return hash;
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

void* shared_memory(std::size_t bytes, std::size_t alignment, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Block& block = *thread.block;
  if (bytes > block.shared.bytes) {
    machine->stop(storage_too_small(bytes, block.shared.bytes, thread, here));
  }
  if (!block.shared_is_placed) {  // where shared memory begins is promised only as far as the storage's type asks for
    block.shared_is_placed = true;
    const std::size_t steps = alignment <= 128 ? machine->chance(0, 1) % (arena_alignment / 128) : 0;
    block.shared.base += 128 * steps;
    if (block.shared.shadow) block.shared.shadow->restart(block.shared.base);
  }
  return reinterpret_cast<void*>(block.shared.base);
}

}  // namespace emulator
