#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/machine.h"

namespace emulator {

/// Checks and records an access that the emulator makes for a thread, as the hooks do for those of kernel code: bounds,
/// alignment, history, counts. (hooks.cpp)
void record_access(Thread& thread, const void* address, std::size_t bytes, bool is_write, bool is_strong,
                   const void* code);

/// A volatile access of kernel code is about to be made: others may go first, and a thread that reads the same value
/// again and again is taken to wait for another one. (atomics.cpp)
void before_volatile_read(Thread& thread, uintptr_t address, std::size_t bytes, const void* code);
void before_volatile_write(Thread& thread, uintptr_t address);

}  // namespace emulator
