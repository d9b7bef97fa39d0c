#include "workloads/deformable_attention/runner.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <stdexcept>

#include "gpu/device.h"
#include "workloads/deformable_attention/reference.h"

namespace deformable_attention {
namespace {

// Judging more rows than this would take longer than running them.
constexpr int64_t most_judged_rows = 4096;

template <class T>
gpu::DeviceBuffer<T> upload(const char* name, const std::vector<T>& elements) {
  const judge::Guarded<T> guarded{std::span<const T>(elements)};
  return {name, guarded.storage(), judge::Guarded<T>::guard};
}

template <class T>
judge::Verdict check_input(const char* name, const gpu::DeviceBuffer<T>& device, const std::vector<T>& elements) {
  judge::Guarded<T> now(elements.size());
  device.download(now.storage());
  judge::Verdict verdict = now.check_guards(name);
  if (verdict.accepted()) {
    verdict = judge::check_unmodified(name, std::span<const T>(elements), std::span<const T>(now.payload()));
  }
  return verdict;
}

Problem describe(const Shape& shape) {
  Problem problem{};
  problem.batch = shape.batch;
  problem.queries = shape.queries;
  problem.heads = shape.heads;
  problem.channels = shape.channels;
  problem.points = shape.points;
  problem.level_count = static_cast<int>(shape.levels.size());
  problem.pixels = shape.pixels;
  std::ranges::copy(shape.levels, problem.levels);
  return problem;
}

const Inputs& validated(const Inputs& inputs) {
  validate(inputs);
  return inputs;
}

// The launch function of the program's one kernel.
LaunchFunction the_kernel(std::string_view configuration) {
  if (variants().size() != 1) {
    throw std::logic_error("this program has " + std::to_string(variants().size()) +
                           " kernels, and a test judges exactly one: end the kernel file with register_kernel(...)");
  }
  const Variant& kernel = variants().front();
  return configuration.empty() ? kernel.configurations.front().launch : kernel.find(configuration);
}

}  // namespace

DeviceProblem::DeviceProblem(const Inputs& inputs)
    : inputs_(validated(inputs)),
      value_(upload("value", inputs.value)),
      locations_(upload("locations", inputs.locations)),
      weights_(upload("weights", inputs.weights)),
      host_output_(static_cast<std::size_t>(inputs.shape.output_count())),
      output_("output", host_output_.storage(), judge::Guarded<half>::guard),
      problem_(describe(inputs.shape)) {
  problem_.value = value_.data();
  problem_.locations = locations_.data();
  problem_.weights = weights_.data();
  problem_.output = output_.data();
}

void DeviceProblem::poison_output() {
  host_output_.refill();
  output_.upload(host_output_.storage());
}

std::span<const half> DeviceProblem::output() {
  gpu::synchronize();
  output_.download(host_output_.storage());
  return host_output_.payload();
}

judge::Verdict DeviceProblem::judge(const OutputJudge& judge) {
  output();
  judge::Verdict verdict = host_output_.check_guards("output");
  if (verdict.accepted()) verdict = check_input("value", value_, inputs_.value);
  if (verdict.accepted()) verdict = check_input("locations", locations_, inputs_.locations);
  if (verdict.accepted()) verdict = check_input("weights", weights_, inputs_.weights);
  if (verdict.accepted()) verdict = judge.judge(host_output_.payload());
  return verdict;
}

namespace {

// Launches under each schedule of this test run, and asks `complaint` of what was left; the first answer that is not
// "", or what was thrown.
std::string first_complaint(const Inputs& inputs, LaunchFunction launch, int gpu_runs,
                            const std::function<std::string(DeviceProblem&)>& complaint) {
  DeviceProblem device(inputs);
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

}  // namespace

std::string what_is_wrong(const Inputs& inputs, std::string_view configuration) {
  const LaunchFunction launch = the_kernel(configuration);
  const OutputJudge judge(inputs, sample_rows(inputs.shape, most_judged_rows, 1));
  return first_complaint(inputs, launch, gpu::usual_gpu_runs, [&](DeviceProblem& device) {
    const judge::Verdict verdict = device.judge(judge);
    return verdict.accepted() ? "" : verdict.text();
  });
}

std::string what_differs(const Inputs& inputs, int gpu_runs, std::string_view configuration) {
  std::vector<half> first;
  int run = 0;
  return first_complaint(inputs, the_kernel(configuration), gpu_runs, [&](DeviceProblem& device) -> std::string {
    const std::span<const half> output = device.output();
    if (run++ == 0) first.assign(output.begin(), output.end());
    if (std::memcmp(first.data(), output.data(), output.size_bytes()) == 0) return "";
    return "launch " + std::to_string(run) + " left other bits than the first: the result depends on timing";
  });
}

}  // namespace deformable_attention
