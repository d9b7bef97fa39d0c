#include "bench/bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/launch.h"
#include "gpu/platform.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#endif

namespace bench {
namespace {

bool failed = false;

// Prints a benchmark's name and its counters in columns, without those that are zero: for the emulator, which has no
// times to show.
class CountReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.counters.empty()) continue;
      GetOutputStream() << run.benchmark_name() << "\n";
      for (const auto& [name, counter] : run.counters) {
        if (counter.value == 0) continue;
        char line[96];
        std::snprintf(line, sizeof line, "    %-22s %14.6g\n", name.c_str(), counter.value);
        GetOutputStream() << line;
      }
    }
  }
};

}  // namespace

int run(int argc, char** argv, int compute_capability) {
  const std::string reason = gpu::why_not(compute_capability);
  if (!reason.empty()) {
    std::printf("skipped: %s\n", reason.c_str());
    return 77;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
#if !GPU_IS_REAL
  emulator::options().counts_wavefronts = true;
#endif
  const gpu::Device device = gpu::device();
  std::unique_ptr<benchmark::BenchmarkReporter> reporter;
  if (device.sms == 0) {
    benchmark::AddCustomContext("machine", "emulator");
    reporter = std::make_unique<CountReporter>();
  } else {
    benchmark::AddCustomContext("machine", "gpu");
    benchmark::AddCustomContext("gpu", device.name);
    benchmark::AddCustomContext("driver", device.driver);
    benchmark::AddCustomContext("cuda", device.runtime);
    benchmark::AddCustomContext("sms", std::to_string(device.sms));
    benchmark::AddCustomContext("clock_mhz", std::to_string(std::lround(device.clock_hz / 1e6)));
    reporter = std::make_unique<benchmark::ConsoleReporter>();
  }
  benchmark::RunSpecifiedBenchmarks(reporter.get());
  benchmark::Shutdown();
  return failed ? 1 : 0;
}

void fail(benchmark::State& state, const std::string& message) {
  failed = true;
  std::fprintf(stderr, "%s\n", message.c_str());
  state.SkipWithError(message.c_str());
}

void register_launches(const std::string& name, benchmark::TimeUnit unit,
                       const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->UseManualTime()->Unit(unit)->Iterations(1);
}

#if GPU_IS_REAL

namespace {

class Event {
 public:
  Event() { GPU_CHECK(cudaEventCreate(&event_)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream) { GPU_CHECK(cudaEventRecord(event_, stream)); }
  /// Seconds from `start` to this event; waits for it.
  double since(const Event& start) const {
    GPU_CHECK(cudaEventSynchronize(event_));
    float milliseconds = 0;
    GPU_CHECK(cudaEventElapsedTime(&milliseconds, start.event_, event_));
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t event_{};
};

// A graph of launches, and the stream that it was recorded on and runs on. Work in the default stream, such as copies
// of inputs, is ordered with that of this stream.
class Graph {
 public:
  // Records what `launches` launches; none of it runs yet.
  explicit Graph(const std::function<void()>& launches) {
    cudaGraph_t graph = nullptr;
    GPU_CHECK(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeRelaxed));
    gpu::launch_into(stream_.get());
    std::exception_ptr error;
    try {
      launches();
    } catch (...) {
      error = std::current_exception();
    }
    gpu::launch_into(nullptr);
    const cudaError_t result = cudaStreamEndCapture(stream_.get(), &graph);
    if (error) std::rethrow_exception(error);
    GPU_CHECK(result);
    const cudaError_t instantiated = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    GPU_CHECK(instantiated);
  }
  ~Graph() { cudaGraphExecDestroy(executable_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void start() { GPU_CHECK(cudaGraphLaunch(executable_, stream_.get())); }
  cudaStream_t stream() const { return stream_.get(); }

 private:
  class Stream {
   public:
    Stream() { GPU_CHECK(cudaStreamCreate(&stream_)); }
    ~Stream() { cudaStreamDestroy(stream_); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    cudaStream_t get() const { return stream_; }

   private:
    cudaStream_t stream_{};
  };

  Stream stream_;
  cudaGraphExec_t executable_{};
};

}  // namespace

void time_launches(benchmark::State& state, const std::function<void(int64_t)>& launch) {
  constexpr double measurement = 20e-3;  // seconds; the events' own resolution is about 1e-6
  constexpr int64_t most_launches = 5000;
  Event start, stop;
  int64_t i = 0;
  launch(i++);  // loads the kernel, fills the instruction cache
  start.record(nullptr);
  launch(i++);
  stop.record(nullptr);
  const auto launches = std::clamp<int64_t>(std::llround(measurement / stop.since(start)), 1, most_launches);
  Graph graph([&] {
    for (int64_t n = 0; n < launches; ++n) launch(i++);
  });
  if (launches > 1) graph.start();
  for (auto _ : state) {
    start.record(graph.stream());
    graph.start();
    stop.record(graph.stream());
    state.SetIterationTime(stop.since(start) / static_cast<double>(launches));
  }
}

void report_kernel(benchmark::State& state) {
  const gpu::KernelInfo info = gpu::last_kernel_info();
  state.counters["registers"] = info.registers;
  state.counters["shared_bytes"] = static_cast<double>(info.shared_bytes);
  state.counters["blocks_per_sm"] = info.blocks_per_sm;
}

#else

void time_launches(benchmark::State& state, const std::function<void(int64_t)>& launch) {
  int64_t i = 0;
  for (auto _ : state) launch(i++);
}

void report_kernel(benchmark::State& state) {
  const emulator::Counts& counts = emulator::counts();
  const auto set = [&](const char* name, uint64_t value) { state.counters[name] = static_cast<double>(value); };
  set("threads", counts.threads);
  set("global_loads", counts.global_loads);
  set("global_load_bytes", counts.global_load_bytes);
  set("global_stores", counts.global_stores);
  set("global_store_bytes", counts.global_store_bytes);
  set("shared_loads", counts.shared_loads);
  set("shared_stores", counts.shared_stores);
  set("shared_wavefronts", counts.shared_wavefronts);
  set("bank_conflicts", counts.bank_conflicts);
  set("bulk_copies", counts.bulk_copies);
  set("bulk_copy_bytes", counts.bulk_copy_bytes);
  set("tensor_copies", counts.tensor_copies);
  set("tensor_copy_bytes", counts.tensor_copy_bytes);
  set("cp_async_copies", counts.cp_async_copies);
  set("cp_async_bytes", counts.cp_async_bytes);
  set("most_bytes_in_flight", counts.most_bytes_in_flight);
  set("waits", counts.waits);
  set("waits_blocked", counts.waits_blocked);
  set("barrier_arrivals", counts.barrier_arrivals);
  set("barrier_phases", counts.barrier_phases);
  set("block_barriers", counts.block_barriers);
  set("named_barriers", counts.named_barriers);
  set("warp_collectives", counts.warp_collectives);
  set("atomics", counts.atomics);
}

#endif

}  // namespace bench
