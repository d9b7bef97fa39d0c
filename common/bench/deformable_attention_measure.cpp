#include "bench/deformable_attention_measure.h"

#include <exception>
#include <stdexcept>
#include <vector>

#include "gpu/device.h"
#include "gpu/launch.h"
#include "workloads/deformable_attention/reference.h"

namespace deformable_attention {

InputSet::InputSet(const NamedShape& named, uint64_t seed)
    : inputs(make_inputs(named.shape(), named.sampling, seed)),
      judge(inputs, sample_rows(inputs.shape, 4096, seed)),
      device(inputs) {}

void Workload::make_sets() {
  if (!sets.empty()) return;
  sets.emplace_back(named, 1);
  const Inputs& inputs = sets.front().inputs;
  const std::size_t bytes = inputs.value.size() * sizeof(half) + inputs.locations.size() * sizeof(float2) +
                            inputs.weights.size() * sizeof(half);
  const std::size_t count = 1 + (2 * gpu::device().l2_bytes + bytes - 1) / bytes;
  for (std::size_t seed = 2; seed <= count; ++seed) sets.emplace_back(named, seed);
}

std::span<const NamedShape> measured_shapes() {
#if GPU_IS_REAL
  static constexpr NamedShape shapes[] = {{"field local", field_shape, Sampling::local},
                                          {"field uniform", field_shape, Sampling::uniform},
                                          {"detr local", detr_shape, Sampling::local}};
#else
  static constexpr NamedShape shapes[] = {{"quick local", quick_shape, Sampling::local}};
#endif
  return shapes;
}

namespace {

#if GPU_IS_REAL

// Three times that no kernel of this kind can beat, each for one resource at its peak rate.
void count_bounds(benchmark::State& state, const Inputs& inputs) {
  const gpu::Device device = gpu::device();
  const Shape& shape = inputs.shape;
  const double corners = static_cast<double>(count_corners(inputs));
  const double sm_cycles_per_s = device.sms * device.clock_hz;

  // DRAM: each array once.
  const double bytes = 2.0 * static_cast<double>(shape.value_count() + shape.output_count()) +
                       10.0 * static_cast<double>(shape.point_count());
  state.counters["dram_bound_ms"] = 1e3 * bytes / device.dram_bytes_per_s;
  // L1: every corner inside its map is one row of channels; an SM's L1 delivers 128 bytes a cycle (one wavefront).
  state.counters["l1_bound_ms"] = 1e3 * corners * 2 * shape.channels / 128 / sm_cycles_per_s;
  // Issue: a corner's value is converted and added, 2 instructions for 32 channels; an SM issues 4 a cycle.
  state.counters["issue_bound_ms"] = 1e3 * corners * 2 * shape.channels / 32 / 4 / sm_cycles_per_s;
}

void count_kernel(benchmark::State& state) {
  const gpu::KernelInfo info = gpu::last_kernel_info();
  state.counters["registers"] = info.registers;
  state.counters["shared_bytes"] = static_cast<double>(info.shared_bytes);
  state.counters["blocks_per_sm"] = info.blocks_per_sm;
}

#endif

// Launches the kernel on a set and judges what it left. Returns the relative L2 error.
// Errors: std::runtime_error with the judge's words.
double check(LaunchFunction launch, InputSet& set) {
  set.device.poison_output();
  launch(set.device.problem());
  const judge::Verdict verdict = set.device.judge(set.judge);
  if (!verdict.accepted()) throw std::runtime_error(verdict.text());
  return verdict.relative_l2;
}

}  // namespace

void measure(benchmark::State& state, const std::string& name, LaunchFunction launch, Workload& workload) {
  try {
    workload.make_sets();
    std::deque<InputSet>& sets = workload.sets;
    if (workload.checked.insert(name).second) {
      for (InputSet& set : sets) check(launch, set);
    }
    bench::time_launches(state, [&](int64_t i) { launch(sets[i % sets.size()].device.problem()); });
    // And one set after each repetition: timing must not change what is computed.
    const double relative_l2 = check(launch, sets[workload.repetitions++ % sets.size()]);
    const Shape& shape = sets.front().inputs.shape;
    state.counters["relative_l2"] = relative_l2;
    state.counters["points"] = static_cast<double>(shape.point_count());
#if GPU_IS_REAL
    state.counters["points_per_second"] =
        benchmark::Counter(static_cast<double>(shape.point_count()), benchmark::Counter::kIsIterationInvariantRate);
    count_bounds(state, sets.front().inputs);
    count_kernel(state);
#else
    bench::report_counts(state);
#endif
  } catch (const std::exception& error) {
    bench::fail(state, name + " at " + workload.named.name + ": " + error.what());
  }
}

}  // namespace deformable_attention
