// What the emulator costs: schedules of a small ring, runs of a large one, an exhaustive search, and an access. Each
// benchmark counts how much it does in a second of processor time; speed.py compares that with its targets.

#include <benchmark/benchmark.h>

#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "emulator/control.h"
#include "emulator/tests/ring.h"
#include "emulator/tests/shared_reads.h"
#include "gpu/buffer.h"

namespace {

using Launch = std::function<void()>;

void count(benchmark::State& state, double in_each_iteration = 1) {
  state.counters["per_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * in_each_iteration, benchmark::Counter::kIsRate);
}

void run_schedules(benchmark::State& state, emulator::Search search, const Launch& launch) {
  emulator::options() = {};
  emulator::options().search = search;
  for (auto _ : state) {
    launch();
    ++emulator::options().seed;
  }
  emulator::options() = {};
  count(state);
}

void explore(benchmark::State& state, const Launch& launch) {
  emulator::Exploration found;
  for (auto _ : state) found = emulator::explore(launch, 1'000'000);
  if (!found.complete) state.SkipWithError("the search is not complete");
  if (!found.findings.empty()) state.SkipWithError(found.findings.begin()->second.c_str());
  count(state);
  state.counters["schedules"] = static_cast<double>(found.schedules);
  state.counters["states"] = static_cast<double>(found.states);
}

void define(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->Repetitions(5)->MinTime(0.1)->Unit(benchmark::kMicrosecond);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> numbers(16 * 1024);
  std::iota(numbers.begin(), numbers.end(), 0);
  const gpu::DeviceBuffer<int> input("input", std::span<const int>(numbers), 0);
  const gpu::DeviceBuffer<int> output("output", std::span<const int>(numbers).first(256), 0);

  const auto two_stages = [&](int tiles) {
    return [&, tiles] { ring::two_stages({.consumers = 2, .tiles = tiles}, output.data(), input.data()); };
  };
  const auto four_stages = [&] { ring::four_stages(16, output.data(), input.data()); };
  const auto schedules = [&](emulator::Search search, const Launch& launch) {
    return [=](benchmark::State& state) { run_schedules(state, search, launch); };
  };
  define("two stages/random", schedules(emulator::Search::random, two_stages(5)));
  define("two stages/pct", schedules(emulator::Search::pct, two_stages(5)));
  define("two stages/exhaustive", [&](benchmark::State& state) { explore(state, two_stages(3)); });
  define("four stages/random", schedules(emulator::Search::random, four_stages));
  define("four stages/pct", schedules(emulator::Search::pct, four_stages));
  define("shared memory/read", [&](benchmark::State& state) {
    constexpr int reads = 10'000;
    for (auto _ : state) shared_reads::run(reads, output.data());
    count(state, double{reads} * shared_reads::threads);
  });

  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("compiler", "g++ " __VERSION__);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
