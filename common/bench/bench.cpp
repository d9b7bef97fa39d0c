#include "bench/bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "gpu/device.h"
#include "gpu/error.h"

namespace bench {
namespace {

bool failed = false;

// Prints a benchmark's name and its counters in columns: for the emulator, which has no times to show.
class CountReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.counters.empty()) continue;
      GetOutputStream() << run.benchmark_name() << "\n";
      for (const auto& [name, counter] : run.counters) {
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

#if GPU_IS_REAL

namespace {

class Event {
 public:
  Event() { GPU_CHECK(cudaEventCreate(&event_)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record() { GPU_CHECK(cudaEventRecord(event_)); }
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

}  // namespace

void time_launches(benchmark::State& state, const std::function<void(int64_t)>& launch) {
  constexpr double shortest_measurement = 1e-3;  // seconds; the events' own resolution is about 1e-6
  Event start, stop;
  int64_t i = 0;
  const auto measure = [&](int64_t launches) {
    start.record();
    for (int64_t n = 0; n < launches; ++n) launch(i++);
    stop.record();
    return stop.since(start) / static_cast<double>(launches);
  };
  measure(3);  // loads the kernel, fills the instruction cache, raises the clock
  const double estimate = measure(3);
  const auto launches = std::clamp<int64_t>(std::llround(std::ceil(shortest_measurement / estimate)), 1, 1000);
  for (auto _ : state) state.SetIterationTime(measure(launches));
}

#else

void time_launches(benchmark::State& state, const std::function<void(int64_t)>& launch) {
  int64_t i = 0;
  for (auto _ : state) launch(i++);
}

#endif

}  // namespace bench
