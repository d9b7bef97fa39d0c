#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "emulator/control.h"
#include "emulator/tests/bugs/collection.h"
#include "gpu/device.h"

namespace {

void do_nothing(int*, int*) {}
void copy_the_wrong_tile(int* output, int* input) {
  for (int i = 0; i < bugs::tiles * bugs::tile_ints; ++i) output[i] = input[i];
  output[70] = input[38];
}
void write_one_more(int* output, int* input) {
  for (int i = 0; i < bugs::tiles * bugs::tile_ints; ++i) output[i] = input[i];
  output[bugs::tiles * bugs::tile_ints] = 0;
}

// What the emulator reports of each wrong program, in each of its schedules.
const std::map<const bugs::Bug*, std::vector<std::string>>& reports() {
  static const auto all = [] {
    std::map<const bugs::Bug*, std::vector<std::string>> reports;
    for (const bugs::Bug* const bug : bugs::all()) reports[bug] = bugs::findings_of(*bug, bug->facts.schedules);
    return reports;
  }();
  return all;
}

std::string list(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

TEST_CASE("each wrong program is reported in its first schedules, and under no other name") {
  for (const auto& [bug, findings] : reports()) {
    INFO(std::string(bug->name) << " should be found as " << std::string(bug->facts.finding));
    CHECK(std::ranges::count(findings, "") < std::ssize(findings));
    std::set<std::string> others(findings.begin(), findings.end());
    std::erase_if(others, [&](const std::string& name) { return name.empty() || bugs::expects(bug->facts, name); });
    CHECK(list(others) == "");
  }
}

TEST_CASE("each fixed twin has no finding and the right output, in every schedule") {
  for (const bugs::Bug* const bug : bugs::all()) {
    INFO(std::string(bug->name));
    gpu::for_each_schedule([&] {
      const bugs::Outcome outcome = bugs::run(bug->fixed);
      CAPTURE(emulator::options().seed);
      CAPTURE(outcome.message);
      CHECK(outcome.finding == "");
      CHECK(outcome.wrong == "");
    });
  }
}

TEST_CASE("a wrong output is noticed and described") {
  CHECK(bugs::run(do_nothing).wrong == "element 0 of tile 0 was never written");
  CHECK(bugs::run(copy_the_wrong_tile).wrong == "element 6 of tile 2 is wrong: it holds element 6 of tile 1");
  CHECK(bugs::run(write_one_more).wrong == "memory outside the output was written, at output[160]");
}

TEST_CASE("each finding of asynchronous programs has a wrong program that is reported under it") {
  std::set<std::string> names{"barrier-not-initialized",
                              "init-on-live-barrier",
                              "barrier-overwritten",
                              "unfenced-init",
                              "bad-count",
                              "too-many-arrivals",
                              "phase-not-observed",
                              "phase-lapped",
                              "dropped-to-zero",
                              "bytes-mismatch",
                              "invalidated-in-use",
                              "read-in-flight",
                              "write-in-flight",
                              "overwrite-while-read",
                              "unfenced-read",
                              "unfenced-store",
                              "visible-to-issuer-only",
                              "source-changed-in-flight",
                              "misaligned-copy",
                              "bad-tensor-map",
                              "exit-with-copy-in-flight",
                              "named-barrier-misuse",
                              "volatile-orders-nothing",
                              "livelock"};
  for (const auto& [bug, findings] : reports()) {
    for (const std::string& finding : findings) names.erase(finding);
  }
  CHECK(list(names) == "");
}

TEST_CASE("docs/results/bugs.json is what this emulator gives") {
  std::ifstream file(TUTORIAL_ROOT "/docs/results/bugs.json");
  std::ostringstream recorded;
  recorded << file.rdbuf();
  INFO(
      "record it again: build/emulator/bin/bugs --record docs/results/bugs.json && "
      "python3 common/cmake/tables.py --root .");
  const bool is_current = recorded.str() == bugs::record();
  CHECK(is_current);
}
