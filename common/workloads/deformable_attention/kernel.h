#pragma once

// What a kernel file of this workload includes beside gpu/gpu.h: the problem, and the registration of its launch
// function.
#include "workloads/deformable_attention/problem.h"

namespace deformable_attention {

/// Makes `count` configurations of a kernel known under a variant's name ("yours", "reference", ...), so that several
/// kernels can live in one program. Errors: a name registered twice ends the program with a sentence.
bool register_variant(const char* variant, const Configuration* configurations, int count);

/// Registers this file's launch function; the build names the variant that it compiles the file as.
static inline bool register_kernel(LaunchFunction function) {
  const Configuration only{"", function};
  return register_variant(TUTORIAL_VARIANT, &only, 1);
}

/// Registers the launch functions of this file's configurations. The first is the chapter's own: the one that is
/// measured against other chapters.
template <int Count>
static inline bool register_kernel(const Configuration (&configurations)[Count]) {
  return register_variant(TUTORIAL_VARIANT, configurations, Count);
}

}  // namespace deformable_attention
