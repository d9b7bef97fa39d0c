#pragma once

// What the tests of the chapters of every workload share.

#include <string>
#include <string_view>

#include "testing/chapter_test.h"

namespace workloads {

/// Ends the test case, red, with what is wrong with the kernel on these inputs, if anything is.
template <class Inputs>
void check(const Inputs& inputs, std::string_view configuration = {}) {
  const std::string wrong = what_is_wrong(inputs, configuration);
  if (!wrong.empty()) FAIL(wrong);
}

/// The same, if repeated launches leave different bits.
template <class Inputs>
void check_bits(const Inputs& inputs, int gpu_runs, std::string_view configuration = {}) {
  const std::string wrong = what_differs(inputs, gpu_runs, configuration);
  if (!wrong.empty()) FAIL(wrong);
}

}  // namespace workloads
