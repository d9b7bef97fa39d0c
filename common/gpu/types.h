#pragma once

#include "gpu/platform.h"

// CUDA's vector types. On a GPU they come from the toolkit; here are the ones that kernels of this tutorial use,
// with the same names, members and alignment.
#if GPU_IS_REAL
#include <vector_functions.h>
#include <vector_types.h>
#else
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
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

GPU_FUNCTION float2 make_float2(float x, float y) { return {x, y}; }
GPU_FUNCTION float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
GPU_FUNCTION int2 make_int2(int x, int y) { return {x, y}; }
GPU_FUNCTION int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
GPU_FUNCTION uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
GPU_FUNCTION uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
#endif
