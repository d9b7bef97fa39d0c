// Every memory access of a kernel file arrives here: the compiler's -fsanitize=thread puts a call before each, and this
// file, not libtsan, defines what is called. It is compiled without the flag.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "emulator/access.h"
#include "emulator/diagnosis.h"
#include "emulator/machine.h"
#include "emulator/watchdog.h"

namespace emulator {
namespace {

enum class Kind : bool { read, write };

// What a thread may use without anybody counting: its own stack, the built-in variables, the kernel's parameters.
bool is_private(const Thread& thread, uintptr_t address, std::size_t size, Kind kind) {
  const auto is_in = [&](const void* object, std::size_t bytes) {
    return lies_in(address, size, reinterpret_cast<uintptr_t>(object), bytes);
  };
  if (thread.owns(reinterpret_cast<const void*>(address), size)) return true;
  if (kind == Kind::write) return false;
  return is_in(&threadIdx, sizeof threadIdx) || is_in(&blockIdx, sizeof blockIdx) ||
         is_in(&blockDim, sizeof blockDim) || is_in(&gridDim, sizeof gridDim) ||
         is_in(machine->launch().arguments, machine->launch().argument_bytes);
}

Report out_of_bounds(const Thread& thread, uintptr_t address, std::size_t size, Kind kind, const void* code) {
  std::vector<const Region*> regions;
  if (thread.block->shared.bytes > 0) regions.push_back(&thread.block->shared);
  for (const Region& region : global_memory().regions()) regions.push_back(&region);
  return {"out-of-bounds",
          std::string("this ") + (kind == Kind::write ? "write" : "read") + " is outside every buffer",
          {{{},
            code,
            std::string(kind == Kind::write ? "write" : "read") + " of " + bytes_of(size) + ", " +
                describe_address(address, regions) + "     " + describe(thread)}},
          {},
          "an index is tested before it is used"};
}

Report misaligned(const Thread& thread, uintptr_t address, std::size_t alignment, Here here) {
  return {"misaligned-access",
          "the address of this access is not aligned as its type must be",
          {{here, nullptr,
            std::to_string(address % alignment) + " bytes past a multiple of " + std::to_string(alignment) + "     " +
                describe(thread)}},
          {},
          "a GPU reads and writes 2, 4, 8 or 16 bytes at once only at multiples of 2, 4, 8 or 16"};
}

Report misaligned_access(const Thread& thread, uintptr_t address, std::size_t size, const void* code) {
  Report report = misaligned(thread, address, size, {});
  report.sides.front().code = code;
  return report;
}

void count(Counts& counts, bool is_shared, Kind kind, std::size_t size) {
  if (is_shared) {
    ++(kind == Kind::write ? counts.shared_stores : counts.shared_loads);
    (kind == Kind::write ? counts.shared_store_bytes : counts.shared_load_bytes) += size;
  } else {
    ++(kind == Kind::write ? counts.global_stores : counts.global_loads);
    (kind == Kind::write ? counts.global_store_bytes : counts.global_load_bytes) += size;
  }
}

// A hash of what is about to be read.
uint64_t value_at(uintptr_t address, std::size_t size) {
  uint64_t hash = 0;
  for (std::size_t i = 0; i < size; i += 8) {
    uint64_t bits = 0;
    std::memcpy(&bits, reinterpret_cast<const void*>(address + i), std::min<std::size_t>(8, size - i));
    hash = combine(hash, bits);
  }
  return hash;
}

// Checks and records an access to memory that the thread shares with others.
void record(Thread& thread, Region& region, uintptr_t address, std::size_t size, Kind kind, bool is_strong,
            const void* code) {
  const bool is_shared = &region == &thread.block->shared;
  const bool is_write = kind == Kind::write;
  thread.last_code = code;
  ++thread.time;
  count(machine->counts(), is_shared, kind, size);
  Access access;
  access.block = thread.block->index;
  access.agent = thread.index;
  access.epoch = thread.clock.epoch();
  access.is_write = is_write;
  access.is_strong = is_strong;
  access.code = code;
  if (is_shared) {
    if (Wavefronts* wavefronts = machine->wavefronts()) {
      wavefronts->record(access.block, thread.warp(), thread.lane(), code, address - region.base, size, is_write);
    }
    if (const Barrier* barrier = thread.block->live_barrier(address, size)) {
      machine->stop(explain_overwritten_barrier(thread, *barrier, access, {}));
    }
  } else if (is_write && machine->options().shortens) {
    region.keep_content();
  }
  Shadow& history = region.history();
  if (is_shared && !is_write && !machine->unwritten_read && !history.has_written(address, size)) {
    machine->unwritten_read = side_of_access(thread, region, address, size, access);
  }
  const Policy policy = machine->options().policy;
  if (const auto conflict = history.record(access, thread.clock, policy, address, size)) {
    machine->stop(explain_access(thread, region, address, size, access, *conflict));
  }
  if (machine->traces()) {
    thread.trace = combine(thread.trace, reinterpret_cast<uintptr_t>(code));
    if (!is_write) thread.trace = combine(thread.trace, value_at(address, size));
  }
}

// The region that holds the whole access; null if the access may pass without counting. Stops the run if it lies
// outside everything.
Region* region_of(const Thread& thread, uintptr_t address, std::size_t size, Kind kind, const void* code) {
  if (is_private(thread, address, size, kind)) return nullptr;
  Region& shared = thread.block->shared;
  if (shared.contains(address, size)) return &shared;
  if (Region* region = global_memory().find(address, size)) return region;
  if (kind == Kind::read && is_program_constant(address, size)) return nullptr;
  machine->stop(out_of_bounds(thread, address, size, kind, code));
  __builtin_unreachable();
}

void access(const void* pointer, std::size_t size, Kind kind, const void* code, bool is_volatile = false) {
  if (!kernel_code_of || size == 0) return;  // host code of a kernel file, or the emulator at work
  watchdog::signs_of_life = watchdog::signs_of_life + 1;
  Thread& thread = *current;
  if (thread.owns(pointer, size) && !watchdog::expired) return;  // most accesses: let them pass quickly
  const InsideEmulator inside;
  if (watchdog::expired) watchdog::stop_run(code);
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  Region* region = region_of(thread, address, size, kind, code);
  if (!region) return;
  if (is_volatile && kind == Kind::read) before_volatile_read(thread, address, size, code);
  if (is_volatile && kind == Kind::write) before_volatile_write(thread, address);
  record(thread, *region, address, size, kind, is_volatile, code);
}

}  // namespace

void record_access(Thread& thread, const void* pointer, std::size_t bytes, bool is_write, bool is_strong,
                   const void* code) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  const Kind kind = is_write ? Kind::write : Kind::read;
  if (address % bytes) machine->stop(misaligned_access(thread, address, bytes, code));
  if (Region* region = region_of(thread, address, bytes, kind, code)) {
    record(thread, *region, address, bytes, kind, is_strong, code);
  }
}

}  // namespace emulator

#pragma GCC visibility push(default)

// The hooks are many, and alike: one macro names them all.
#define HOOK(name, size, kind, is_volatile)                                                          \
  extern "C" void name(void* address) {                                                              \
    emulator::access(address, size, emulator::Kind::kind, __builtin_return_address(0), is_volatile); \
  }
#define HOOKS_OF_SIZE(size)                                    \
  HOOK(__tsan_read##size, size, read, false)                   \
  HOOK(__tsan_write##size, size, write, false)                 \
  HOOK(__tsan_unaligned_read##size, size, read, false)         \
  HOOK(__tsan_unaligned_write##size, size, write, false)       \
  HOOK(__tsan_volatile_read##size, size, read, true)           \
  HOOK(__tsan_volatile_write##size, size, write, true)         \
  HOOK(__tsan_unaligned_volatile_read##size, size, read, true) \
  HOOK(__tsan_unaligned_volatile_write##size, size, write, true)

HOOKS_OF_SIZE(1)
HOOKS_OF_SIZE(2)
HOOKS_OF_SIZE(4)
HOOKS_OF_SIZE(8)
HOOKS_OF_SIZE(16)

extern "C" {

void __tsan_init() {}

void __tsan_read_range(void* address, std::size_t size) {
  emulator::access(address, size, emulator::Kind::read, __builtin_return_address(0));
}

void __tsan_write_range(void* address, std::size_t size) {
  emulator::access(address, size, emulator::Kind::write, __builtin_return_address(0));
}

// -fsanitize=alignment tests each pointer against its type's alignment and calls this where it does not fit. (The
// access hooks cannot tell: a struct of two float2 is 16 bytes that may begin at any multiple of 8, a uint4 is not.)
struct TypeMismatch {  // as the compiler lays it out
  struct {
    const char* file;
    uint32_t line, column;
  } place;
  const void* type;
  unsigned char log_alignment;
  unsigned char kind;
};

void __ubsan_handle_type_mismatch_v1(const TypeMismatch* mismatch, uintptr_t address) {
  if (!emulator::kernel_code_of) return;
  const emulator::InsideEmulator inside;
  const Here here{mismatch->place.file, static_cast<int>(mismatch->place.line)};
  emulator::machine->stop(
      emulator::misaligned(*emulator::current, address, std::size_t{1} << mismatch->log_alignment, here));
}

// The linker sends a program's calls of mem* here (--wrap): a kernel's are accesses too. This library itself is linked
// without --wrap, so its own calls, and those below, are the C library's.
void* __wrap_memcpy(void* to, const void* from, std::size_t size) {
  emulator::access(from, size, emulator::Kind::read, __builtin_return_address(0));
  emulator::access(to, size, emulator::Kind::write, __builtin_return_address(0));
  return std::memcpy(to, from, size);
}

void* __wrap_memmove(void* to, const void* from, std::size_t size) {
  emulator::access(from, size, emulator::Kind::read, __builtin_return_address(0));
  emulator::access(to, size, emulator::Kind::write, __builtin_return_address(0));
  return std::memmove(to, from, size);
}

void* __wrap_memset(void* to, int value, std::size_t size) {
  emulator::access(to, size, emulator::Kind::write, __builtin_return_address(0));
  return std::memset(to, value, size);
}
}

#pragma GCC visibility pop
