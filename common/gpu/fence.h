#pragma once

// Fences: they make nobody wait. Each orders the calling thread's own accesses; a barrier carries that to others.

#include "gpu/here.h"
#include "gpu/platform.h"
#if !GPU_IS_REAL
#include "emulator/emulator.h"
#endif

/// Makes this thread's mbarrier_init calls visible to the asynchronous copies that will report to these barriers.
///      PTX fence.mbarrier_init · sm_90
GPU_FUNCTION void fence_mbarrier_init([[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#else
  emulator::fence_mbarrier_init(here);
#endif
}

/// Orders this thread's ordinary accesses before the bulk copies that follow (its own, or another thread's behind a
/// barrier). Needed where a copy overwrites what was read or written with ordinary loads and stores.
///      PTX fence.proxy.async · sm_90
GPU_FUNCTION void fence_proxy_async([[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#else
  emulator::fence_proxy_async(here);
#endif
}

#if !GPU_IS_REAL
/// Orders this thread's accesses before and after it, for the threads of its block: with an atomic or a volatile
/// variable it makes a release or an acquire.      PTX fence.acq_rel.cta
GPU_FUNCTION void __threadfence_block(Here here = Here::current()) { emulator::thread_fence(here); }

/// The same, for all threads of the GPU.      PTX fence.acq_rel.gpu
GPU_FUNCTION void __threadfence(Here here = Here::current()) { emulator::thread_fence(here); }
#endif
