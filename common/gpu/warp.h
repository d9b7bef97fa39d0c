#pragma once

// What the 32 lanes of a warp do together. On a GPU these are CUDA's intrinsics; here they have the same names and
// rules. Shuffles and votes exchange values and order no memory; __syncwarp orders memory among the lanes of its mask.
// Of a shuffle's distance the hardware looks at the lower five bits.

#include "gpu/here.h"
#include "gpu/platform.h"

#if !GPU_IS_REAL
#include <cstdint>

#include "emulator/emulator.h"

/// Waits until the lanes of `mask` are here; what each wrote before, all of them may read after.      PTX bar.warp.sync
GPU_FUNCTION void __syncwarp(unsigned mask = 0xffffffff, Here here = Here::current()) {
  emulator::warp_exchange(emulator::WarpOperation::barrier, mask, 0, 0, here);
}

/// A bit for each lane of `mask` whose predicate is true.      PTX vote.sync.ballot
GPU_FUNCTION unsigned __ballot_sync(unsigned mask, int predicate, Here here = Here::current()) {
  return static_cast<unsigned>(emulator::warp_exchange(emulator::WarpOperation::ballot, mask, predicate != 0, 0, here));
}

/// Whether the predicate is true in all lanes of `mask`.      PTX vote.sync.all
GPU_FUNCTION int __all_sync(unsigned mask, int predicate, Here here = Here::current()) {
  return static_cast<int>(emulator::warp_exchange(emulator::WarpOperation::all, mask, predicate != 0, 0, here));
}

/// Whether the predicate is true in some lane of `mask`.      PTX vote.sync.any
GPU_FUNCTION int __any_sync(unsigned mask, int predicate, Here here = Here::current()) {
  return static_cast<int>(emulator::warp_exchange(emulator::WarpOperation::any, mask, predicate != 0, 0, here));
}

namespace shuffle {
template <class T>
GPU_FUNCTION T exchange(emulator::WarpOperation operation, unsigned mask, T value, int source, Here here) {
  static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  bits = emulator::warp_exchange(operation, mask, bits, source, here);
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
}  // namespace shuffle

/// The value that lane `source` passes, counted within groups of `width` lanes (a power of two).      PTX shfl.sync.idx
template <class T>
GPU_FUNCTION T __shfl_sync(unsigned mask, T value, int source, int width = 32, Here here = Here::current()) {
  const int group = emulator::lane() & ~(width - 1);
  return shuffle::exchange(emulator::WarpOperation::shuffle, mask, value, group + (source & (width - 1)), here);
}

/// The value of the lane `delta` lower in the group of `width`; its own where there is none.      PTX shfl.sync.up
template <class T>
GPU_FUNCTION T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, Here here = Here::current()) {
  const int lane = emulator::lane();
  const int source = lane - static_cast<int>(delta & 31);
  const bool inside = source >= (lane & ~(width - 1));
  return shuffle::exchange(emulator::WarpOperation::shuffle_up, mask, value, inside ? source : lane, here);
}

/// The value of the lane `delta` higher in the group of `width`; its own where there is none.      PTX shfl.sync.down
template <class T>
GPU_FUNCTION T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, Here here = Here::current()) {
  const int lane = emulator::lane();
  const int source = lane + static_cast<int>(delta & 31);
  const bool inside = source <= (lane | (width - 1));
  return shuffle::exchange(emulator::WarpOperation::shuffle_down, mask, value, inside ? source : lane, here);
}

/// The value of the lane whose number differs by `lane_mask` in binary; its own where that lies in a group of `width`
/// above its own.      PTX shfl.sync.bfly
template <class T>
GPU_FUNCTION T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, Here here = Here::current()) {
  const int lane = emulator::lane();
  const int source = lane ^ (lane_mask & 31);
  const bool inside = source <= (lane | (width - 1));
  return shuffle::exchange(emulator::WarpOperation::shuffle_xor, mask, value, inside ? source : lane, here);
}
#endif

/// True in exactly one of the lanes of `mask`, which all must be here: the one that acts for the warp.
///      PTX elect.sync · sm_90
GPU_FUNCTION bool elect_sync(unsigned mask = 0xffffffff, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  unsigned elected;
  asm volatile("{ .reg .pred p; .reg .b32 leader; elect.sync leader|p, %1; selp.u32 %0, 1, 0, p; }"
               : "=r"(elected)
               : "r"(mask)
               : "memory");
  return elected;
#else
  return emulator::warp_exchange(emulator::WarpOperation::elect, mask, 0, 0, here) != 0;
#endif
}
