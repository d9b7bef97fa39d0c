#pragma once

#include "gpu/platform.h"

#if !GPU_IS_REAL
/// Reads global memory that nobody writes while the kernel runs: the GPU may keep it in a cache that does not notice
/// writes.      PTX ld.global.nc
template <class T>
GPU_FUNCTION T __ldg(const T* address) {
  return *address;
}
#endif
