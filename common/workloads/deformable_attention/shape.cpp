#include "workloads/deformable_attention/shape.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace deformable_attention {
namespace {

void require(bool condition, const std::string& sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

int64_t area(const Level& level) { return int64_t{level.height} * level.width; }

void validate_levels(const Shape& shape) {
  require(!shape.levels.empty(), "There is no level: give at least one map.");
  require(shape.levels.size() <= max_levels, "There are " + std::to_string(shape.levels.size()) +
                                                 " levels: give at most " + std::to_string(max_levels) +
                                                 ", or raise max_levels in problem.h.");
  for (size_t i = 0; i < shape.levels.size(); ++i) {
    const Level& level = shape.levels[i];
    const std::string name = "Level " + std::to_string(i);
    require(level.height >= 1 && level.width >= 1,
            name + " is empty (" + std::to_string(level.height) + " x " + std::to_string(level.width) +
                "): leave it out, or give it a height and a width of at least 1.");
    require(area(level) <= std::numeric_limits<int>::max(),
            name + " has 2^31 pixels or more: kernels number a level's pixels with 32-bit integers; make it smaller.");
    require(level.start >= 0, name + " starts at pixel " + std::to_string(level.start) + ": a start counts from 0.");
    // Not start + area, which may overflow.
    require(level.start <= shape.pixels - area(level),
            name + " ends past the image's last pixel: it has " + std::to_string(area(level)) + " pixels from " +
                std::to_string(level.start) + ", the image has " + std::to_string(shape.pixels) +
                "; raise `pixels` or move the level.");
  }
  std::vector<size_t> order(shape.levels.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](size_t i) { return shape.levels[i].start; });
  for (size_t i = 1; i < order.size(); ++i) {
    const Level& before = shape.levels[order[i - 1]];
    const Level& after = shape.levels[order[i]];
    require(before.start + area(before) <= after.start,
            "Levels " + std::to_string(std::min(order[i - 1], order[i])) + " and " +
                std::to_string(std::max(order[i - 1], order[i])) + " overlap: level " + std::to_string(order[i]) +
                " must start at pixel " + std::to_string(before.start + area(before)) + " or later.");
  }
}

}  // namespace

Shape make_shape(const PackedShape& packed) {
  Shape shape{packed.batch, packed.queries, packed.heads, packed.channels, packed.points, 0, {}};
  for (const MapSize& map : packed.maps) {
    shape.levels.push_back({map.height, map.width, shape.pixels});
    // Unsigned, because absurd sizes must reach validate() and not overflow here.
    shape.pixels = static_cast<int64_t>(static_cast<uint64_t>(shape.pixels) +
                                        static_cast<uint64_t>(int64_t{map.height} * map.width));
  }
  return shape;
}

Shape field_shape() {
  return make_shape({.batch = 48,
                     .queries = 20522,
                     .heads = 1,
                     .channels = 32,
                     .points = 8,
                     .maps = {{94, 162}, {48, 82}, {25, 42}, {14, 22}}});
}

Shape quick_shape() {
  return make_shape(
      {.batch = 1, .queries = 100, .heads = 1, .channels = 32, .points = 8, .maps = {{5, 11}, {4, 7}, {2, 6}, {1, 5}}});
}

Shape detr_shape() {
  return make_shape({.batch = 2,
                     .queries = 17821,
                     .heads = 8,
                     .channels = 32,
                     .points = 4,
                     .maps = {{100, 134}, {50, 67}, {25, 34}, {13, 17}}});
}

void validate(const Shape& shape) {
  require(shape.batch >= 0, "The batch is " + std::to_string(shape.batch) + ": give 0 (nothing to do) or more images.");
  require(shape.queries >= 0,
          "There are " + std::to_string(shape.queries) + " queries: give 0 (nothing to do) or more.");
  require(shape.heads >= 1, "There are " + std::to_string(shape.heads) + " heads: give at least 1.");
  require(shape.points >= 1, "There are " + std::to_string(shape.points) + " points per level: give at least 1.");
  require(shape.channels >= 8 && shape.channels % 8 == 0,
          "There are " + std::to_string(shape.channels) +
              " channels per head: give a positive multiple of 8, so that 16-byte loads fit.");
  validate_levels(shape);
  // In floating point, where no product overflows; exact up to 2^53.
  const double rows = double(shape.batch) * shape.queries * shape.heads;
  constexpr double most_outputs =
      std::numeric_limits<int>::max() - 1024;  // so that a last block's threads have numbers too
  require(rows * shape.channels <= most_outputs,
          "The output has 2^31 elements or nearly so: kernels number it with 32-bit integers; take a smaller batch.");
  for (const Level& level : shape.levels) {
    require(
        double(area(level)) * shape.heads * shape.channels <= std::numeric_limits<int>::max(),
        "A level of " + std::to_string(level.height) + " x " + std::to_string(level.width) +
            " pixels has 2^31 values or more: kernels number a level's values with 32-bit integers; make it smaller.");
  }
  const double value_bytes = double(shape.batch) * double(shape.pixels) * shape.heads * shape.channels * sizeof(half);
  const double point_bytes = rows * double(shape.points_per_row()) * (sizeof(float2) + sizeof(half));
  constexpr double gib = 1 << 30, limit = 64 * gib;
  require(value_bytes + point_bytes <= limit, "The inputs would take more than 64 GiB: take a smaller batch.");
}

int level_of_pixel(const Shape& shape, int64_t pixel) {
  for (size_t i = 0; i < shape.levels.size(); ++i) {
    const int64_t offset = pixel - shape.levels[i].start;
    if (0 <= offset && offset < area(shape.levels[i])) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace deformable_attention
