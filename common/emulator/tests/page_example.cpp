// Runs the example of a findings page, cut out of it by page_example.py, and prints what the emulator says.

#include "emulator/tests/page_example.h"

#include <cstdio>
#include <numeric>
#include <vector>

#include "emulator/finding.h"
#include "gpu/buffer.h"

int main() {
  std::vector<int> input(64);
  std::iota(input.begin(), input.end(), 0);
  const std::vector<int> output(64, -1);
  const gpu::DeviceBuffer<int> device_input("input", std::span<const int>(input), 0);
  const gpu::DeviceBuffer<int> device_output("output", std::span<const int>(output), 0);
  try {
    run(device_output.data(), device_input.data());
    std::puts("no finding");
  } catch (const emulator::Finding& finding) {
    std::puts(finding.what());
  }
}
