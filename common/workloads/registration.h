#pragma once

// How a kernel file makes itself known. A workload's kernel.h gives it the name `register_kernel`.

#include "workloads/configuration.h"

namespace workloads {

/// Makes `count` configurations of a kernel known under a variant's name ("yours", "reference", ...), so that several
/// kernels can live in one program. Errors: a name registered twice ends the program with a sentence.
template <class Problem>
bool register_variant(const char* variant, const Configuration<Problem>* configurations, int count);

/// Registers the kernels of one file. The build names the variant that it compiles the file as.
template <class Problem>
struct Registration {
  const char* variant;

  /// The file's only launch function.
  bool operator()(LaunchFunction<Problem> function) const {
    const Configuration<Problem> only{"", function};
    return register_variant(variant, &only, 1);
  }

  /// The launch functions of the file's configurations. The first is the chapter's own: the one that is measured
  /// against other chapters.
  template <int Count>
  bool operator()(const Configuration<Problem> (&configurations)[Count]) const {
    return register_variant(variant, configurations, Count);
  }
};

}  // namespace workloads
