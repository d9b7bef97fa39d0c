#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/buffer.h"
#include "judge/guarded.h"
#include "workloads/deformable_attention/inputs.h"
#include "workloads/deformable_attention/kernel_registry.h"
#include "workloads/deformable_attention/output_judge.h"

namespace deformable_attention {

/// A problem's arrays on the device: the inputs, and an output between guard bands.
class DeviceProblem {
 public:
  /// Copies the inputs, which must outlive it. Errors: gpu::Error if the device has not enough memory,
  /// std::invalid_argument as validate(Inputs).
  explicit DeviceProblem(const Inputs& inputs);

  /// What a launch function takes.
  const Problem& problem() const { return problem_; }

  /// Fills the output, on the device, with poison.
  void poison_output();

  /// Waits for the launches; the output as they left it, until the next call. Errors: as judge().
  std::span<const half> output();

  /// Waits for the launches, and judges what they left: guard bands, inputs, output.
  /// Errors: gpu::Error for a failed launch or an open TODO.
  judge::Verdict judge(const OutputJudge& judge);

 private:
  const Inputs& inputs_;
  gpu::DeviceBuffer<half> value_;
  gpu::DeviceBuffer<float2> locations_;
  gpu::DeviceBuffer<half> weights_;
  judge::Guarded<half> host_output_;
  gpu::DeviceBuffer<half> output_;
  Problem problem_;
};

/// Runs the one registered kernel on `inputs` under all schedules of this test run, and says what is wrong: a finding
/// of the emulator, a failed launch, or the judge's rejection. "" if nothing is. Of a kernel with several
/// configurations it runs the first, or the one that is named. Errors: std::logic_error if the program has not exactly
/// one kernel, or the kernel no such configuration; std::invalid_argument as validate(Inputs).
std::string what_is_wrong(const Inputs& inputs, std::string_view configuration = {});

/// Launches it again and again, on a GPU `gpu_runs` times with other delays each, on the emulator under all schedules
/// of this test run, and says which launch left other bits than the first, or what else went wrong. "" if nothing did.
/// The output is not judged. Errors: as what_is_wrong.
std::string what_differs(const Inputs& inputs, int gpu_runs, std::string_view configuration = {});

}  // namespace deformable_attention
