#include <algorithm>
#include <string>

#include "emulator/machine.h"

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
  }
  return "";
}

bool is_shuffle(WarpOperation operation) { return operation >= WarpOperation::shuffle; }

std::string hexadecimal(uint32_t mask) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[mask >> shift & 15];
  return text;
}

// Lanes of the warp that will never arrive: they have left the kernel, or the block is too small to have them.
uint32_t absent_lanes(const Block& block, int warp) {
  uint32_t absent = 0;
  for (int lane = 0; lane < warp_size; ++lane) {
    const std::size_t index = static_cast<std::size_t>(warp) * warp_size + lane;
    if (index >= block.threads.size() || block.threads[index].state == Thread::State::left) absent |= 1u << lane;
  }
  return absent;
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

// The lanes of a complete exchange take their results and go on.
void complete(Block& block, const Exchange& exchange) {
  ++machine->counts().warp_collectives;
  std::vector<Clock*> clocks;
  for (int lane = 0; lane < warp_size; ++lane) {
    if (!(exchange.arrived >> lane & 1)) continue;
    Thread& thread = thread_of(block, exchange, lane);
    thread.result = is_shuffle(exchange.operation) ? exchange.values[exchange.sources[lane]] : vote(exchange);
    clocks.push_back(&thread.clock);
    machine->make_runnable(thread);
  }
  if (exchange.operation == WarpOperation::barrier) Clock::join(clocks);
}

bool is_complete(const Block& block, const Exchange& exchange) {
  return ((exchange.arrived | absent_lanes(block, exchange.warp)) & exchange.mask) == exchange.mask;
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

// Completes what can be completed now. A finding stops the run; `current` must be on a fiber.
void complete_ready(Block& block, int warp) {
  for (std::size_t i = 0; i < block.exchanges.size();) {
    if (block.exchanges[i].warp != warp || !is_complete(block, block.exchanges[i])) {
      ++i;
      continue;
    }
    const Exchange exchange = block.exchanges[i];
    block.exchanges.erase(block.exchanges.begin() + static_cast<std::ptrdiff_t>(i));
    if (const Thread* reader = reads_absent_lane(block, exchange)) machine->stop(absent_lane(exchange, *reader));
    complete(block, exchange);
  }
}

}  // namespace

void block_barrier(Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Block& block = *thread.block;
  thread.begin_wait("__syncthreads()", here);
  block.at_barrier.push_back(&thread);
  const bool same_line = std::all_of(block.at_barrier.begin(), block.at_barrier.end(),
                                     [&](const Thread* other) { return other->wait_site.line == here.line; });
  if (same_line && block.at_barrier.size() == block.threads.size()) {
    ++machine->counts().block_barriers;
    std::vector<Clock*> clocks;
    for (Thread* other : block.at_barrier) {
      clocks.push_back(&other->clock);
      machine->make_runnable(*other);
    }
    Clock::join(clocks);
    block.at_barrier.clear();
  }
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
  complete_ready(block, thread.warp());
  machine->yield(thread);
  return thread.result;
}

void on_thread_left(Thread& thread) { complete_ready(*thread.block, thread.warp()); }

}  // namespace emulator
