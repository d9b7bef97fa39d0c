#pragma once

#include <string>
#include <vector>

#include "workloads/deformable_attention/problem.h"

namespace deformable_attention {

/// A kernel of this program: one of the files that were compiled into it.
struct Variant {
  std::string name;  // "yours", "reference", "previous", ...
  void (*launch)(const Problem&);
};

/// All kernels of this program, in the order of their names.
const std::vector<Variant>& variants();

}  // namespace deformable_attention
