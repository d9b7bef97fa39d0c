#pragma once

// What a kernel file of this workload includes beside gpu/gpu.h: the problem, and the registration of its launch
// function.
#include "workloads/deformable_attention/problem.h"
#include "workloads/registration.h"

namespace deformable_attention {

/// register_kernel(launch_function), or register_kernel({{"2 stages", one}, {"3 stages", another}}), at the kernel
/// file's end. (Static: each file has its own variant.)
static constexpr workloads::Registration<Problem> register_kernel{TUTORIAL_VARIANT};

}  // namespace deformable_attention
