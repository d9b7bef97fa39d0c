#pragma once

// mbarrier: a barrier in shared memory that counts arrivals and bytes, phase after phase. A phase is complete when
// no arrival and no byte is outstanding; then the next one begins, with the same number of arrivals expected.
// Phases are numbered 0, 1, 2, ...; a phase's parity is its lowest bit.

#include <cstdint>

#include "gpu/here.h"
#include "gpu/platform.h"
#include "gpu/pointers.h"
#include "gpu/trace.h"
#include "gpu/watchdog.h"
#if !GPU_IS_REAL
#include "emulator/emulator.h"
#endif

/// An mbarrier: a member of the shared storage, used through the functions below and nothing else.
struct Mbarrier {
  uint64_t opaque;
};

/// Makes `bar` a barrier whose phases complete after `count` arrivals each, 1 to 1048575. One thread does this, once;
/// then come fence_mbarrier_init() and __syncthreads(), before anybody uses it.      PTX mbarrier.init · sm_80
GPU_FUNCTION void mbarrier_init(Mbarrier& bar, uint32_t count, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  recorder::record(recorder::Kind::init, &bar, count, here.line);
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(&bar)), "r"(count) : "memory");
#else
  emulator::mbarrier_init(&bar, count, here);
#endif
}

/// Ends the life of `bar`: its memory may then be used for something else, or initialised again. Nobody may be waiting
/// for it, and no copy may still report to it.      PTX mbarrier.inval · sm_80
GPU_FUNCTION void mbarrier_inval(Mbarrier& bar, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  asm volatile("mbarrier.inval.shared::cta.b64 [%0];" ::"r"(shared_address(&bar)) : "memory");
#else
  emulator::mbarrier_inval(&bar, here);
#endif
}

/// Arrives `count` times at the current phase, and makes what this thread did before visible to whoever waits for
/// it. Returns a token for the phase, for mbarrier_test_wait.      PTX mbarrier.arrive · sm_80 (count other than 1:
/// sm_90)
GPU_FUNCTION uint64_t mbarrier_arrive(Mbarrier& bar, uint32_t count = 1, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::arrival, &bar, 0, here.line);
  uint64_t token;
#if __CUDA_ARCH__ >= 900
  asm volatile("mbarrier.arrive.shared::cta.b64 %0, [%1], %2;"
               : "=l"(token)
               : "r"(shared_address(&bar)), "r"(count)
               : "memory");
#else
  asm volatile("mbarrier.arrive.shared::cta.b64 %0, [%1];" : "=l"(token) : "r"(shared_address(&bar)) : "memory");
#endif
  return token;
#else
  return emulator::mbarrier_arrive(&bar, count, here);
#endif
}

/// Announces `bytes` of asynchronous copies to the current phase, then arrives once. Expect exactly what will land: the
/// full box, also where it hangs over the tensor's edge.      PTX mbarrier.arrive.expect_tx · sm_90
GPU_FUNCTION uint64_t mbarrier_arrive_expect_tx(Mbarrier& bar, uint32_t bytes,
                                                [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::arrival, &bar, 0, here.line);
  uint64_t token;
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 %0, [%1], %2;"
               : "=l"(token)
               : "r"(shared_address(&bar)), "r"(bytes)
               : "memory");
  return token;
#else
  return emulator::mbarrier_arrive_expect_tx(&bar, bytes, here);
#endif
}

/// Announces `bytes` of asynchronous copies to the current phase without arriving. Somebody's arrival must still be
/// outstanding, or the phase could end first.      PTX mbarrier.expect_tx · sm_90
GPU_FUNCTION void mbarrier_expect_tx(Mbarrier& bar, uint32_t bytes, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(shared_address(&bar)), "r"(bytes)
               : "memory");
#else
  emulator::mbarrier_expect_tx(&bar, bytes, here);
#endif
}

/// Arrives once, and takes this arrival out of the count of all later phases: "I leave for ever". At least one
/// arrival must remain.      PTX mbarrier.arrive_drop · sm_80
GPU_FUNCTION uint64_t mbarrier_arrive_drop(Mbarrier& bar, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::arrival, &bar, 0, here.line);
  uint64_t token;
  asm volatile("mbarrier.arrive_drop.shared::cta.b64 %0, [%1];" : "=l"(token) : "r"(shared_address(&bar)) : "memory");
  return token;
#else
  return emulator::mbarrier_arrive_drop(&bar, here);
#endif
}

/// Whether the phase of `token`, which an arrival returned, is complete: the current phase (no) or the one before it
/// (yes); older tokens mean nothing. Does not wait.      PTX mbarrier.test_wait · sm_80
GPU_FUNCTION bool mbarrier_test_wait(Mbarrier& bar, uint64_t token, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  uint32_t complete;
  asm volatile("{ .reg .pred p; mbarrier.test_wait.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
               : "=r"(complete)
               : "r"(shared_address(&bar)), "l"(token)
               : "memory");
  return complete;
#else
  return emulator::mbarrier_test_wait(&bar, token, here);
#endif
}

/// Whether the phase of parity `parity` is complete, of the current phase and the one before it. So on a fresh barrier
/// parity 1 is complete and parity 0 is not. Does not wait.      PTX mbarrier.test_wait.parity · sm_80
GPU_FUNCTION bool mbarrier_test_wait_parity(Mbarrier& bar, uint32_t parity,
                                            [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  uint32_t complete;
  asm volatile("{ .reg .pred p; mbarrier.test_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
               : "=r"(complete)
               : "r"(shared_address(&bar)), "r"(parity)
               : "memory");
  return complete;
#else
  return emulator::mbarrier_test_wait_parity(&bar, parity, here);
#endif
}

/// As mbarrier_test_wait_parity, but may wait for a while, and may give up: false means "not yet", so call it in a
/// loop.
///      PTX mbarrier.try_wait.parity · sm_90
GPU_FUNCTION bool mbarrier_try_wait_parity(Mbarrier& bar, uint32_t parity,
                                           [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  uint32_t complete;
  asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
               : "=r"(complete)
               : "r"(shared_address(&bar)), "r"(parity)
               : "memory");
  return complete;
#else
  return emulator::mbarrier_try_wait_parity(&bar, parity, here);
#endif
}

/// Waits until the phase of parity `parity` is complete. What all who arrived at it did before their arrival, and the
/// bytes of its copies, are visible afterwards.      PTX mbarrier.try_wait.parity (test_wait below sm_90), in a loop
GPU_FUNCTION void mbarrier_wait_parity(Mbarrier& bar, uint32_t parity, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::wait_begins, &bar, parity, here.line);
  watchdog::Patience patience;
#if __CUDA_ARCH__ >= 900
  while (!mbarrier_try_wait_parity(bar, parity, here)) {
#else
  while (!mbarrier_test_wait_parity(bar, parity, here)) {
#endif
    patience.check(&bar, parity, here);
  }
  recorder::record(recorder::Kind::wait_ends, &bar, parity, here.line);
#else
  emulator::mbarrier_wait_parity(&bar, parity, here);
#endif
}
