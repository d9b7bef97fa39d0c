#pragma once

// A tensor map tells the TMA unit what a tensor in global memory looks like, and which box of it one copy takes. The
// host makes it; a kernel takes it as `const __grid_constant__ TensorMap map`.

#include <cstddef>
#include <cstdint>

#include "gpu/platform.h"

#if GPU_IS_REAL
/// 128 bytes that the TMA unit reads, made by make_tensor_map.
struct alignas(128) TensorMap {
  uint64_t opaque[16];
};
#else
/// The same, in the open.
struct alignas(128) TensorMap {
  static constexpr uint32_t valid = 0x7e4503a9;
  uint32_t mark;          // `valid` once make_tensor_map has made it
  uint8_t rank;           // 1..5
  uint8_t element_bytes;  // 1, 2, 4 or 8
  uint8_t fills_with_nan;
  const std::byte* base;
  uint64_t dims[5];     // elements, innermost first
  uint64_t strides[5];  // bytes from one index to the next; [0] is element_bytes
  uint16_t box[5];      // elements
};
static_assert(sizeof(TensorMap) == 128);
#endif
