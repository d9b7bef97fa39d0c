#pragma once

// What the field did with 8-bit numbers, and the gate that did not notice: for the test that shows it. Kernels and the
// judge use quantizer.h and judge/judge.h.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace attention::field {

/// Quantises a number in [-largest, largest]: 0 is -largest, 255 is largest.
inline uint8_t quantize(float number, float largest) {
  return static_cast<uint8_t>(std::lround((number / largest + 1) * 127.5f));
}

/// How the field's kernels read such an element. It does not undo quantize(): 0 becomes 127.5, and is read as
/// -0.5 / 127 * largest. Every number comes back shifted by about as much.
inline float dequantize(uint8_t element, float largest) { return (static_cast<float>(element) - 128) / 127 * largest; }

/// The largest and the mean |actual - expected|.
struct Errors {
  double max, mean;
};

inline Errors errors(std::span<const double> actual, std::span<const double> expected) {
  Errors errors{};
  for (size_t i = 0; i < actual.size(); ++i) {
    const double error = std::abs(actual[i] - expected[i]);
    errors.max = std::max(errors.max, error);
    errors.mean += error / static_cast<double>(actual.size());
  }
  return errors;
}

/// The field's gate for an output: no element more than 0.06 away from what is expected, and 0.02 on average. The
/// numbers have no scale: an output's standard deviation is 0.07 with 512 keys and 0.04 with 2048, so zeros nearly
/// pass.
inline bool gate(const Errors& errors) { return errors.max <= 0.06 && errors.mean <= 0.02; }

}  // namespace attention::field
