#include "workloads/attention/runner.h"

#include <cmath>

namespace attention {

DeviceProblem::DeviceProblem(const Inputs& inputs)
    : DeviceArrays((validate(inputs), inputs.shape.output_count())), problem_{} {
  const Shape& shape = inputs.shape;
  problem_.query = add_input("query", inputs.query);
  problem_.key = add_input("key", inputs.key);
  problem_.value = add_input("value", inputs.value);
  problem_.key_quantizer = add_input("key_quantizer", inputs.key_quantizer);
  problem_.value_quantizer = add_input("value_quantizer", inputs.value_quantizer);
  problem_.output = device_output();
  problem_.batch = shape.batch;
  problem_.heads = shape.heads;
  problem_.queries = shape.queries;
  problem_.keys = shape.keys;
  problem_.dim = shape.dim;
  problem_.causal = shape.causal;
  problem_.softmax_scale = 1 / std::sqrt(static_cast<float>(shape.dim));
}

std::string what_is_wrong(const Inputs& inputs, std::string_view configuration) {
  return workloads::what_is_wrong<Types>(inputs, configuration);
}

std::string what_differs(const Inputs& inputs, int gpu_runs, std::string_view configuration) {
  return workloads::what_differs<Types>(inputs, gpu_runs, configuration);
}

}  // namespace attention

template bool workloads::register_variant(const char*, const Configuration<attention::Problem>*, int);
