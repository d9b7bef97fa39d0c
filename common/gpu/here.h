#pragma once

#include "gpu/platform.h"

/// A line of a kernel file. Functions of the layer take one as their last argument, by default the caller's line, so
/// that a finding can name it. (nvcc refuses std::source_location in device code; it compiles these builtins.)
struct Here {
  const char* file;
  int line;

#if GPU_IS_REAL
  __host__ __device__
#else
  __attribute__((always_inline))
#endif
      static constexpr Here
      current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};
