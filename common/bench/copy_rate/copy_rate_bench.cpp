// How many cycles a multiprocessor needs for a box, by the number of warps that ask for boxes, by stages, by the box's
// size, and by who else is asking: the coefficients of chapters 02 to 04.

#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/copy_rate/copy_rate.h"
#include "gpu/buffer.h"
#include "gpu/device.h"

namespace {

using namespace copy_rate;

constexpr int64_t most_shared_bytes = 227 * 1024;
#if GPU_IS_REAL
constexpr int tiles = 2000;
constexpr int width = 162, height = 94, images = 48;  // level 0 of `field`: 47 MB
#else
constexpr int tiles = 20;
constexpr int width = 8, height = 4, images = 2;
#endif

// A row of the table: what is copied, and how many multiprocessors take part.
struct Row {
  const char* name;
  int box_width, box_height;
  int images;
  int part;  // 1: all multiprocessors, 2: half of them
};

constexpr Row rows[] = {
    {"2 x 2 pixels (256 B)", 2, 2, images, 1},
    {"2 x 1 pixels (128 B)", 2, 1, images, 1},
    {"4 x 4 pixels (1 KB)", 4, 4, images, 1},
    {"8 x 8 pixels (4 KB)", 8, 8, images, 1},
    {"2 x 2 pixels, all of one image (1 MB)", 2, 2, 1, 1},
    {"2 x 2 pixels, all of one image, half of the SMs", 2, 2, 1, 2},
};

// Whether the last boxes are those that were asked for.
bool right(const Experiment& e, const std::vector<uint16_t>& pixels, const std::vector<uint32_t>& last) {
  for (std::size_t i = 0; i < last.size(); ++i) {
    const int box = i % warp_boxes, warp = i / warp_boxes % e.warps, block = i / warp_boxes / e.warps;
    const Place at = place_of(e.tensor, block, warp, box, e.tiles - 1);
    const std::size_t first = ((std::size_t(at.image) * height + at.y) * width + at.x) * channels;
    if (last[i] != (pixels[first] | uint32_t{pixels[first + 1]} << 16)) return false;
  }
  return true;
}

void measure(benchmark::State& state, int stages, int part, Experiment experiment) {
  experiment.blocks = (GPU_IS_REAL ? gpu::device().sms : 2) / part;  // one block on each
  static const std::vector<uint16_t> pixels = [] {
    std::vector<uint16_t> filled(std::size_t{images} * height * width * channels);
    for (std::size_t i = 0; i < filled.size(); ++i) filled[i] = static_cast<uint16_t>(i / channels * 7 + i % channels);
    return filled;
  }();
  static gpu::DeviceBuffer<uint16_t> device_pixels("pixels", pixels, 0);
  std::vector<uint32_t> last(std::size_t(experiment.blocks) * experiment.warps * warp_boxes);
  gpu::DeviceBuffer<uint32_t> device_last("last", last, 0);
  experiment.tensor.pixels = device_pixels.data();
  experiment.last = device_last.data();
  bench::time_launches(state, [&](int64_t) { launch_copy_rate(stages, experiment); });
  gpu::synchronize();
  device_last.download(last);
  if (!right(experiment, pixels, last)) return bench::fail(state, "a box is not the one that was asked for");
#if GPU_IS_REAL
  const double sm_boxes = double(experiment.tiles) * experiment.warps * warp_boxes;
  state.counters["cycles_per_box"] = benchmark::Counter(
      sm_boxes / gpu::device().clock_hz, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
#else
  bench::report_kernel(state);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  for (const Row& row : rows) {
    for (const int stages : {1, 2, 4}) {
      for (const int warps : {1, 2, 4, 8, 16, 32}) {
        const Experiment experiment{.tensor = {nullptr, width, height, row.images},
                                    .box_width = row.box_width,
                                    .box_height = row.box_height,
                                    .blocks = 0,
                                    .warps = warps,
                                    .tiles = tiles,
                                    .last = nullptr};
        if (shared_bytes(stages, experiment) > most_shared_bytes) continue;
        const std::string name = std::string(row.name) + ", " + std::to_string(stages) +
                                 (stages == 1 ? " stage/" : " stages/") + std::to_string(warps);
        bench::register_launches(name, benchmark::kMillisecond,
                                 [=](benchmark::State& state) { measure(state, stages, row.part, experiment); });
      }
    }
  }
  benchmark::AddCustomContext("rows", "boxes");
  benchmark::AddCustomContext("columns", "warps per SM");
  return bench::run(argc, argv, 90);
}
