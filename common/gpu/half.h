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
GPU_FUNCTION float __half2float(half value) { return static_cast<float>(value.bits); }

/// The nearest half, ties to even; too large a value becomes infinity.
GPU_FUNCTION half __float2half(float value) { return half{static_cast<_Float16>(value)}; }

/// Two halves that are computed with together.
struct alignas(4) __half2 {
  __half x, y;
};

/// Both halves are the nearest to `value`.
GPU_FUNCTION __half2 __float2half2_rn(float value) { return {__float2half(value), __float2half(value)}; }

/// Both halves as floats; exact.
GPU_FUNCTION float2 __half22float2(__half2 values) { return {__half2float(values.x), __half2float(values.y)}; }

/// a * b + c in each half, rounded once.      PTX fma.rn.f16x2
GPU_FUNCTION __half2 __hfma2(__half2 a, __half2 b, __half2 c) {
  // The product of two halves is exact in a double, and so is nearly every sum; one rounding is left.
  const auto fma = [](__half f, __half g, __half h) {
    return __half{static_cast<_Float16>(double{f.bits} * double{g.bits} + double{h.bits})};
  };
  return {fma(a.x, b.x, c.x), fma(a.y, b.y, c.y)};
}
#endif
