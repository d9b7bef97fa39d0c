// The measurements of every chapter on deformable attention: all kernels of the program on the same inputs.

#include "bench/deformable_attention_measure.h"

using namespace deformable_attention;

int main(int argc, char** argv) {
  std::deque<Workload> workloads;
  for (const NamedShape& named : measured_shapes()) {
    Workload& workload = workloads.emplace_back(named);
    for (const Variant& variant : variants()) {
      auto* registered = benchmark::RegisterBenchmark(
          (variant.name + "/" + named.name).c_str(), [&variant, &workload](benchmark::State& state) {
            measure(state, variant.name, variant.configurations.front().launch, workload);
          });
      registered->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(iterations);
    }
  }
  return bench::run(argc, argv, TUTORIAL_COMPUTE_CAPABILITY);
}
