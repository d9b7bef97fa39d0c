// doctest's implementation and main, for every test program of the project.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <exception>

#include "gpu/device.h"

namespace {
constexpr int needs_no_gpu = -1;
constexpr int skipped = 77;  // ctest counts a test that exits so as skipped
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
  return doctest::Context(argc, argv).run();
}
