#include "workloads/deformable_attention/runner.h"

#include <algorithm>

namespace deformable_attention {

DeviceProblem::DeviceProblem(const Inputs& inputs)
    : DeviceArrays((validate(inputs), inputs.shape.output_count())), problem_{} {
  const Shape& shape = inputs.shape;
  problem_.value = add_input("value", inputs.value);
  problem_.locations = add_input("locations", inputs.locations);
  problem_.weights = add_input("weights", inputs.weights);
  problem_.output = device_output();
  problem_.batch = shape.batch;
  problem_.queries = shape.queries;
  problem_.heads = shape.heads;
  problem_.channels = shape.channels;
  problem_.points = shape.points;
  problem_.level_count = static_cast<int>(shape.levels.size());
  problem_.pixels = shape.pixels;
  std::ranges::copy(shape.levels, problem_.levels);
}

std::string what_is_wrong(const Inputs& inputs, std::string_view configuration) {
  return workloads::what_is_wrong<Types>(inputs, configuration);
}

std::string what_differs(const Inputs& inputs, int gpu_runs, std::string_view configuration) {
  return workloads::what_differs<Types>(inputs, gpu_runs, configuration);
}

}  // namespace deformable_attention

template bool workloads::register_variant(const char*, const Configuration<deformable_attention::Problem>*, int);
