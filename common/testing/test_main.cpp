// doctest's implementation and main, for every test program of the project.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <exception>

#include "gpu/device.h"

/// A chapter's test file defines it (testing/chapter_test.h); other programs run on any GPU.
__attribute__((weak)) int chapter_compute_capability() { return 0; }

REGISTER_EXCEPTION_TRANSLATOR(const std::exception& error) { return error.what(); }

int main(int argc, char** argv) {
  constexpr int skipped = 77;  // ctest counts a test that exits so as skipped
  const std::string reason = gpu::why_not(chapter_compute_capability());
  if (!reason.empty()) {
    std::printf("skipped: %s\n", reason.c_str());
    return skipped;
  }
  return doctest::Context(argc, argv).run();
}
