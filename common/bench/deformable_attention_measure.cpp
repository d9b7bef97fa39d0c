// What is measured of the chapters on deformable attention: `field` and `detr` on a GPU, `quick` on the emulator.

#include "bench/chapter.h"
#include "bench/measure.h"
#include "workloads/deformable_attention/reference.h"
#include "workloads/deformable_attention/runner.h"

namespace {

using namespace deformable_attention;

// What an SM's TMA unit takes for a small box, measured on an H200: build/cuda/bin/copy_rate.
constexpr double cycles_a_box = 7.05;

void count(benchmark::State& state, const Inputs& inputs) {
  const Shape& shape = inputs.shape;
  state.counters["points"] = static_cast<double>(shape.point_count());
#if GPU_IS_REAL
  const gpu::Device device = gpu::device();
  const double corners = static_cast<double>(count_corners(inputs));
  const double sm_cycles_per_s = device.sms * device.clock_hz;
  state.counters["points_per_second"] =
      benchmark::Counter(static_cast<double>(shape.point_count()), benchmark::Counter::kIsIterationInvariantRate);

  // DRAM: each array once.
  const double bytes = 2.0 * static_cast<double>(shape.value_count() + shape.output_count()) +
                       10.0 * static_cast<double>(shape.point_count());
  state.counters["dram_bound_ms"] = 1e3 * bytes / device.dram_bytes_per_s;
  // L1: every corner inside its map is one row of channels; an SM's L1 delivers 128 bytes a cycle (one wavefront).
  state.counters["l1_bound_ms"] = 1e3 * corners * 2 * shape.channels / 128 / sm_cycles_per_s;
  // Issue: a corner's value is converted and added, 2 instructions for 32 channels; an SM issues 4 a cycle.
  state.counters["issue_bound_ms"] = 1e3 * corners * 2 * shape.channels / 32 / 4 / sm_cycles_per_s;
  // TMA: each SM's unit takes one box after the other.
  if (bench::boxes_a_point > 0) {
    const double boxes = bench::boxes_a_point * static_cast<double>(shape.point_count());
    state.counters["tma_bound_ms"] = 1e3 * boxes * cycles_a_box / sm_cycles_per_s;
  }
#endif
}

bench::Shape<Types> measured(const char* name, const Shape& shape, Sampling sampling) {
  return {name, [=](uint64_t seed) { return make_inputs(shape, sampling, seed); }, benchmark::kMillisecond, count};
}

std::vector<bench::Shape<Types>> measured_shapes() {
#if GPU_IS_REAL
  return {measured("field local", field_shape(), Sampling::local),
          measured("field uniform", field_shape(), Sampling::uniform),
          measured("detr local", detr_shape(), Sampling::local)};
#else
  return {measured("quick local", quick_shape(), Sampling::local)};
#endif
}

}  // namespace

std::shared_ptr<void> bench::register_chapter() { return register_kernels(measured_shapes()); }

std::shared_ptr<void> bench::register_sweep() { return register_occupancies(measured_shapes().front()); }
