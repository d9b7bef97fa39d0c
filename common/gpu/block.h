#pragma once

// What the threads of one block do together.

#include "gpu/here.h"
#include "gpu/platform.h"
#include "gpu/trace.h"
#include "gpu/watchdog.h"

#if !GPU_IS_REAL
#include "emulator/emulator.h"

/// Waits until every thread of the block is here; what each wrote before, all may read after.
/// Every thread of the block must execute the same call, the same number of times.      PTX barrier.sync
GPU_FUNCTION void __syncthreads(Here here = Here::current()) { emulator::block_barrier(here); }
#elif TUTORIAL_TRACE
GPU_FUNCTION void recorded_syncthreads(Here here = Here::current()) {
  recorder::record(recorder::Kind::block_barrier_begins, nullptr, 0, here.line);
  __syncthreads();
  recorder::record(recorder::Kind::block_barrier_ends, nullptr, 0, here.line);
}
#define __syncthreads recorded_syncthreads
#endif

/// Waits until `threads` threads of the block are here or have arrived, at the named barrier `id` (0 to 15; 0 is
/// __syncthreads()'s). `threads` is a multiple of 32: all lanes of a warp come together. Orders memory as __syncthreads
/// does.      PTX barrier.cta.sync.aligned
GPU_FUNCTION void barrier_sync(int id, int threads, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  asm volatile("barrier.cta.sync.aligned %0, %1;" ::"r"(id), "r"(threads) : "memory");
#else
  emulator::named_barrier(id, threads, emulator::NamedBarrier::sync, here);
#endif
}

/// Arrives at the named barrier `id` without waiting: the threads that wait there in barrier_sync may go on when
/// `threads`, this one counted, have come.      PTX barrier.cta.arrive.aligned
GPU_FUNCTION void barrier_arrive(int id, int threads, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  asm volatile("barrier.cta.arrive.aligned %0, %1;" ::"r"(id), "r"(threads) : "memory");
#else
  emulator::named_barrier(id, threads, emulator::NamedBarrier::arrive, here);
#endif
}

/// This block's dynamic shared memory, seen as a T. Its content is undefined at first. Launch with at least sizeof(T)
/// bytes of shared memory; members that asynchronous copies fill carry their own alignas.
template <class T>
GPU_FUNCTION T& shared_storage([[maybe_unused]] Here here = Here::current()) {
  static_assert(alignof(T) <= 1024, "shared memory is aligned to 1024 bytes");
#if GPU_IS_REAL
  extern __shared__ __align__(1024) unsigned char dynamic_shared_memory[];
  return *reinterpret_cast<T*>(dynamic_shared_memory);
#else
  return *static_cast<T*>(emulator::shared_memory(sizeof(T), alignof(T), here));
#endif
}
