#pragma once

// Starting a kernel from the host: the same call on both machines.

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gpu/block.h"
#include "gpu/error.h"
#include "gpu/todo.h"
#include "gpu/types.h"
#include "gpu/watchdog.h"

/// The shape of a launch.
struct LaunchShape {
  dim3 grid;                     // blocks
  dim3 block;                    // threads in a block, at most 1024
  std::size_t shared_bytes = 0;  // dynamic shared memory of a block; above 48 KB call allow_shared_memory first
};

namespace gpu {
/// Throws Error, naming the rule, if no GPU can run such a launch. `allowed_bytes` is the kernel's limit of dynamic
/// shared memory.
void validate(const LaunchShape& shape, std::size_t allowed_bytes);

/// What the compiler and the hardware make of a kernel.
struct KernelInfo {
  int registers = 0;             // per thread
  std::size_t shared_bytes = 0;  // per block, static and dynamic
  int blocks_per_sm = 0;         // resident at the same time
};
/// About the kernel that was launched last in this process; zeros on the emulator.
KernelInfo last_kernel_info();

#if GPU_IS_REAL
/// Remembers a launch for last_kernel_info().
void remember_launch(const void* kernel, const LaunchShape& shape);
#endif
}  // namespace gpu

/// Lets `kernel` be launched with up to `bytes` of dynamic shared memory; without this call the limit is 48 KB.
/// Errors: gpu::Error if the device has less.
template <class... Parameters>
void allow_shared_memory(void (*kernel)(Parameters...), std::size_t bytes);

/// Starts `kernel` with `arguments` on every thread of `shape`. On a GPU it returns at once, as a CUDA launch does; the
/// emulator returns when the grid has ended. Errors: gpu::Error for an impossible shape or a failed launch; on the
/// emulator the first broken rule is thrown as a Finding. (Static: what it connects on a GPU is this file's own.)
template <class... Parameters, class... Arguments>
static void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments);

#if GPU_IS_REAL

template <class... Parameters>
void allow_shared_memory(void (*kernel)(Parameters...), std::size_t bytes) {
  gpu::validate({1, 1, bytes}, bytes);
  GPU_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)));
}

namespace {
inline void connect_todo_word() {
  static const bool connected = [] {
    unsigned* const word = gpu::todo_word();
    GPU_CHECK(cudaMemcpyToSymbol(todo_word_on_device, &word, sizeof word));
    return true;
  }();
  static_cast<void>(connected);
}

inline void connect_watchdog() {
#if TUTORIAL_WATCHDOG
  static watchdog::Connection connected{};
  const watchdog::Connection current{watchdog::options().seed, watchdog::options().patience_ns, &watchdog::board()};
  if (current == connected) return;
  GPU_CHECK(cudaMemcpyToSymbol(watchdog::connection, &current, sizeof current));
  connected = current;
#endif
}
}  // namespace

template <class... Parameters, class... Arguments>
static void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  cudaFuncAttributes attributes;
  GPU_CHECK(cudaFuncGetAttributes(&attributes, kernel));
  gpu::validate(shape, static_cast<std::size_t>(attributes.maxDynamicSharedSizeBytes));
  connect_todo_word();
  connect_watchdog();
  gpu::remember_launch(reinterpret_cast<const void*>(kernel), shape);
  cudaLaunchConfig_t configuration{};
  configuration.gridDim = shape.grid;
  configuration.blockDim = shape.block;
  configuration.dynamicSmemBytes = shape.shared_bytes;
  GPU_CHECK(cudaLaunchKernelEx(&configuration, kernel, std::forward<Arguments>(arguments)...));
}

#else

#include "emulator/control.h"

template <class... Parameters>
void allow_shared_memory(void (*kernel)(Parameters...), std::size_t bytes) {
  gpu::validate({1, 1, bytes}, bytes);
  emulator::allow_shared_memory(reinterpret_cast<const void*>(kernel), bytes);
}

template <class... Parameters, class... Arguments>
static void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
  gpu::validate(shape, emulator::allowed_shared_memory(reinterpret_cast<const void*>(kernel)));
  struct Call {
    void (*kernel)(Parameters...);
    std::tuple<std::decay_t<Parameters>...> parameters;
  } call{kernel, {std::forward<Arguments>(arguments)...}};
  const auto body = [](void* data) {
    const Call& c = *static_cast<const Call*>(data);
    std::apply(c.kernel, c.parameters);
  };
  emulator::run({body, &call, sizeof call, shape.grid, shape.block, shape.shared_bytes});
}

#endif
