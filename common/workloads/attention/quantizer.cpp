#include "workloads/attention/quantizer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace attention {

Quantizer fit(std::span<const float> numbers) {
  float least = 0, largest = 0;
  for (const float number : numbers) {
    if (!std::isfinite(number)) {
      throw std::invalid_argument("A number to quantise is NaN or infinite: 8 bits hold neither.");
    }
    least = std::min(least, number);
    largest = std::max(largest, number);
  }
  const float scale = static_cast<float>((double{largest} - double{least}) / 255);
  if (scale == 0) return {0, 0};
  return {scale, static_cast<float>(std::nearbyint(-double{least} / scale))};
}

uint8_t quantize(const Quantizer& quantizer, float number) {
  if (quantizer.scale == 0) return 0;
  const double element = std::nearbyint(double{number} / quantizer.scale + quantizer.zero_point);
  return static_cast<uint8_t>(std::clamp(element, 0.0, 255.0));
}

float dequantize(const Quantizer& quantizer, uint8_t element) {
  return quantizer.scale * (static_cast<float>(element) - quantizer.zero_point);
}

}  // namespace attention
