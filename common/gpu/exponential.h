#pragma once

// The exponential of the GPU's special function unit: one instruction, and not the last bits. exp2f has those, and
// costs several instructions more. For e^x multiply x by log2(e) first. (CUDA's __expf does that, too; on the emulator
// the name belongs to the C library.)

#include <math.h>

#include "gpu/platform.h"

/// 2^x with a relative error of at most 2^-22. Subnormal numbers count as 0, in `x` and in the result: below x = -126
/// it is 0, also for -infinity.      PTX ex2.approx.ftz.f32
GPU_FUNCTION float exp2_approx(float x) {
#if GPU_IS_REAL
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
#else
  const float result = exp2f(x);
  return result < 0x1p-126f ? 0.0f : result;
#endif
}
