#include <algorithm>
#include <bit>
#include <string>

#include "emulator/machine.h"
#include "emulator/recorder.h"

namespace emulator {
namespace {

const char* name_of(WarpOperation operation) {
  switch (operation) {
    case WarpOperation::barrier:
      return "__syncwarp()";
    case WarpOperation::ballot:
      return "__ballot_sync()";
    case WarpOperation::all:
      return "__all_sync()";
    case WarpOperation::any:
      return "__any_sync()";
    case WarpOperation::shuffle:
      return "__shfl_sync()";
    case WarpOperation::shuffle_up:
      return "__shfl_up_sync()";
    case WarpOperation::shuffle_down:
      return "__shfl_down_sync()";
    case WarpOperation::shuffle_xor:
      return "__shfl_xor_sync()";
    case WarpOperation::elect:
      return "elect_sync()";
    case WarpOperation::matrix:
      return "a matrix operation";
  }
  return "";
}

bool is_shuffle(WarpOperation operation) {
  return operation >= WarpOperation::shuffle && operation <= WarpOperation::shuffle_xor;
}

std::string hexadecimal(uint32_t mask) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[mask >> shift & 15];
  return text;
}

Thread& thread_of(Block& block, const Exchange& exchange, int lane) {
  return block.threads[exchange.warp * warp_size + lane];
}

uint64_t vote(const Exchange& exchange) {
  uint64_t ballot = 0;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (exchange.values[lane]) ballot |= uint64_t{1} << lane;
  }
  switch (exchange.operation) {
    case WarpOperation::all:
      return ballot == exchange.arrived;
    case WarpOperation::any:
      return ballot != 0;
    default:
      return ballot;
  }
}

// The lane that elect.sync elects: always the same for the same lanes, and not promised to be the first of them.
int elected_lane(const Block& block, const Exchange& exchange) {
  const uint64_t warp = static_cast<uint64_t>(block.index) * 32 + static_cast<uint64_t>(exchange.warp);
  uint64_t rest = machine->chance(warp, exchange.arrived) % static_cast<unsigned>(std::popcount(exchange.arrived));
  int lane = std::countr_zero(exchange.arrived);
  for (; rest > 0; --rest) {
    ++lane;
    while (!(exchange.arrived >> lane & 1)) ++lane;
  }
  return lane;
}

// The lanes of a complete exchange take their results and go on.
void complete(Block& block, const Exchange& exchange) {
  ++machine->counts().warp_collectives;
  const int elected = exchange.operation == WarpOperation::elect ? elected_lane(block, exchange) : -1;
  const uint64_t votes = vote(exchange);
  std::vector<Clock*> clocks;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (!(exchange.arrived >> lane & 1)) continue;
    Thread& thread = thread_of(block, exchange, lane);
    thread.result = is_shuffle(exchange.operation) ? exchange.values[exchange.sources[lane]]
                    : elected >= 0                 ? lane == elected
                                                   : votes;
    thread.trace = combine(thread.trace, thread.result);
    if (exchange.operation == WarpOperation::barrier) clocks.push_back(&thread.clock);
    machine->make_runnable(thread);
  }
  if (exchange.operation == WarpOperation::barrier) Clock::join(clocks);
}

bool is_complete(const Block& block, const Exchange& exchange) {
  return ((exchange.arrived | block.absent_lanes[exchange.warp]) & exchange.mask) == exchange.mask;
}

// A lane reads from another that does not take part, or that no warp has: the value is undefined. Null if all is well.
const Thread* reads_absent_lane(Block& block, const Exchange& exchange) {
  if (!is_shuffle(exchange.operation)) return nullptr;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (!(exchange.arrived >> lane & 1)) continue;
    const int source = exchange.sources[lane];
    if (source < 0 || source >= warp_size || !(exchange.arrived >> source & 1))
      return &thread_of(block, exchange, lane);
  }
  return nullptr;
}

Report lane_not_in_mask(const Thread& thread, WarpOperation operation, uint32_t mask, Here here) {
  return {"lane-not-in-mask",
          std::string("this lane executes ") + name_of(operation) + " with a mask that does not name it",
          {{here, nullptr, describe(thread) + ", mask " + hexadecimal(mask)}},
          {},
          "every lane that executes a warp-wide operation must be named in the mask it passes"};
}

Report divergent_warp(const Thread& thread, WarpOperation operation, Here here, const Exchange& exchange) {
  return {"divergent-warp",
          "lanes of one mask execute different warp-wide operations",
          {{here, nullptr, std::string(name_of(operation)) + " by " + describe(thread)},
           {exchange.site, nullptr, std::string(name_of(exchange.operation)) + " by " + list_lanes(exchange.arrived)}},
          {"both pass the mask " + hexadecimal(exchange.mask)},
          "all lanes named in a mask execute the same operation on the same line: take the branch away, or name in the "
          "mask only the lanes that take it"};
}

Report absent_lane(const Exchange& exchange, const Thread& reader) {
  return {"shuffle-from-absent-lane",
          "a lane takes its value from a lane that does not take part in this shuffle",
          {{exchange.site, nullptr,
            describe(reader) + " reads lane " + std::to_string(exchange.sources[reader.lane()]) +
                "; taking part: " + list_lanes(exchange.arrived)}},
          {},
          "a shuffle delivers values only from lanes that execute it and are named in its mask"};
}

// Lets the lanes of an exchange go on if all are here. A finding stops the run; `current` must be on a fiber. Returns
// whether they do: then the exchange is no more.
bool complete_if_ready(Block& block, std::size_t index) {
  if (!is_complete(block, block.exchanges[index])) return false;
  const Exchange exchange = block.exchanges[index];
  block.exchanges.erase(block.exchanges.begin() + static_cast<std::ptrdiff_t>(index));
  if (const Thread* reader = reads_absent_lane(block, exchange)) machine->stop(absent_lane(exchange, *reader));
  complete(block, exchange);
  return true;
}

// Lets the block go on if all are here. Who has left is awaited under the strict policy only: the CUDA Programming
// Guide of 2025 says that threads that have exited do not count.
void complete_block_barrier(Block& block) {
  const std::size_t excused = machine->options().policy == Policy::strict ? 0 : static_cast<std::size_t>(block.left);
  if (block.at_barrier.empty() || block.at_barrier.size() + excused < block.threads.size()) return;
  const int line = block.at_barrier.front()->wait_site.line;
  if (!std::ranges::all_of(block.at_barrier, [&](const Thread* t) { return t->wait_site.line == line; })) return;
  ++machine->counts().block_barriers;
  machine->note_change();
  std::vector<Clock*> clocks;
  for (Thread* other : block.at_barrier) {
    clocks.push_back(&other->clock);
    machine->make_runnable(*other);
  }
  Clock::join(clocks);
  block.at_barrier.clear();
}

void complete_named_barrier(const Block& block, Rendezvous& named) {
  std::size_t come = named.arrived.size();
  if (const std::size_t in_last_warp = block.threads.size() % warp_size; in_last_warp > 0) {
    const int last =
        static_cast<int>(block.threads.size()) / warp_size;  // it counts as a whole warp when all have come
    const auto there = std::ranges::count_if(named.arrived, [&](const Thread* t) { return t->warp() == last; });
    if (static_cast<std::size_t>(there) == in_last_warp) come += warp_size - in_last_warp;
  }
  if (come < static_cast<std::size_t>(named.threads)) return;
  ++machine->counts().named_barriers;
  const Knowledge knowledge = named.gathering.take();
  for (Thread* thread : named.waiting) {
    thread->clock.acquire(knowledge);
    machine->make_runnable(*thread);
  }
  named.waiting.clear();
  named.arrived.clear();
  named.threads = 0;
}

Report misuse(const Thread& thread, Here here, const std::string& headline, const char* rule) {
  return {"named-barrier-misuse", headline, {{here, nullptr, describe(thread)}}, {}, rule};
}

Report no_such_barrier(const Thread& thread, Here here, int id) {
  return misuse(thread, here, "there is no named barrier " + std::to_string(id),
                "a block has 16 named barriers, 0 to 15");
}

Report impossible_number(const Thread& thread, Here here, int threads, int most) {
  return misuse(thread, here,
                "a named barrier cannot wait for " + std::to_string(threads) + " threads in a block of " +
                    std::to_string(thread.block->threads.size()),
                most == warp_size
                    ? "the number of threads is 32 here: whole warps come"
                    : "the number of threads is a multiple of 32, and at most the block's: whole warps come");
}

Report two_numbers(const Thread& thread, Here here, int id, int threads, const Rendezvous& named) {
  Report report =
      misuse(thread, here,
             "named barrier " + std::to_string(id) + " is used for " + std::to_string(threads) +
                 " threads while others use it for " + std::to_string(named.threads),
             "all who meet at a named barrier give the same number of threads, and an id that is in use is not "
             "used for anything else");
  report.sides.push_back({named.site, nullptr, "by " + describe(*named.arrived.front())});
  return report;
}

Report arrives_twice(const Thread& thread, Here here, int id, const Rendezvous& named) {
  return misuse(
      thread, here,
      "this thread comes to named barrier " + std::to_string(id) + " a second time, and of the first time " +
          std::to_string(named.threads - static_cast<int>(named.arrived.size())) + " of " +
          std::to_string(named.threads) + " threads are still missing",
      "after barrier_arrive, wait (barrier_sync, or another barrier) before you come to the same id again; or take "
      "two ids in turn");
}

Report mixed_with_named(const Thread& thread, Here here, const Rendezvous& named) {
  Report report = misuse(thread, here, "__syncthreads() while others are at named barrier 0, which is the same barrier",
                         "named barrier 0 belongs to __syncthreads(): use 1 to 15");
  report.sides.push_back({named.site, nullptr, "by " + describe(*named.arrived.front())});
  return report;
}

Report mixed_with_block_barrier(const Thread& thread, Here here, const Block& block) {
  Report report = misuse(thread, here, "named barrier 0 while others are in __syncthreads(), which is the same barrier",
                         "named barrier 0 belongs to __syncthreads(): use 1 to 15");
  report.sides.push_back({block.at_barrier.front()->wait_site, nullptr, "by " + describe(*block.at_barrier.front())});
  return report;
}

}  // namespace

void block_barrier(Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Block& block = *thread.block;
  machine->take_turn(thread);
  if (!block.named[0].arrived.empty()) machine->stop(mixed_with_named(thread, here, block.named[0]));
  const RecordedWait recorded(thread, "__syncthreads()", 0, here);
  thread.begin_wait("__syncthreads()", here);
  block.at_barrier.push_back(&thread);
  complete_block_barrier(block);
  machine->yield(thread);
}

void named_barrier(int id, int threads, NamedBarrier kind, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Block& block = *thread.block;
  machine->pause(thread);
  if (id < 0 || id > 15) machine->stop(no_such_barrier(thread, here, id));
  const int most = (static_cast<int>(block.threads.size()) + warp_size - 1) / warp_size * warp_size;
  if (threads <= 0 || threads % warp_size || threads > most) {
    machine->stop(impossible_number(thread, here, threads, most));
  }
  Rendezvous& named = block.named[static_cast<std::size_t>(id)];
  if (id == 0 && !block.at_barrier.empty()) machine->stop(mixed_with_block_barrier(thread, here, block));
  if (named.arrived.empty()) {
    named.threads = threads;
    named.site = here;
  }
  if (named.threads != threads) machine->stop(two_numbers(thread, here, id, threads, named));
  if (std::ranges::find(named.arrived, &thread) != named.arrived.end()) {
    machine->stop(arrives_twice(thread, here, id, named));
  }
  named.arrived.push_back(&thread);
  named.gathering.release_from(thread.clock);
  machine->note_change();
  if (kind == NamedBarrier::sync) {
    thread.begin_wait("barrier_sync()", here);
    named.waiting.push_back(&thread);
  }
  complete_named_barrier(block, named);
  if (kind == NamedBarrier::arrive) return;
  const RecordedWait recorded(thread, "barrier_sync()", id, here);
  machine->yield(thread);
}

uint64_t warp_exchange(WarpOperation operation, uint32_t mask, uint64_t value, int source, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Block& block = *thread.block;
  const uint32_t own = 1u << thread.lane();
  if (!(mask & own)) {
    machine->stop(lane_not_in_mask(thread, operation, mask, here));
  }
  machine->take_turn(thread);
  auto exchange = std::find_if(block.exchanges.begin(), block.exchanges.end(), [&](const Exchange& other) {
    return other.warp == thread.warp() && other.mask == mask;
  });
  if (exchange == block.exchanges.end()) {
    block.exchanges.push_back({thread.warp(), operation, mask, here, 0, {}, {}});
    exchange = std::prev(block.exchanges.end());
  }
  if (exchange->operation != operation || exchange->site.line != here.line) {
    machine->stop(divergent_warp(thread, operation, here, *exchange));
  }
  exchange->arrived |= own;
  exchange->values[thread.lane()] = value;
  exchange->sources[thread.lane()] = source;
  thread.begin_wait(name_of(operation), here);
  complete_if_ready(block, static_cast<std::size_t>(exchange - block.exchanges.begin()));
  machine->yield(thread);
  return thread.result;
}

void on_thread_left(Thread& thread) {
  Block& block = *thread.block;
  block.absent_lanes[thread.warp()] |= 1u << thread.lane();
  for (std::size_t i = 0; i < block.exchanges.size();) {
    const bool is_gone = block.exchanges[i].warp == thread.warp() && complete_if_ready(block, i);
    if (!is_gone) ++i;
  }
  if (machine->options().policy != Policy::strict) complete_block_barrier(block);
}

}  // namespace emulator
