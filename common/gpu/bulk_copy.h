#pragma once

// Bulk asynchronous copies from global to shared memory: one thread asks, the TMA unit copies, and an mbarrier is told
// how many bytes have landed. The copy belongs to the barrier's phase at the time of the request; wait for that phase
// before you touch the destination. Until then the destination's content is undefined.

#include <cstdint>

#include "gpu/here.h"
#include "gpu/mbarrier.h"
#include "gpu/platform.h"
#include "gpu/tensor_map.h"
#if !GPU_IS_REAL
#include "emulator/emulator.h"
#endif

/// Copies `bytes` (a multiple of 16) from global `source` to shared `destination`, both aligned to 16 bytes, and
/// reports them to `bar`.      PTX cp.async.bulk · sm_90
GPU_FUNCTION void cp_async_bulk(void* destination, const void* source, uint32_t bytes, Mbarrier& bar,
                                [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::request, &bar, 0, here.line);
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   shared_address(destination)),
               "l"(source), "r"(bytes), "r"(shared_address(&bar))
               : "memory");
#else
  emulator::cp_async_bulk(destination, source, bytes, &bar, here);
#endif
}

// The tensor copies below take the box of `map` whose first element has the given coordinates, innermost dimension
// first. Coordinates may be negative or past the end: what lies outside the tensor arrives as zeros and counts as
// bytes, so a copy always reports the full box. `destination` is aligned to 128 bytes.
//      PTX cp.async.bulk.tensor · sm_90

GPU_FUNCTION void cp_async_bulk_tensor_1d(void* destination, const TensorMap& map, int32_t c0, Mbarrier& bar,
                                          [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::request, &bar, 0, here.line);
  asm volatile(
      "cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2}], [%3];" ::"r"(
          shared_address(destination)),
      "l"(&map), "r"(c0), "r"(shared_address(&bar))
      : "memory");
#else
  const int32_t coordinates[] = {c0};
  emulator::cp_async_bulk_tensor(destination, map, 1, coordinates, &bar, here);
#endif
}

GPU_FUNCTION void cp_async_bulk_tensor_2d(void* destination, const TensorMap& map, int32_t c0, int32_t c1,
                                          Mbarrier& bar, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::request, &bar, 0, here.line);
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::
          "r"(shared_address(destination)),
      "l"(&map), "r"(c0), "r"(c1), "r"(shared_address(&bar))
      : "memory");
#else
  const int32_t coordinates[] = {c0, c1};
  emulator::cp_async_bulk_tensor(destination, map, 2, coordinates, &bar, here);
#endif
}

GPU_FUNCTION void cp_async_bulk_tensor_3d(void* destination, const TensorMap& map, int32_t c0, int32_t c1, int32_t c2,
                                          Mbarrier& bar, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::request, &bar, 0, here.line);
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], "
      "[%5];" ::"r"(shared_address(destination)),
      "l"(&map), "r"(c0), "r"(c1), "r"(c2), "r"(shared_address(&bar))
      : "memory");
#else
  const int32_t coordinates[] = {c0, c1, c2};
  emulator::cp_async_bulk_tensor(destination, map, 3, coordinates, &bar, here);
#endif
}

GPU_FUNCTION void cp_async_bulk_tensor_4d(void* destination, const TensorMap& map, int32_t c0, int32_t c1, int32_t c2,
                                          int32_t c3, Mbarrier& bar, [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::request, &bar, 0, here.line);
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4, %5}], "
      "[%6];" ::"r"(shared_address(destination)),
      "l"(&map), "r"(c0), "r"(c1), "r"(c2), "r"(c3), "r"(shared_address(&bar))
      : "memory");
#else
  const int32_t coordinates[] = {c0, c1, c2, c3};
  emulator::cp_async_bulk_tensor(destination, map, 4, coordinates, &bar, here);
#endif
}

GPU_FUNCTION void cp_async_bulk_tensor_5d(void* destination, const TensorMap& map, int32_t c0, int32_t c1, int32_t c2,
                                          int32_t c3, int32_t c4, Mbarrier& bar,
                                          [[maybe_unused]] Here here = Here::current()) {
#if GPU_IS_REAL
  watchdog::jitter();
  recorder::record(recorder::Kind::request, &bar, 0, here.line);
  asm volatile(
      "cp.async.bulk.tensor.5d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4, %5, "
      "%6}], [%7];" ::"r"(shared_address(destination)),
      "l"(&map), "r"(c0), "r"(c1), "r"(c2), "r"(c3), "r"(c4), "r"(shared_address(&bar))
      : "memory");
#else
  const int32_t coordinates[] = {c0, c1, c2, c3, c4};
  emulator::cp_async_bulk_tensor(destination, map, 5, coordinates, &bar, here);
#endif
}
