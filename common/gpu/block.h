#pragma once

// What the threads of one block do together.

#include "gpu/here.h"
#include "gpu/platform.h"

#if !GPU_IS_REAL
#include "emulator/emulator.h"

/// Waits until every thread of the block is here; what each wrote before, all may read after.
/// Every thread of the block must execute the same call, the same number of times.      PTX barrier.sync
GPU_FUNCTION void __syncthreads(Here here = Here::current()) { emulator::block_barrier(here); }
#endif

/// This block's dynamic shared memory, seen as a T. Its content is undefined at first. Launch with at least sizeof(T)
/// bytes of shared memory; members that asynchronous copies fill carry their own alignas.
template <class T>
GPU_FUNCTION T& shared_storage([[maybe_unused]] Here here = Here::current()) {
  static_assert(alignof(T) <= 1024, "shared memory is aligned to 1024 bytes");
#if GPU_IS_REAL
  extern __shared__ __align__(1024) unsigned char dynamic_shared_memory[];
  return *reinterpret_cast<T*>(dynamic_shared_memory);
#else
  return *static_cast<T*>(emulator::shared_memory(sizeof(T), here));
#endif
}
