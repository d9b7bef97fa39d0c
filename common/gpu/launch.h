#pragma once

// Starting a kernel from the host: the same call on both machines.

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gpu/block.h"
#include "gpu/error.h"
#include "gpu/todo.h"
#include "gpu/trace.h"
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

/// For measurements: from now on launches get so much more shared memory than they ask for that no more than `most`
/// blocks fit on a multiprocessor. 0 ends that. Does nothing on the emulator.
void limit_blocks_per_sm(int most);

#if GPU_IS_REAL
/// Remembers a launch for last_kernel_info().
void remember_launch(const void* kernel, const LaunchShape& shape);

/// For measurements: from now on launches go into this stream. nullptr, the default stream, ends that.
void launch_into(cudaStream_t stream);
cudaStream_t launch_stream();

/// The shared memory that a launch gets which asks for `bytes`; see limit_blocks_per_sm.
std::size_t padded_shared_bytes(std::size_t bytes);
#endif
}  // namespace gpu

/// Lets `kernel` be launched with up to `bytes` of dynamic shared memory; without this call the limit is 48 KB.
/// Errors: gpu::Error if the device has less.
template <class... Parameters>
void allow_shared_memory(void (*kernel)(Parameters...), std::size_t bytes);

/// How many blocks of such a launch the whole device holds at the same time: the grid of a persistent kernel, whose
/// blocks stay and take one piece of work after another. 2 on the emulator. Errors: gpu::Error if not a single block
/// fits.
template <class... Parameters>
int resident_blocks(void (*kernel)(Parameters...), int block_threads, std::size_t shared_bytes);

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

template <class... Parameters>
int resident_blocks(void (*kernel)(Parameters...), int block_threads, std::size_t shared_bytes) {
  gpu::validate({1, static_cast<unsigned>(block_threads), shared_bytes}, shared_bytes);
  shared_bytes = gpu::padded_shared_bytes(shared_bytes);
  if (shared_bytes > 48 * 1024) allow_shared_memory(kernel, shared_bytes);
  int device = 0, sms = 0, blocks = 0;
  GPU_CHECK(cudaGetDevice(&device));
  GPU_CHECK(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device));
  GPU_CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, block_threads, shared_bytes));
  if (blocks == 0) {
    throw gpu::Error("not one block of " + std::to_string(block_threads) + " threads and " +
                     std::to_string(shared_bytes) +
                     " bytes of shared memory fits on a multiprocessor: make it smaller");
  }
  return blocks * sms;
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

inline void connect_recorder() {
#if TUTORIAL_TRACE
  recorder::Board* const board = &recorder::board();
  GPU_CHECK(cudaMemcpyToSymbol(recorder::board_on_device, &board, sizeof board));
  void* counts = nullptr;
  GPU_CHECK(cudaGetSymbolAddress(&counts, recorder::record_counts));
  GPU_CHECK(cudaMemset(counts, 0, sizeof recorder::record_counts));
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
  connect_recorder();
  LaunchShape padded = shape;
  padded.shared_bytes = gpu::padded_shared_bytes(shape.shared_bytes);
  if (padded.shared_bytes != shape.shared_bytes) allow_shared_memory(kernel, padded.shared_bytes);
  gpu::remember_launch(reinterpret_cast<const void*>(kernel), padded);
  cudaLaunchConfig_t configuration{};
  configuration.gridDim = shape.grid;
  configuration.blockDim = shape.block;
  configuration.dynamicSmemBytes = padded.shared_bytes;
  configuration.stream = gpu::launch_stream();
  GPU_CHECK(cudaLaunchKernelEx(&configuration, kernel, std::forward<Arguments>(arguments)...));
}

#else

#include "emulator/control.h"

template <class... Parameters>
void allow_shared_memory(void (*kernel)(Parameters...), std::size_t bytes) {
  gpu::validate({1, 1, bytes}, bytes);
  emulator::allow_shared_memory(reinterpret_cast<const void*>(kernel), bytes);
}

template <class... Parameters>
int resident_blocks(void (*)(Parameters...), int block_threads, std::size_t shared_bytes) {
  gpu::validate({1, static_cast<unsigned>(block_threads), shared_bytes}, shared_bytes);
  return 2;  // few, so that each block gets several pieces of work
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
