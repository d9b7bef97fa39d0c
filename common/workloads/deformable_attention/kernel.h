#pragma once

// What a kernel file of this workload includes beside gpu/gpu.h: the problem, and the registration of its launch
// function.
#include "workloads/deformable_attention/problem.h"

namespace deformable_attention {

/// Launches a kernel on a problem whose pointers are device pointers. Does not wait for it.
using LaunchFunction = void (*)(const Problem&);

/// Makes a launch function known under a variant's name ("yours", "reference", ...), so that several kernels can live
/// in one program. Errors: a name registered twice ends the program with a sentence.
bool register_variant(const char* variant, LaunchFunction function);

/// Registers this file's launch function; the build names the variant that it compiles the file as.
static inline bool register_kernel(LaunchFunction function) { return register_variant(TUTORIAL_VARIANT, function); }

}  // namespace deformable_attention
