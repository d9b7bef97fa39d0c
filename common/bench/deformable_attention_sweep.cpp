// The sweep of a chapter on deformable attention: each configuration of its kernel with 1, 2, 4, ... blocks on a
// multiprocessor, and with all that fit. Where fewer fit, the counter blocks_per_sm says so.

#include "bench/deformable_attention_measure.h"
#include "gpu/launch.h"

using namespace deformable_attention;

int main(int argc, char** argv) {
  Workload workload{measured_shapes().front()};
  for (const Variant& variant : variants()) {
    for (const Configuration& configuration : variant.configurations) {
      for (const int blocks : {1, 2, 4, 8, 0}) {
        const std::string name = std::string(configuration.name) + "/" + (blocks ? std::to_string(blocks) : "all");
        auto* registered = benchmark::RegisterBenchmark(
            name.c_str(), [&workload, launch = configuration.launch, name, blocks](benchmark::State& state) {
              gpu::limit_blocks_per_sm(blocks);
              measure(state, name, launch, workload);
              gpu::limit_blocks_per_sm(0);
            });
        registered->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(iterations);
      }
    }
  }
  benchmark::AddCustomContext("rows", "configuration");
  benchmark::AddCustomContext("columns", "blocks per SM");
  return bench::run(argc, argv, TUTORIAL_COMPUTE_CAPABILITY);
}
