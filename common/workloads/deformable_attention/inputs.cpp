#include "workloads/deformable_attention/inputs.h"

#include <cmath>
#include <stdexcept>

#include "workloads/parallel_for.h"
#include "workloads/random.h"

namespace deformable_attention {
namespace {

using workloads::bell;
using workloads::parallel_for;
using workloads::Random;

// Arithmetic here is on integers, with one division at the end: it rounds alike on every machine, while a
// multiplication followed by an addition does not (some fuse the two).

/// The middle of pixel `i` of `size`, in units of the map.
double centre(int64_t i, int size) { return static_cast<double>(2 * i + 1) / static_cast<double>(2 * int64_t{size}); }

/// A normal offset with standard deviation 2 pixels, in units of the map: the sum of eight uniform numbers.
double normal_offset(uint64_t bits, uint64_t more_bits, int size) {
  constexpr int64_t deviation = 53510;  // of the sum
  return static_cast<double>(bell(bits) + bell(more_bits)) / static_cast<double>(deviation / 2 * size);
}

/// Uniform in [-1, size + 1) / size, which is [-1.5, size + 0.5) pixels: a whole pixel beyond the map on both sides,
/// where the outer half pixel adds nothing and the inner one still does.
double uniform_location(uint64_t bits, int size) {
  constexpr int64_t one = 1 << 24;
  const int64_t random = static_cast<int64_t>(bits >> 40);
  return static_cast<double>(random * (int64_t{size} + 2) - one) / (static_cast<double>(one) * size);
}

/// A pixel of the pyramid, by its position in units of its map.
struct Reference {
  double x, y;
};

Reference reference_point(const Shape& shape, int64_t query) {
  int64_t total = 0;
  for (const Level& level : shape.levels) total += int64_t{level.height} * level.width;
  int64_t pixel = query % total;
  for (const Level& level : shape.levels) {
    const int64_t area = int64_t{level.height} * level.width;
    if (pixel < area) return {centre(pixel % level.width, level.width), centre(pixel / level.width, level.height)};
    pixel -= area;
  }
  return {};  // not reached
}

/// exp of 128 numbers spread evenly over [-3, 3).
std::array<float, 128> make_exponentials() {
  std::array<float, 128> exponentials;
  for (int i = 0; i < 128; ++i) exponentials[i] = static_cast<float>(std::exp((i - 64) * (3.0 / 64)));
  return exponentials;
}

/// Arrays of the right sizes, all zero.
Inputs empty_inputs(const Shape& shape) {
  validate(shape);
  return {shape, std::vector<half>(shape.value_count()), std::vector<float2>(shape.point_count()),
          std::vector<half>(shape.point_count())};
}

constexpr int64_t grain = 4096;  // items that are worth a thread
enum Stream : uint64_t { value_stream, x_stream, more_x_stream, y_stream, more_y_stream, weight_stream, choice_stream };

constexpr int digit_bits = 7, digits = 1 << digit_bits, digit_step = 16, code_offset = 1024;

/// Digits of different channels that are equal still give different codes.
int digit_shift(int channel) { return 16 * channel; }

}  // namespace

Inputs make_inputs(const Shape& shape, Sampling sampling, uint64_t seed) {
  Inputs inputs = empty_inputs(shape);

  const Random values(seed, value_stream);
  parallel_for(shape.value_count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      inputs.value[i] = __float2half(static_cast<float>(bell(values.bits(i))) / 32768);
    }
  });

  const Random xs(seed, x_stream), more_xs(seed, more_x_stream), ys(seed, y_stream), more_ys(seed, more_y_stream);
  const Random logits(seed, weight_stream);
  const std::array<float, 128> exponentials = make_exponentials();
  parallel_for(shape.rows(), grain / 32, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t first = row * shape.points_per_row(), last = first + shape.points_per_row();
      const Reference reference = reference_point(shape, row / shape.heads % shape.queries);
      double sum = 0;
      for (int64_t i = first; i < last; ++i) {
        const Level& level = shape.levels[(i - first) / shape.points];
        double x, y;
        if (sampling == Sampling::local) {
          x = reference.x + normal_offset(xs.bits(i), more_xs.bits(i), level.width);
          y = reference.y + normal_offset(ys.bits(i), more_ys.bits(i), level.height);
        } else {
          x = uniform_location(xs.bits(i), level.width);
          y = uniform_location(ys.bits(i), level.height);
        }
        inputs.locations[i] = {static_cast<float>(x), static_cast<float>(y)};
        sum += exponentials[logits.bits(i) >> 57];
      }
      for (int64_t i = first; i < last; ++i) {
        inputs.weights[i] = __float2half(static_cast<float>(exponentials[logits.bits(i) >> 57] / sum));
      }
    }
  });
  return inputs;
}

Inputs make_address_coded_inputs(const Shape& shape, uint64_t seed) {
  Inputs inputs = empty_inputs(shape);
  inputs.address_coded = true;

  const int64_t chunks = shape.channels / 8;
  parallel_for(shape.value_count() / 8, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i / chunks / shape.heads;
      const Address address{static_cast<int>(row / shape.pixels), row % shape.pixels,
                            static_cast<int>(i / chunks % shape.heads), static_cast<int>(i % chunks * 8)};
      const std::array<float, 8> codes = encode(address);
      for (int channel = 0; channel < 8; ++channel) inputs.value[i * 8 + channel] = __float2half(codes[channel]);
    }
  });

  const Random xs(seed, x_stream), ys(seed, y_stream), choices(seed, choice_stream);
  parallel_for(shape.rows(), grain / 32, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t first = row * shape.points_per_row(), last = first + shape.points_per_row();
      for (int64_t i = first; i < last; ++i) {
        const Level& level = shape.levels[(i - first) / shape.points];
        inputs.locations[i] = {static_cast<float>(centre(xs.below(level.width, i), level.width)),
                               static_cast<float>(centre(ys.below(level.height, i), level.height))};
      }
      inputs.weights[first + choices.below(last - first, row)] = __float2half(1);
    }
  });
  return inputs;
}

std::array<float, 8> encode(const Address& address) {
  const int64_t parts[8] = {address.pixel, address.pixel >> 7, address.pixel >> 14, address.pixel >> 21,
                            address.image, address.image >> 7, address.head,        address.channel / 8};
  std::array<float, 8> codes;
  for (int channel = 0; channel < 8; ++channel) {
    const int64_t digit = (parts[channel] + digit_shift(channel)) % digits;
    codes[channel] = static_cast<float>(digit * digit_step + channel - code_offset);
  }
  return codes;
}

std::optional<Address> decode(std::span<const float, 8> channels) {
  int64_t parts[8];
  for (int channel = 0; channel < 8; ++channel) {
    const float rounded = std::round(channels[channel]);
    if (!(std::abs(channels[channel] - rounded) <= 0.25f && rounded >= -code_offset && rounded < code_offset))
      return {};
    const int code = static_cast<int>(rounded) + code_offset;
    if (code % digit_step != channel) return {};
    parts[channel] = (code / digit_step - digit_shift(channel) + digits) % digits;
  }
  return Address{static_cast<int>(parts[4] | parts[5] << 7), parts[0] | parts[1] << 7 | parts[2] << 14 | parts[3] << 21,
                 static_cast<int>(parts[6]), static_cast<int>(parts[7] * 8)};
}

std::string describe(const Shape& shape, const Address& address) {
  const int index = level_of_pixel(shape, address.pixel);
  std::string pixel = "pixel row " + std::to_string(address.pixel) + " (in no level)";
  if (index >= 0) {
    const Level& level = shape.levels[index];
    const int64_t offset = address.pixel - level.start;
    pixel = "pixel (x " + std::to_string(offset % level.width) + ", y " + std::to_string(offset / level.width) +
            ") of level " + std::to_string(index);
  }
  return "image " + std::to_string(address.image) + ", " + pixel + ", head " + std::to_string(address.head) +
         ", channels " + std::to_string(address.channel) + "-" + std::to_string(address.channel + 7);
}

void validate(const Inputs& inputs) {
  validate(inputs.shape);
  const auto require_size = [](size_t size, int64_t wanted, const std::string& array) {
    if (size == static_cast<size_t>(wanted)) return;
    throw std::invalid_argument("`" + array + "` has " + std::to_string(size) + " elements, but the shape needs " +
                                std::to_string(wanted) + ".");
  };
  require_size(inputs.value.size(), inputs.shape.value_count(), "value");
  require_size(inputs.locations.size(), inputs.shape.point_count(), "locations");
  require_size(inputs.weights.size(), inputs.shape.point_count(), "weights");
}

}  // namespace deformable_attention
