#pragma once

// TODO(3.2) marks what the reader has yet to write. It compiles, and when it is executed it ends the launch with the
// sentence "TODO 3.2 is not done yet": on the emulator as a finding, on a GPU through a word of host memory that the
// kernel writes before its block ends.

#include "gpu/here.h"
#include "gpu/platform.h"

#if GPU_IS_REAL

namespace gpu {
/// The word of host memory, mapped for the GPU, that an open TODO writes its number to (3.2 is 302). Made on first use.
unsigned* todo_word();

/// Throws Error("TODO 3.2 is not done yet") on the host.
[[noreturn]] void throw_todo(unsigned number, const char* file, int line);
}  // namespace gpu

namespace {
// Each kernel file has its own copy of the pointer to that word; launch() sets it before the file's first launch.
__device__ unsigned* todo_word_on_device;

constexpr unsigned todo_number(const char* text) {
  unsigned chapter = 0, step = 0;
  while (*text && *text != '.') chapter = 10 * chapter + static_cast<unsigned>(*text++ - '0');
  if (*text) ++text;
  while (*text) step = 10 * step + static_cast<unsigned>(*text++ - '0');
  return 100 * chapter + step;
}

/// Whether a thread of this or an earlier launch came to an open TODO that the host has not reported yet.
GPU_FUNCTION bool todo_is_open() { return *static_cast<volatile unsigned*>(todo_word_on_device) != 0; }

template <unsigned Number>
__host__ __device__ __forceinline__ void open_todo(Here here) {
#ifdef __CUDA_ARCH__
  *todo_word_on_device = Number;
  __threadfence_system();
  asm volatile("exit;");
#else
  gpu::throw_todo(Number, here.file, here.line);
#endif
}
}  // namespace

#define TODO(number) ::open_todo<todo_number(#number)>(Here::current())

#else

#include "emulator/emulator.h"
#define TODO(number) emulator::open_todo(#number, Here::current())

#endif
