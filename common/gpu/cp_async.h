#pragma once

// cp.async: each thread copies 4, 8 or 16 bytes from global to shared memory without waiting. Copies are committed in
// groups; groups complete in order, and a thread waits until all but the last N of its own have. What has landed is
// then visible to this thread; to the others only after a barrier: wait, then __syncthreads().

#include <cstdint>

#include "gpu/here.h"
#include "gpu/mbarrier.h"
#include "gpu/platform.h"
#include "gpu/pointers.h"
#if !GPU_IS_REAL
#include "emulator/emulator.h"
#endif

/// Copies `source_bytes` (at most Bytes) from global `source` to shared `destination` and fills the rest with zeros.
/// Both addresses are multiples of Bytes, which is 4, 8 or 16. (16 bytes bypass the L1 cache: .cg.)
///      PTX cp.async · sm_80
template <int Bytes>
GPU_FUNCTION void cp_async(void* destination, const void* source, uint32_t source_bytes,
                           [[maybe_unused]] Here here = Here::current()) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "cp.async copies 4, 8 or 16 bytes");
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::cp_async, nullptr, source_bytes, here.line);
  if constexpr (Bytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(destination)), "l"(source),
                 "r"(source_bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(destination)), "l"(source),
                 "n"(Bytes), "r"(source_bytes)
                 : "memory");
  }
#else
  emulator::cp_async(destination, source, Bytes, source_bytes, here);
#endif
}

/// Copies Bytes (4, 8 or 16) from global `source` to shared `destination`.      PTX cp.async · sm_80
template <int Bytes>
GPU_FUNCTION void cp_async(void* destination, const void* source, Here here = Here::current()) {
  cp_async<Bytes>(destination, source, Bytes, here);
}

/// Puts this thread's copies since the last commit into a group, which may be empty: an empty group is complete.
///      PTX cp.async.commit_group · sm_80
GPU_FUNCTION void cp_async_commit_group([[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  recorder::record(recorder::Kind::commit, nullptr, 0, here.line);
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  emulator::cp_async_commit_group(here);
#endif
}

/// Waits until at most the N most recent of this thread's groups are incomplete.      PTX cp.async.wait_group · sm_80
template <int N>
GPU_FUNCTION void cp_async_wait_group([[maybe_unused]] Here here = Here::current()) {
  static_assert(N >= 0);
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::group_wait_begins, nullptr, N, here.line);
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
  recorder::record(recorder::Kind::group_wait_ends, nullptr, N, here.line);
#else
  emulator::cp_async_wait_group(N, here);
#endif
}

/// Waits until all of this thread's copies are complete, committed or not.      PTX cp.async.wait_all · sm_80
GPU_FUNCTION void cp_async_wait_all([[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::commit, nullptr, 0, here.line);
  recorder::record(recorder::Kind::group_wait_begins, nullptr, 0, here.line);
  asm volatile("cp.async.wait_all;" ::: "memory");
  recorder::record(recorder::Kind::group_wait_ends, nullptr, 0, here.line);
#else
  emulator::cp_async_commit_group(here);
  emulator::cp_async_wait_group(0, here);
#endif
}

/// Arrives at `bar` when all of this thread's copies so far are complete. Adds the arrival to the current phase's count
/// itself, so the count of mbarrier_init leaves it out.      PTX cp.async.mbarrier.arrive · sm_80
GPU_FUNCTION void cp_async_mbarrier_arrive(Mbarrier& bar, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  asm volatile("cp.async.mbarrier.arrive.shared::cta.b64 [%0];" ::"r"(shared_address(&bar)) : "memory");
#else
  emulator::cp_async_mbarrier_arrive(&bar, false, here);
#endif
}

/// The same, but the arrival is one of those that the count of mbarrier_init names.
///      PTX cp.async.mbarrier.arrive.noinc · sm_80
GPU_FUNCTION void cp_async_mbarrier_arrive_noinc(Mbarrier& bar, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(&bar)) : "memory");
#else
  emulator::cp_async_mbarrier_arrive(&bar, true, here);
#endif
}
