#pragma once

#include "gpu/platform.h"

// CUDA's vector types. On a GPU they come from the toolkit; here are the ones that kernels of this tutorial use,
// with the same names, members and alignment.
#if GPU_IS_REAL
#include <vector_types.h>
#else
struct alignas(8) float2 {
  float x, y;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
#endif
