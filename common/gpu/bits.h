#pragma once

// The bits of values.

#include <cstdint>

#include "gpu/platform.h"

/// The same bits as another type of the same size: two halves as an unsigned, for instance. (std::bit_cast refuses
/// CUDA's half types, and a cast of the pointer would be undefined.)
template <class To, class From>
GPU_FUNCTION To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From), "bits_as keeps the number of bits");
  To result;
  __builtin_memcpy(static_cast<void*>(&result), &value, sizeof result);
  return result;
}

#if !GPU_IS_REAL
/// Four bytes, each picked from the eight of `x` (0 to 3) and `y` (4 to 7): byte i is the one whose number stands in
/// the i-th hexadecimal digit of `selector`, from the right. Of a digit only the three lower bits count.
///      PTX prmt.b32
GPU_FUNCTION unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const uint64_t bytes = uint64_t{y} << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned byte = selector >> 4 * i & 7;
    result |= static_cast<unsigned>(bytes >> 8 * byte & 0xff) << 8 * i;
  }
  return result;
}
#endif
