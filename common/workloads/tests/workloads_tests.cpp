// What all workloads use: work for several threads, and the registry of kernels.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "workloads/kernel_registry.h"
#include "workloads/parallel_for.h"

namespace {
struct Problem {};
}  // namespace

TEST_CASE("work that is spread over threads visits every item once") {
  for (const int64_t count : {0, 1, 7, 64, 1000, 1001}) {
    std::vector<std::atomic<int>> visits(count);
    workloads::parallel_for(count, 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++visits[i];
    });
    CHECK(std::ranges::all_of(visits, [](int times) { return times == 1; }));
  }
}

TEST_CASE("a kernel's configurations are found by name, and an unknown name is refused with those that there are") {
  const workloads::LaunchFunction<Problem> one = [](const Problem&) {}, two = [](const Problem&) { throw 0; };
  const workloads::Variant<Problem> kernel{"yours", {{"1 stage", one}, {"2 stages", two}}};
  CHECK((kernel.find("1 stage") == one));
  CHECK((kernel.find("2 stages") == two));
  CHECK_THROWS_WITH_AS(kernel.find("3 stages"),
                       "the kernel has no configuration \"3 stages\": it registers \"1 stage\", \"2 stages\"",
                       std::logic_error);
}
