#pragma once

// Which of the two machines this build is for. CMake defines GPU_IS_REAL for every file of a build:
// 1 in the `cuda` preset (nvcc and a GPU), 0 in the `emulator` preset (g++ alone).
#ifndef GPU_IS_REAL
#error "GPU_IS_REAL is not defined: build with `cmake --preset emulator` or `cmake --preset cuda`."
#endif

#if GPU_IS_REAL
#include <cuda_runtime.h>
/// A function that kernels call. Static, so that each kernel file has its own copy.
#define GPU_FUNCTION static __device__ __forceinline__
#else
/// A function that kernels call. Always inline and static: a kernel file is compiled with access hooks, and the
/// linker must never replace its code by a copy from a file compiled without them.
#define GPU_FUNCTION static inline __attribute__((always_inline))
#define __global__
// Always inline: where a call takes a struct (a half is one) from memory in registers, or returns one to memory,
// -fsanitize=thread sees no access.
#define __device__ __attribute__((always_inline))
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#endif
