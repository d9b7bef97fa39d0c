#pragma once

// trace::run() for a workload's types (workloads/runner.h).

#include <exception>
#include <string>
#include <string_view>

#include "judge/judge.h"
#include "trace/events.h"
#include "trace/trace.h"
#include "workloads/kernel_registry.h"
#include "workloads/rows.h"

namespace trace {

template <class Types>
Run run(const typename Types::Inputs& inputs, std::string_view configuration, const Setting& setting) {
  const auto launch = workloads::the_kernel<typename Types::Problem>(configuration);
  const typename Types::OutputJudge output_judge(inputs, workloads::all_rows(inputs.shape));
  typename Types::DeviceProblem device(inputs);
  device.poison_output();
  Run run{std::string(configuration), "", {}};
  start(setting);
  try {
    launch(device.problem());
    if (const judge::Verdict verdict = device.judge(output_judge); !verdict.accepted()) run.wrong = verdict.text();
  } catch (const std::exception& error) {
    run.wrong = error.what();
  }
  run.events = stop();
  return run;
}

}  // namespace trace
