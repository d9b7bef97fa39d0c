#pragma once

#include <cstdint>

#include "gpu/platform.h"

#if GPU_IS_REAL
/// The 32-bit address in the shared window that PTX instructions take. `pointer` must point into shared memory.
GPU_FUNCTION uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}
#endif
