#pragma once

#include <cstdint>

#include "gpu/platform.h"

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
#endif
