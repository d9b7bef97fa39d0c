// Strong accesses: atomics, acquire and release, fences, and volatile. Their values travel at once; what they order is
// in the clocks (PTX ISA, "Memory Consistency Model": release and acquire patterns).

#include <algorithm>
#include <cstring>
#include <string>

#include "emulator/access.h"
#include "emulator/diagnosis.h"
#include "emulator/machine.h"

namespace emulator {
namespace {

uint64_t load_bits(const void* address, std::size_t bytes) {
  uint64_t bits = 0;
  std::memcpy(&bits, address, std::min(bytes, sizeof bits));
  return bits;
}

// What a store publishes: with `releases` all that the thread knows, without only what a fence before it released. An
// update (of an atomic) adds to what the value's earlier writers published: a release sequence.
void publish(Thread& thread, uintptr_t address, bool releases, bool is_update) {
  auto& publication = machine->publications[address];
  const int block = thread.block->index;
  if (!is_update) publication.released.clear();
  if (!is_update || publication.block != block) publication.would_be = {};
  publication.block = block;
  publication.would_be.join(thread.clock.knowledge().seen);
  publication.would_be.raise(thread.index, thread.clock.epoch());
  if (releases) {
    thread.clock.release(publication.released[block]);
  } else {
    publication.released[block].join(thread.released_by_fence);
  }
}

// What a load learns: with `acquires` at once, without when a fence follows.
void learn(Thread& thread, uintptr_t address, bool acquires) {
  const auto found = machine->publications.find(address);
  if (found == machine->publications.end()) return;
  const Machine::Publication& publication = found->second;
  const int here = thread.block->index;
  for (const auto& [home, knowledge] : publication.released) {
    if (acquires) {
      thread.clock.acquire_from(home, knowledge, here);
    } else {
      thread.acquired_by_fence.join_from(home, knowledge, here);
    }
  }
  if (!acquires && publication.block == here) thread.seen_through_volatile.join(publication.would_be);
}

}  // namespace

void before_volatile_read(Thread& thread, uintptr_t address, std::size_t bytes, const void* code) {
  machine->pause(thread);
  const void* pointer = reinterpret_cast<const void*>(address);
  const uint64_t value = load_bits(pointer, bytes);
  if (thread.polled == pointer && thread.polled_value == value && thread.polls > 0) {
    machine->not_yet(thread, pointer, value, "a volatile read", {}, code);
  } else {
    thread.polled = pointer;
    thread.polled_value = value;
    thread.polls = 1;
  }
  learn(thread, address, false);
}

void before_volatile_write(Thread& thread, uintptr_t address) {
  machine->pause(thread);
  publish(thread, address, false, false);
  machine->note_change();
}

uint64_t load_acquire(const void* address, std::size_t bytes, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  machine->pause(thread);
  record_access(thread, address, bytes, false, true, __builtin_return_address(0));
  if (thread.polled == address && thread.polled_value == load_bits(address, bytes) && thread.polls > 0) {
    machine->not_yet(thread, address, thread.polled_value, "load_acquire()", here, __builtin_return_address(0));
  }
  const uint64_t value = load_bits(address, bytes);
  if (thread.polled != address || thread.polled_value != value) thread.polls = 1;
  thread.polled = address;
  thread.polled_value = value;
  learn(thread, reinterpret_cast<uintptr_t>(address), true);
  ++machine->counts().atomics;
  thread.trace = combine(thread.trace, value);
  return value;
}

void store_release(void* address, std::size_t bytes, uint64_t value, Here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  machine->pause(thread);
  record_access(thread, address, bytes, true, true, __builtin_return_address(0));
  publish(thread, reinterpret_cast<uintptr_t>(address), true, false);
  std::memcpy(address, &value, bytes);
  machine->note_change();
  ++machine->counts().atomics;
}

uint64_t atomic_update(void* address, std::size_t bytes, uint64_t operand, uint64_t comparand,
                       uint64_t (*combine_values)(uint64_t, uint64_t, uint64_t), Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  machine->pause(thread);
  record_access(thread, address, bytes, true, true, __builtin_return_address(0));
  const uint64_t before = load_bits(address, bytes);
  const uint64_t after = combine_values(before, operand, comparand);
  learn(thread, reinterpret_cast<uintptr_t>(address), false);
  publish(thread, reinterpret_cast<uintptr_t>(address), false, true);
  std::memcpy(address, &after, bytes);
  if (after != before) {
    machine->note_change();
  } else {
    machine->not_yet(thread, address, before, "an atomic operation", here, __builtin_return_address(0));
  }
  ++machine->counts().atomics;
  thread.trace = combine(thread.trace, before);
  return before;
}

void thread_fence(Here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  thread.clock.acquire(thread.acquired_by_fence);
  thread.released_by_fence = {};
  thread.clock.release(thread.released_by_fence);
}

namespace {
void publish_inits(Thread& thread) {
  for (Barrier* barrier : thread.unfenced_inits) barrier->fence_epoch = thread.clock.epoch();
  thread.unfenced_inits.clear();
}
}  // namespace

void fence_mbarrier_init(Here) {
  const InsideEmulator inside;
  publish_inits(*current);
}

void fence_proxy_async(Here) {
  const InsideEmulator inside;
  publish_inits(*current);
  current->clock.fence_proxy();
}

}  // namespace emulator
