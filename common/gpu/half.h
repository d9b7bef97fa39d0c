#pragma once

#include <cstdint>

#include "gpu/platform.h"
#include "gpu/types.h"

// 16-bit floating point (IEEE binary16). On a GPU this is CUDA's own header; the emulator has the part of it that
// kernels of this tutorial use, over the compiler's _Float16, with the same names and the same rounding.
#if GPU_IS_REAL
#include <cuda_fp16.h>
#else
/// A 16-bit float: storage only, as in CUDA; arithmetic is done after conversion to float.
struct __half {
  _Float16 bits;
};
using half = __half;

/// The float with the same value; exact.
GPU_FUNCTION float __half2float(half value) {
  // By hand: for a cast g++ calls a function of its library.
  const auto bits = __builtin_bit_cast(uint16_t, value);
  uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;  // the exponent where a float has it
  if (magnitude >= 0x7c00u << 13) {
    magnitude += (255u - 31) << 23;  // infinity and NaN
  } else if (magnitude >= 0x0400u << 13) {
    magnitude += (127u - 15) << 23;
  } else {  // subnormal: as the fraction of a normal number, minus its leading 1
    magnitude = __builtin_bit_cast(uint32_t, __builtin_bit_cast(float, magnitude + (113u << 23)) - 0x1p-14f);
  }
  return __builtin_bit_cast(float, static_cast<uint32_t>(bits & 0x8000) << 16 | magnitude);
}

/// The nearest half, ties to even; too large a value becomes infinity.
GPU_FUNCTION half __float2half(float value) { return half{static_cast<_Float16>(value)}; }

/// Two halves that are computed with together.
struct alignas(4) __half2 {
  __half x, y;
};

GPU_FUNCTION __half2 __halves2half2(half x, half y) { return {x, y}; }
GPU_FUNCTION half __low2half(__half2 values) { return values.x; }
GPU_FUNCTION half __high2half(__half2 values) { return values.y; }

/// The halves nearest to two floats, as __float2half has them; the first one goes to .x, the lower 16 bits.
GPU_FUNCTION __half2 __floats2half2_rn(float x, float y) { return {__float2half(x), __float2half(y)}; }
GPU_FUNCTION __half2 __float22half2_rn(float2 values) { return __floats2half2_rn(values.x, values.y); }
GPU_FUNCTION __half2 __float2half2_rn(float value) { return __floats2half2_rn(value, value); }

/// Both halves as floats; exact.
GPU_FUNCTION float2 __half22float2(__half2 values) { return {__half2float(values.x), __half2float(values.y)}; }

// Sums, differences and products are rounded to the nearest half, ties to even. (A float has more than twice the digits
// of a half, so that rounding to float in between changes nothing.) nvcc may make one __hfma2 of a product and a sum.
namespace half2 {
template <class Operation>
GPU_FUNCTION __half2 each(__half2 a, __half2 b, const Operation& operation) {
  return __floats2half2_rn(operation(__half2float(a.x), __half2float(b.x)),
                           operation(__half2float(a.y), __half2float(b.y)));
}
}  // namespace half2

/// a + b in each half.      PTX add.rn.f16x2
GPU_FUNCTION __half2 __hadd2(__half2 a, __half2 b) {
  return half2::each(a, b, [](float x, float y) { return x + y; });
}

/// a - b in each half.      PTX sub.rn.f16x2
GPU_FUNCTION __half2 __hsub2(__half2 a, __half2 b) {
  return half2::each(a, b, [](float x, float y) { return x - y; });
}

/// a * b in each half.      PTX mul.rn.f16x2
GPU_FUNCTION __half2 __hmul2(__half2 a, __half2 b) {
  return half2::each(a, b, [](float x, float y) { return x * y; });
}

/// a * b + c in each half, rounded once.      PTX fma.rn.f16x2
GPU_FUNCTION __half2 __hfma2(__half2 a, __half2 b, __half2 c) {
  // The product of two halves is exact in a double, and so is nearly every sum; one rounding is left.
  const auto fma = [](__half f, __half g, __half h) {
    return __half{static_cast<_Float16>(double{__half2float(f)} * double{__half2float(g)} + double{__half2float(h)})};
  };
  return {fma(a.x, b.x, c.x), fma(a.y, b.y, c.y)};
}
#endif
