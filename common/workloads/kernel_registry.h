#pragma once

// The kernels of a program. A workload instantiates register_variant in one of its .cpp files, because kernel files see
// only its declaration (registration.h).

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/registration.h"

namespace workloads {

/// A kernel of this program: one of the files that were compiled into it.
template <class Problem>
struct Variant {
  std::string name;                                    // "yours", "reference", "previous", ...
  std::vector<Configuration<Problem>> configurations;  // at least one; the first is the one that is measured

  /// The launch function of a configuration. Errors: std::logic_error if there is none of this name.
  LaunchFunction<Problem> find(std::string_view configuration) const {
    const auto found = std::ranges::find(configurations, configuration, &Configuration<Problem>::name);
    if (found != configurations.end()) return found->launch;
    std::string known;
    for (const Configuration<Problem>& other : configurations) {
      known += (known.empty() ? "\"" : ", \"") + std::string(other.name) + "\"";
    }
    throw std::logic_error("the kernel has no configuration \"" + std::string(configuration) + "\": it registers " +
                           known);
  }
};

/// Where kernel files register, before main(), in any order.
template <class Problem>
std::vector<Variant<Problem>>& registry() {
  static std::vector<Variant<Problem>> all;
  return all;
}

/// All kernels of this program, in the order of their names.
template <class Problem>
const std::vector<Variant<Problem>>& variants() {
  return registry<Problem>();
}

template <class Problem>
bool register_variant(const char* name, const Configuration<Problem>* configurations, int count) {
  auto& all = registry<Problem>();
  const auto place = std::ranges::lower_bound(all, std::string(name), {}, &Variant<Problem>::name);
  if (place != all.end() && place->name == name) {
    std::fprintf(stderr,
                 "Two kernel files of this program are registered as \"%s\": a kernel file calls register_kernel "
                 "once, and each file of a program is compiled under a name of its own.\n",
                 name);
    std::exit(1);
  }
  all.insert(place, {name, {configurations, configurations + count}});
  return true;
}

/// The launch function of the program's one kernel: its first configuration, or the one that is named. Errors:
/// std::logic_error if the program has not exactly one kernel, or the kernel no such configuration.
template <class Problem>
LaunchFunction<Problem> the_kernel(std::string_view configuration) {
  const auto& all = variants<Problem>();
  if (all.size() != 1) {
    throw std::logic_error("this program has " + std::to_string(all.size()) +
                           " kernels, and a test judges exactly one: end the kernel file with register_kernel(...)");
  }
  return configuration.empty() ? all.front().configurations.front().launch : all.front().find(configuration);
}

}  // namespace workloads
