#include "workloads/deformable_attention/reference.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "workloads/parallel_for.h"

namespace deformable_attention {
namespace {

bool along_x(Rule::Axes axes) { return axes == Rule::Axes::x || axes == Rule::Axes::both; }
bool along_y(Rule::Axes axes) { return axes == Rule::Axes::y || axes == Rule::Axes::both; }

/// From a location in units of the map to pixels, where pixel 0's centre is 0.
double to_pixels(double location, int size, Rule::Mapping mapping) {
  switch (mapping) {
    case Rule::Mapping::align_corners:
      return location * (size - 1);
    case Rule::Mapping::minus_one_to_one:
      return (location + 1) / 2 * size - 0.5;
    default:
      return location * size - 0.5;
  }
}

int64_t level_start(const Shape& shape, int level, Rule::Start start) {
  if (start == Rule::Start::given) return shape.levels[level].start;
  int64_t sum = 0;
  for (int i = 0; i < level && start == Rule::Start::running_sum; ++i) {
    sum += int64_t{shape.levels[i].height} * shape.levels[i].width;
  }
  return sum;
}

/// Adds one point's sample to a row of the output.
void add_point(const Inputs& inputs, int64_t row, int64_t point, const Rule& rule, std::span<double> output) {
  const Shape& shape = inputs.shape;
  const int64_t index = row * shape.points_per_row() + point;
  const int level_index = static_cast<int>(point / shape.points);
  Level level = shape.levels[level_index];
  if (rule.swap_size) std::swap(level.height, level.width);
  float2 location = inputs.locations[index];
  if (rule.swap_location) std::swap(location.x, location.y);

  const double x = to_pixels(location.x, rule.swap_scale ? level.height : level.width, rule.mapping) +
                   (along_x(rule.no_half_pixel) ? 0.5 : 0);
  const double y = to_pixels(location.y, rule.swap_scale ? level.width : level.height, rule.mapping) +
                   (along_y(rule.no_half_pixel) ? 0.5 : 0);
  // Strict comparisons: false for NaN and infinities too.
  if (rule.skip_outside && !(x > -1 && y > -1 && x < level.width && y < level.height)) return;
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  if (!(std::abs(x) < 1e9 && std::abs(y) < 1e9)) {  // a mistake, and no integer holds it
    for (double& sum : output) sum = unknown;
    return;
  }

  double x0 = along_x(rule.truncate) ? std::trunc(x) : std::floor(x);
  double y0 = along_y(rule.truncate) ? std::trunc(y) : std::floor(y);
  double fraction_x = x - x0, fraction_y = y - y0;
  if (rule.swap_box) std::swap(x0, y0);
  if (rule.swap_fractions) std::swap(fraction_x, fraction_y);
  if (along_x(rule.mirror_fractions)) fraction_x = 1 - fraction_x;
  if (along_y(rule.mirror_fractions)) fraction_y = 1 - fraction_y;
  const double weight = rule.use_weights ? __half2float(inputs.weights[index]) : 1;
  const int64_t image = rule.use_image ? row / shape.heads / shape.queries : 0;
  const int64_t head = rule.use_head ? row % shape.heads : 0;
  const int64_t first_pixel = image * shape.pixels + level_start(shape, level_index, rule.start);
  const int64_t head_stride = rule.channels_before_heads ? 1 : shape.channels;
  const int64_t channel_stride = rule.channels_before_heads ? shape.heads : 1;

  for (int corner = 0; corner < 4; ++corner) {
    const bool right = corner % 2, below = corner / 2;
    const int64_t pixel_x = static_cast<int64_t>(x0) + right, pixel_y = static_cast<int64_t>(y0) + below;
    if ((rule.test_left && pixel_x < 0) || (rule.test_right && pixel_x >= level.width)) continue;
    if ((rule.test_top && pixel_y < 0) || (rule.test_bottom && pixel_y >= level.height)) continue;
    const int64_t pitch = rule.height_as_pitch ? level.height : level.width;
    const int64_t pixel = first_pixel + (rule.swap_index ? pixel_x * pitch + pixel_y : pixel_y * pitch + pixel_x);
    const bool inside = 0 <= pixel && pixel < shape.batch * shape.pixels;
    const half* source = inputs.value.data() + (inside ? pixel * shape.heads * shape.channels + head * head_stride : 0);
    const double share = weight * (right ? fraction_x : 1 - fraction_x) * (below ? fraction_y : 1 - fraction_y);
    for (int channel = 0; channel < shape.channels; ++channel) {
      output[channel] += share * (inside ? __half2float(source[channel * channel_stride]) : unknown);
    }
  }
}

}  // namespace

std::vector<double> reference(const Inputs& inputs, std::span<const int64_t> rows, const Rule& rule) {
  const int channels = inputs.shape.channels;
  std::vector<double> output(rows.size() * channels);
  workloads::parallel_for(std::ssize(rows), 128, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const std::span<double> row = std::span(output).subspan(i * channels, channels);
      for (int64_t point = 0; point < inputs.shape.points_per_row(); ++point)
        add_point(inputs, rows[i], point, rule, row);
    }
  });
  return output;
}

int64_t count_corners(const Inputs& inputs) {
  const Shape& shape = inputs.shape;
  std::atomic<int64_t> total = 0;
  workloads::parallel_for(std::ssize(inputs.locations), 4096, [&](int64_t begin, int64_t end) {
    const auto inside = [](double coordinate, int size) {  // of the two pixels around it; none for NaN
      return coordinate > -1 && coordinate < size ? (coordinate >= 0) + (std::floor(coordinate) + 1 < size) : 0;
    };
    int64_t count = 0;
    for (int64_t i = begin; i < end; ++i) {
      const Level& level = shape.levels[i / shape.points % std::ssize(shape.levels)];
      count += inside(to_pixels(inputs.locations[i].x, level.width, Rule::Mapping::half_pixel), level.width) *
               inside(to_pixels(inputs.locations[i].y, level.height, Rule::Mapping::half_pixel), level.height);
    }
    total += count;
  });
  return total;
}

std::vector<double> reference(const Inputs& inputs) { return reference(inputs, all_rows(inputs.shape)); }

}  // namespace deformable_attention
