#pragma once

#include <string>
#include <string_view>

#include "workloads/deformable_attention/inputs.h"
#include "workloads/deformable_attention/output_judge.h"
#include "workloads/device_arrays.h"
#include "workloads/runner.h"

namespace deformable_attention {

/// A problem's arrays on the device: the inputs, and an output between guard bands.
class DeviceProblem : public workloads::DeviceArrays {
 public:
  /// Copies the inputs, which must outlive it. Errors: gpu::Error if the device has not enough memory,
  /// std::invalid_argument as validate(Inputs).
  explicit DeviceProblem(const Inputs& inputs);

  /// What a launch function takes.
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

/// What the shared parts of testing and measuring work with.
struct Types {
  using Problem = deformable_attention::Problem;
  using Inputs = deformable_attention::Inputs;
  using OutputJudge = deformable_attention::OutputJudge;
  using DeviceProblem = deformable_attention::DeviceProblem;
  static constexpr int64_t most_judged_rows = 4096;
};

/// See workloads/kernel_registry.h.
inline const auto& variants() { return workloads::variants<Problem>(); }

/// See workloads/runner.h.
std::string what_is_wrong(const Inputs& inputs, std::string_view configuration = {});
std::string what_differs(const Inputs& inputs, int gpu_runs, std::string_view configuration = {});

}  // namespace deformable_attention
