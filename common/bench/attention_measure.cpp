// What is measured of the chapters on attention: from the smallest shape to the large ones on a GPU, `quick` on the
// emulator.

#include "bench/chapter.h"
#include "bench/measure.h"
#include "workloads/attention/runner.h"

namespace {

using namespace attention;

void count(benchmark::State& state, const Inputs& inputs) {
  const Shape& shape = inputs.shape;
  // Two products of `dim` multiplications and additions for each query and each key that it sees.
  const double scores = static_cast<double>(shape.scores()), flop = 4 * scores * shape.dim;
  state.counters["scores"] = scores;
#if GPU_IS_REAL
  const gpu::Device device = gpu::device();
  const double sm_cycles_per_s = device.sms * device.clock_hz;
  state.counters["flop_per_second"] = benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);

  // DRAM: each array once: two bytes an element of the queries and the output, one of the keys and the values.
  const double bytes = 4.0 * static_cast<double>(shape.query_count()) + 2.0 * static_cast<double>(shape.key_count());
  state.counters["dram_bound_ms"] = 1e3 * bytes / device.dram_bytes_per_s;
  // Tensor cores: an SM of compute capability 9.0 does 4096 FLOP a cycle with halves, summed in float.
  state.counters["tensor_bound_ms"] = 1e3 * flop / 4096 / sm_cycles_per_s;
  // Exponentials: one a score; an SM has 16 lanes that compute them.
  state.counters["exp_bound_ms"] = 1e3 * scores / 16 / sm_cycles_per_s;
#else
  static_cast<void>(flop);
#endif
}

bench::Shape<Types> measured(const char* name, const Shape& shape) {
  const auto unit = shape.scores() < 1'000'000'000 ? benchmark::kMicrosecond : benchmark::kMillisecond;
  return {name, [=](uint64_t seed) { return make_inputs(shape, seed); }, unit, count};
}

}  // namespace

#if GPU_IS_REAL

std::shared_ptr<void> bench::register_chapter() {
  return register_kernels<Types>({measured("small", small_shape()), measured("mission", mission_shape()),
                                  measured("long", long_shape()), measured("large 64", large_shape(64)),
                                  measured("large 128", large_shape(128)), measured("decode", decode_shape())});
}

std::shared_ptr<void> bench::register_sweep() {
  return register_configurations<Types>(
      {measured("mission", mission_shape()), measured("long", long_shape()), measured("decode", decode_shape())});
}

#else

std::shared_ptr<void> bench::register_chapter() { return register_kernels<Types>({measured("quick", quick_shape())}); }

std::shared_ptr<void> bench::register_sweep() {
  return register_configurations<Types>({measured("quick", quick_shape())});
}

#endif
