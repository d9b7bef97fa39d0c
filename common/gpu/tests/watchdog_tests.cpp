// The watchdog of test builds on a GPU. (The emulator needs none: it sees that nobody can go on.)

#include "gpu/watchdog.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "gpu/buffer.h"
#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/tests/watchdog_kernels.h"
#include "testing/chapter_test.h"

namespace {

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const gpu::Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("waits that end are not disturbed, with delays and without") {
  constexpr int rounds = 1000;
  std::vector<uint64_t> seeds;
  gpu::for_each_schedule([&] {
    seeds.push_back(watchdog::options().seed);
    std::vector<int> seen{0};
    const gpu::DeviceBuffer<int> output("output", std::span<const int>(seen), 0);
    waiting::ping_pong(output.data(), rounds);
    gpu::synchronize();
    output.download(seen);
    CHECK(seen[0] == 2 * rounds);
  });
  if (!std::getenv("TUTORIAL_SEED")) CHECK(seeds == std::vector<uint64_t>{0, 1, 2});
}

TEST_CASE("threads that wait for one which came to an open TODO leave, and the GPU can still be used") {
  CHECK(contains(error_of([] {
                   waiting::wait_for_a_todo();
                   gpu::synchronize();
                 }),
                 "TODO 9.8 is not done yet"));
  CHECK(!gpu::lost());
}

// The last case: it costs this process the GPU.
TEST_CASE("a wait in vain ends the kernel, and the error says who waits at which line for which barrier") {
  watchdog::options().patience_ns = 50'000'000;
  const std::string error = error_of([] {
    waiting::wait_in_vain();
    gpu::synchronize();
  });
  CAPTURE(error);
  CHECK(error.starts_with("error[timeout]: 386 threads waited more than 0.05 s"));
  CHECK(
      contains(error, "watchdog_kernels.cu:" + std::to_string(waiting::first_line) +
                          "\n      384 threads (2 blocks, the first is 0; warps 1-6) wait for parity 0 of the barrier "
                          "at byte 64 of shared memory"));
  CHECK(contains(error, "watchdog_kernels.cu:" + std::to_string(waiting::second_line) +
                            "\n      2 threads (2 blocks, the first is 0; warp 7) wait for parity 0 of the barrier "
                            "at byte 128 of shared memory"));
  CHECK(gpu::lost());
  CHECK(contains(error_of([] { gpu::synchronize(); }), "since an earlier error"));
}
