#pragma once

#include <stdexcept>
#include <string>

namespace gpu {

/// Something on the GPU's side failed, or a launch asks for what no GPU can give. what() says what, where, and what to
/// do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gpu

#include "gpu/platform.h"
#if GPU_IS_REAL
namespace gpu {
/// Throws Error if a CUDA call failed: with the reason, if an earlier launch left one (an open TODO, or who waits in
/// vain).
void check(cudaError_t result, const char* call, const char* file, int line);
}  // namespace gpu
#define GPU_CHECK(call) ::gpu::check((call), #call, __FILE__, __LINE__)
#endif
