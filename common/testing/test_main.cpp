// doctest's implementation and main, for every test program of the project.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <exception>
#include <limits>

#include "gpu/device.h"

namespace {

constexpr int needs_no_gpu = -1;
constexpr int skipped = 77;  // ctest counts a test that exits so as skipped

bool cases_left_out = false;

// Some errors end a process's use of the GPU. All further test cases would fail for that reason alone: they are left
// out, and the program fails.
class StopWhereTheGpuIsLost : public doctest::IReporter {
 public:
  explicit StopWhereTheGpuIsLost(const doctest::ContextOptions& options)
      : options_(const_cast<doctest::ContextOptions&>(options)) {}  // doctest has no other way to end a run early

  void test_case_end(const doctest::CurrentTestCaseStats&) override {
    if (gpu::lost()) options_.first = std::numeric_limits<unsigned>::max();
  }
  void test_case_skipped(const doctest::TestCaseData&) override { cases_left_out |= gpu::lost(); }
  void test_run_end(const doctest::TestRunStats&) override {
    if (cases_left_out)
      std::fprintf(stderr, "The GPU is lost to this process: the test cases that follow did not run.\n");
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}

 private:
  doctest::ContextOptions& options_;
};
REGISTER_LISTENER("stop_where_the_gpu_is_lost", 1, StopWhereTheGpuIsLost);

}  // namespace

/// A program that launches kernels defines it (testing/chapter_test.h).
__attribute__((weak)) int chapter_compute_capability() { return needs_no_gpu; }

REGISTER_EXCEPTION_TRANSLATOR(const std::exception& error) { return error.what(); }

int main(int argc, char** argv) {
  if (const int needed = chapter_compute_capability(); needed != needs_no_gpu) {
    if (const std::string reason = gpu::why_not(needed); !reason.empty()) {
      std::printf("skipped: %s\n", reason.c_str());
      return skipped;
    }
  }
  const int result = doctest::Context(argc, argv).run();
  return cases_left_out ? 1 : result;
}
