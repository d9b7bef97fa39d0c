// Every memory access of a kernel file arrives here: the compiler's -fsanitize=thread puts a call before each, and this
// file, not libtsan, defines what is called. It is compiled without the flag.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

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
  if (is_in(thread.stack.base, thread.stack.bytes)) return true;
  if (kind == Kind::write) return false;
  return is_in(&threadIdx, sizeof threadIdx) || is_in(&blockIdx, sizeof blockIdx) ||
         is_in(&blockDim, sizeof blockDim) || is_in(&gridDim, sizeof gridDim) ||
         is_in(machine->launch().arguments, machine->launch().argument_bytes);
}

std::string what(Kind kind, std::size_t size) {
  return std::string(kind == Kind::write ? "write" : "read") + " of " + std::to_string(size) +
         (size == 1 ? " byte" : " bytes");
}

Report out_of_bounds(const Thread& thread, uintptr_t address, std::size_t size, Kind kind, const void* code) {
  std::vector<const Region*> regions;
  if (thread.block->shared.bytes > 0) regions.push_back(&thread.block->shared);
  for (const Region& region : global_memory().regions()) regions.push_back(&region);
  return {"out-of-bounds",
          std::string("this ") + (kind == Kind::write ? "write" : "read") + " is outside every buffer",
          {{{}, code, what(kind, size) + ", " + describe_address(address, regions) + "     " + describe(thread)}},
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

Report data_race(const Thread& thread, const Region& region, uintptr_t address, std::size_t size, Kind kind,
                 const void* code, const Access& earlier) {
  const std::string place = " at byte " + std::to_string(address - region.base) + " of " + region.name + "     ";
  const bool same_block = earlier.block == thread.block->index;
  return {"data-race",
          "two threads use the same bytes, at least one writes, and nothing orders them",
          {{{}, code, what(kind, size) + place + describe(thread)},
           {{},
            earlier.code,
            std::string("earlier ") + (earlier.is_write ? "write" : "read") + " by " +
                describe(earlier.block, earlier.thread)}},
          {},
          same_block
              ? "between one thread's write and another's access stands a barrier that both execute: "
                "__syncthreads(), or __syncwarp() inside a warp; a shuffle orders no memory"
              : "blocks of one launch run in any order and at the same time: give each block its own part of the "
                "output"};
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

void access(const void* pointer, std::size_t size, Kind kind, const void* code) {
  if (!kernel_code_of || size == 0) return;  // host code of a kernel file, or the emulator at work
  const InsideEmulator inside;
  watchdog::signs_of_life = watchdog::signs_of_life + 1;
  if (watchdog::expired) watchdog::stop_run(code);
  Thread& thread = *current;
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  if (is_private(thread, address, size, kind)) return;

  Region* region = &thread.block->shared;
  const bool is_shared = region->contains(address, size);
  if (!is_shared) region = global_memory().find(address, size);
  if (!region) {
    if (kind == Kind::read && is_program_constant(address, size)) return;
    machine->stop(out_of_bounds(thread, address, size, kind, code));
  }
  thread.last_code = code;
  count(machine->counts(), is_shared, kind, size);
  const Access access{thread.block->index, thread.index, thread.clock.epoch(), 0, kind == Kind::write, code};
  if (const auto earlier = region->history().record(access, thread.clock, address, size)) {
    machine->stop(data_race(thread, *region, address, size, kind, code, *earlier));
  }
}

}  // namespace
}  // namespace emulator

#pragma GCC visibility push(default)

// The hooks are many, and alike: one macro names them all.
#define HOOK(name, size, kind)                                                          \
  extern "C" void name(void* address) {                                                 \
    emulator::access(address, size, emulator::Kind::kind, __builtin_return_address(0)); \
  }
#define HOOKS_OF_SIZE(size)                              \
  HOOK(__tsan_read##size, size, read)                    \
  HOOK(__tsan_write##size, size, write)                  \
  HOOK(__tsan_unaligned_read##size, size, read)          \
  HOOK(__tsan_unaligned_write##size, size, write)        \
  HOOK(__tsan_volatile_read##size, size, read)           \
  HOOK(__tsan_volatile_write##size, size, write)         \
  HOOK(__tsan_unaligned_volatile_read##size, size, read) \
  HOOK(__tsan_unaligned_volatile_write##size, size, write)

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
