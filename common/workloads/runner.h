#pragma once

// Runs a program's one kernel and says what is wrong with it. A workload passes its types:
//
//   struct Types {
//     using Problem = ...;        // what a launch function takes
//     using Inputs = ...;         // what a kernel reads, on the host, with its `shape`
//     using OutputJudge = ...;    // made from inputs and the rows to judge
//     using DeviceProblem = ...;  // DeviceArrays, made from inputs, with problem()
//     static constexpr int64_t most_judged_rows = ...;  // judging more would take longer than running them
//   };

#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/device.h"
#include "workloads/kernel_registry.h"
#include "workloads/rows.h"

namespace workloads {

/// Launches under each schedule of this test run, and asks `complaint` of what was left; the first answer that is not
/// "", or what was thrown.
template <class Types>
std::string first_complaint(const typename Types::Inputs& inputs, LaunchFunction<typename Types::Problem> launch,
                            int gpu_runs, const std::function<std::string(typename Types::DeviceProblem&)>& complaint) {
  typename Types::DeviceProblem device(inputs);
  std::string wrong;
  try {
    gpu::for_each_schedule(
        [&] {
          if (!wrong.empty()) return;
          device.poison_output();
          launch(device.problem());
          wrong = complaint(device);
        },
        gpu_runs);
  } catch (const std::exception& error) {
    wrong = error.what();
  }
  return wrong;
}

/// Runs the one registered kernel on `inputs` under all schedules of this test run, and says what is wrong: a finding
/// of the emulator, a failed launch, or the judge's rejection. "" if nothing is. Of a kernel with several
/// configurations it runs the first, or the one that is named. Errors: std::logic_error if the program has not exactly
/// one kernel, or the kernel no such configuration; std::invalid_argument as validate(Inputs).
template <class Types>
std::string what_is_wrong(const typename Types::Inputs& inputs, std::string_view configuration) {
  const auto launch = the_kernel<typename Types::Problem>(configuration);
  const typename Types::OutputJudge judge(inputs, sample_rows(inputs.shape, Types::most_judged_rows, 1));
  return first_complaint<Types>(inputs, launch, gpu::usual_gpu_runs, [&](typename Types::DeviceProblem& device) {
    const judge::Verdict verdict = device.judge(judge);
    return verdict.accepted() ? "" : verdict.text() + gpu::hint_for_wrong_result();
  });
}

/// Launches it again and again, on a GPU `gpu_runs` times with other delays each, on the emulator under all schedules
/// of this test run, and says which launch left other bits than the first, or what else went wrong. "" if nothing did.
/// The output is not judged. Errors: as what_is_wrong.
template <class Types>
std::string what_differs(const typename Types::Inputs& inputs, int gpu_runs, std::string_view configuration) {
  std::vector<half> first;
  int run = 0;
  const auto complaint = [&](typename Types::DeviceProblem& device) -> std::string {
    const std::span<const half> output = device.output();
    if (run++ == 0) first.assign(output.begin(), output.end());
    if (std::memcmp(first.data(), output.data(), output.size_bytes()) == 0) return "";
    return "launch " + std::to_string(run) + " left other bits than the first: the result depends on timing";
  };
  const auto launch = the_kernel<typename Types::Problem>(configuration);
  return first_complaint<Types>(inputs, launch, gpu_runs, complaint);
}

}  // namespace workloads
