// Cycles a box and SM, by warps that issue and by stages: the coefficients of chapters 02 to 04.

#include <algorithm>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/copy_rate/copy_rate.h"
#include "gpu/buffer.h"
#include "gpu/device.h"

namespace {

using namespace copy_rate;

constexpr std::size_t most_shared_bytes = 227 * 1024;
#if GPU_IS_REAL
constexpr int iterations = 5, tiles = 2000;
constexpr int width = 162, height = 94;
const int images = std::getenv("IMAGES") ? atoi(std::getenv("IMAGES")) : 48;
const int sms = std::getenv("SMS") ? atoi(std::getenv("SMS")) : gpu::device().sms;
#else
constexpr int iterations = 1, tiles = 20;
constexpr int width = 8, height = 4, images = 2;
constexpr int sms = 2;
#endif

void measure(benchmark::State& state, int stages, Experiment experiment) {
  static const std::vector<uint16_t> pixels = [] {
    std::vector<uint16_t> filled(std::size_t(images) * height * width * channels);
    for (std::size_t i = 0; i < filled.size(); ++i) filled[i] = static_cast<uint16_t>(i / channels * 7 + i % channels);
    return filled;
  }();
  static gpu::DeviceBuffer<uint16_t> device_pixels("pixels", pixels, 0);
  const std::size_t boxes = std::size_t(experiment.blocks) * experiment.warps * warp_boxes;
  gpu::DeviceBuffer<uint32_t> last("last", std::vector<uint32_t>(boxes), 0);
  experiment.tensor = {device_pixels.data(), width, height, images};
  experiment.last = last.data();
  bench::time_launches(state, [&](int64_t) { launch_copy_rate(stages, experiment); });
  std::vector<uint32_t> seen(boxes);
  gpu::synchronize();
  last.download(seen);
  for (std::size_t i = 0; i < boxes; ++i) {
    const int box = i % warp_boxes, warp = i / warp_boxes % experiment.warps, block = i / warp_boxes / experiment.warps;
    const Place at = place_of(experiment.tensor, block, warp, box, experiment.tiles - 1);
    const std::size_t first = ((std::size_t(at.image) * height + at.y) * width + at.x) * channels;
    if (seen[i] != (pixels[first] | uint32_t{pixels[first + 1]} << 16)) {
      return bench::fail(state, "copy rate: a box is not the one that was asked for");
    }
  }
#if GPU_IS_REAL
  const double clock = gpu::device().clock_hz;
  state.counters["cycles_per_box"] =
      benchmark::Counter(double(experiment.tiles) * experiment.warps * warp_boxes / clock,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
#else
  bench::report_counts(state);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  struct Size {
    int width, height;
  };
  for (const Size box : {Size{2, 2}, Size{1, 1}, Size{2, 1}, Size{4, 4}, Size{4, 1}, Size{1, 4}, Size{1, 2}, Size{8, 8}}) {
    for (const int stages : {1, 2, 3, 4, 8}) {
      for (const int warps : {1, 2, 4, 8, 16, 32}) {
        const Experiment experiment{{}, box.width, box.height, sms, warps, tiles, nullptr};
        if (shared_bytes(stages, experiment) > int64_t{most_shared_bytes}) continue;
        const std::string name = std::to_string(box.width) + "x" + std::to_string(box.height) + "/" +
                                 std::to_string(stages) + "/" + std::to_string(warps);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { measure(state, stages, experiment); })
            ->UseManualTime()
            ->Iterations(iterations);
      }
    }
  }
  return bench::run(argc, argv, 90);
}
