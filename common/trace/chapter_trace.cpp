// chNN_trace FILE [CONFIGURATION]...: runs the kernel once in each configuration, its first if none is named, and writes
// to FILE what happened when.

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "trace/trace.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "It is called with a file to write, and perhaps configurations: trace.json \"2 stages\"\n");
    return 2;
  }
  if (const std::string reason = gpu::why_not(TUTORIAL_COMPUTE_CAPABILITY); !reason.empty()) {
    std::fprintf(stderr, "%s\n", reason.c_str());
    return 1;
  }
  try {
    std::vector<std::string> configurations(argv + 2, argv + argc);
    if (configurations.empty()) configurations.emplace_back();
    std::vector<trace::Run> runs;
    for (const std::string& configuration : configurations) runs.push_back(trace::run(configuration));
    trace::write(argv[1], trace::setting(), runs);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
