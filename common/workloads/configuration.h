#pragma once

// How a kernel is started, for kernel files and for what runs them. Plain data only.

namespace workloads {

/// Launches a kernel on a problem whose pointers are device pointers. Does not wait for it.
template <class Problem>
using LaunchFunction = void (*)(const Problem&);

/// A kernel template with its arguments chosen: `name` says which, "4 stages".
template <class Problem>
struct Configuration {
  const char* name;
  LaunchFunction<Problem> launch;
  bool judged = true;  // false: parts are left out to see what they cost, and the output is wrong
};

}  // namespace workloads
