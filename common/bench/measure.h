#pragma once

// The measuring programs of a chapter: every kernel of the program on the same inputs, each output judged before and
// after. A workload states its shapes and bounds (bench/<workload>_measure.cpp); `Types` is what it also states for its
// tests (workloads/runner.h).

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/bench.h"
#include "gpu/device.h"
#include "gpu/launch.h"
#include "judge/judge.h"
#include "workloads/kernel_registry.h"
#include "workloads/rows.h"

namespace bench {

/// A shape to measure, by the name that the tables show.
template <class Types>
struct Shape {
  using Inputs = typename Types::Inputs;

  const char* name;
  std::function<Inputs(uint64_t seed)> make_inputs;
  benchmark::TimeUnit unit;  // that fits its times

  /// Counts what the tables show beside the time: on a GPU the bounds, times that no kernel of this kind can beat, each
  /// for one resource at its peak rate.
  void (*count)(benchmark::State& state, const Inputs& inputs);
};

/// One set of inputs, on the host and on the device, with its judge.
template <class Types>
struct InputSet {
  InputSet(const Shape<Types>& shape, uint64_t seed)
      : inputs(shape.make_inputs(seed)),
        judge(inputs, workloads::sample_rows(inputs.shape, Types::most_judged_rows, seed)),
        device(inputs) {}

  typename Types::Inputs inputs;
  typename Types::OutputJudge judge;
  typename Types::DeviceProblem device;
};

/// A shape with its input sets: made when they are first needed, shared by all kernels, and so many that a kernel finds
/// none of a set's data in the L2 cache when its turn comes again.
template <class Types>
struct Workload {
  Shape<Types> shape;
  std::deque<InputSet<Types>> sets = {};
  std::set<std::string> checked = {};  // the kernels that have been checked, on all sets, before their first repetition
  std::size_t repetitions = 0;         // of all kernels: which set is checked after the next one

  void make_sets() {
    if (!sets.empty()) return;
    sets.emplace_back(shape, 1);
    const std::size_t bytes = sets.front().device.input_bytes();
    const std::size_t count = 1 + (2 * gpu::device().l2_bytes + bytes - 1) / bytes;
    for (std::size_t seed = 2; seed <= count; ++seed) sets.emplace_back(shape, seed);
  }
};

/// Launches the kernel on a set and judges what it left. Returns the relative L2 error.
/// Errors: std::runtime_error with the judge's words.
template <class Types>
double check(workloads::LaunchFunction<typename Types::Problem> launch, InputSet<Types>& set) {
  set.device.poison_output();
  launch(set.device.problem());
  const ::judge::Verdict verdict = set.device.judge(set.judge);
  if (!verdict.accepted()) throw std::runtime_error(verdict.text());
  return verdict.relative_l2;
}

/// Times a configuration, which is called `name`, on a workload, and judges its output on all sets before the first
/// repetition and on one after each, unless it is not to be judged. Counts what the tables show: bounds and resources
/// on a GPU, what the emulator counts on it. A wrong output ends the benchmark with the judge's words.
template <class Types>
void measure(benchmark::State& state, const std::string& name,
             const workloads::Configuration<typename Types::Problem>& configuration, Workload<Types>& workload) {
  try {
    workload.make_sets();
    auto& sets = workload.sets;
    if (configuration.judged && workload.checked.insert(name).second) {
      for (InputSet<Types>& set : sets) check(configuration.launch, set);
    }
    time_launches(state, [&](int64_t i) { configuration.launch(sets[i % sets.size()].device.problem()); });
    // And one set after each repetition: timing must not change what is computed.
    if (configuration.judged) {
      state.counters["relative_l2"] = check(configuration.launch, sets[workload.repetitions++ % sets.size()]);
    }
    workload.shape.count(state, sets.front().inputs);
    report_kernel(state);
  } catch (const std::exception& error) {
    fail(state, name + " at " + workload.shape.name + ": " + error.what());
  }
}

/// What is measured at a shape, by the name that the tables show.
template <class Types>
using Candidates = std::vector<std::pair<std::string, const workloads::Configuration<typename Types::Problem>*>>;

/// Registers a benchmark for each candidate at each shape: "reference/mission". Returns what the benchmarks work on:
/// keep it until they have run.
template <class Types>
std::shared_ptr<void> register_candidates(const Candidates<Types>& candidates,
                                          const std::vector<Shape<Types>>& shapes) {
  const auto workloads = std::make_shared<std::deque<Workload<Types>>>();
  for (const Shape<Types>& shape : shapes) {
    Workload<Types>& workload = workloads->emplace_back(shape);
    for (const auto& [candidate, configuration] : candidates) {
      register_launches(candidate + "/" + shape.name, shape.unit,
                        [name = candidate, configuration = configuration, &workload](benchmark::State& state) {
                          measure(state, name, *configuration, workload);
                        });
    }
  }
  return workloads;
}

/// Registers each kernel of the program, in its first configuration, at each shape. Returns as register_candidates().
template <class Types>
std::shared_ptr<void> register_kernels(const std::vector<Shape<Types>>& shapes) {
  Candidates<Types> kernels;
  for (const auto& variant : workloads::variants<typename Types::Problem>()) {
    kernels.emplace_back(variant.name, &variant.configurations.front());
  }
  return register_candidates<Types>(kernels, shapes);
}

/// Registers a benchmark for each configuration of the program's kernels at one shape, with 1, 2, 4, ... blocks on a
/// multiprocessor, and with all that fit: "2 stages/4". Where fewer fit, the counter blocks_per_sm says so. Returns as
/// register_candidates().
template <class Types>
std::shared_ptr<void> register_occupancies(const Shape<Types>& shape) {
  const auto workload = std::make_shared<Workload<Types>>(shape);
  for (const auto& variant : workloads::variants<typename Types::Problem>()) {
    for (const auto& configuration : variant.configurations) {
      for (const int blocks : {1, 2, 4, 8, 0}) {
        const std::string name = std::string(configuration.name) + "/" + (blocks ? std::to_string(blocks) : "all");
        register_launches(name, shape.unit,
                          [&workload = *workload, &configuration, name, blocks](benchmark::State& state) {
                            gpu::limit_blocks_per_sm(blocks);
                            measure(state, name, configuration, workload);
                            gpu::limit_blocks_per_sm(0);
                          });
      }
    }
  }
  benchmark::AddCustomContext("rows", "configuration");
  benchmark::AddCustomContext("columns", "blocks per SM");
  return workload;
}

/// Registers each configuration of the program's kernels at each shape: "2 stages/mission". Returns as
/// register_candidates().
template <class Types>
std::shared_ptr<void> register_configurations(const std::vector<Shape<Types>>& shapes) {
  Candidates<Types> configurations;
  for (const auto& variant : workloads::variants<typename Types::Problem>()) {
    for (const auto& configuration : variant.configurations) {
      configurations.emplace_back(configuration.name, &configuration);
    }
  }
  benchmark::AddCustomContext("rows", "configuration");
  benchmark::AddCustomContext("columns", "shape");
  return register_candidates<Types>(configurations, shapes);
}

}  // namespace bench
