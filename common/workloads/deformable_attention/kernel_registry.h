#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workloads/deformable_attention/problem.h"

namespace deformable_attention {

/// A kernel of this program: one of the files that were compiled into it.
struct Variant {
  std::string name;                           // "yours", "reference", "previous", ...
  std::vector<Configuration> configurations;  // at least one; the first is the one that is measured

  /// The launch function of a configuration. Errors: std::logic_error if there is none of this name.
  LaunchFunction find(std::string_view configuration) const;
};

/// All kernels of this program, in the order of their names.
const std::vector<Variant>& variants();

}  // namespace deformable_attention
