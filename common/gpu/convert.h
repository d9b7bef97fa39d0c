#pragma once

// Conversions from float to int that give the same on every machine, under CUDA's names. A plain cast is undefined in
// C++ where the value does not fit: x86-64 then gives the most negative int, arm64 and a GPU the nearest int. These
// functions saturate: too large a value becomes 2147483647, too small a one -2147483648, and NaN becomes 0.

#include "gpu/platform.h"

#if !GPU_IS_REAL
#include <math.h>

namespace convert {
// `value` is a whole number, infinite or NaN.
GPU_FUNCTION int saturated(float value) {
  if (value >= 2147483648.0f) return 2147483647;
  if (value <= -2147483648.0f) return -2147483647 - 1;
  return value == value ? static_cast<int>(value) : 0;
}
}  // namespace convert

/// The largest int that is not above `value`.      PTX cvt.rmi.s32.f32
GPU_FUNCTION int __float2int_rd(float value) { return convert::saturated(floorf(value)); }

/// The smallest int that is not below `value`.      PTX cvt.rpi.s32.f32
GPU_FUNCTION int __float2int_ru(float value) { return convert::saturated(ceilf(value)); }

/// `value` without its fraction.      PTX cvt.rzi.s32.f32
GPU_FUNCTION int __float2int_rz(float value) { return convert::saturated(truncf(value)); }

/// The int nearest to `value`; of two that are equally near the even one.      PTX cvt.rni.s32.f32
GPU_FUNCTION int __float2int_rn(float value) { return convert::saturated(rintf(value)); }
#endif
