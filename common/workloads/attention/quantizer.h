#pragma once

#include <cstdint>
#include <span>

#include "workloads/attention/problem.h"

namespace attention {

/// The quantizer with which 0 ... 255 cover the numbers from the least to the largest of `numbers`, or to 0 if that
/// lies outside: then zero is exact. Where all are 0 its scale is 0. Errors: std::invalid_argument for a number that is
/// NaN or infinite.
Quantizer fit(std::span<const float> numbers);

/// The element whose meaning is nearest to `number`.
uint8_t quantize(const Quantizer& quantizer, float number);

/// What an element stands for: scale * (element - zero_point). For every number that the quantizer was fitted to,
/// dequantize(quantize(number)) is at most scale / 2 away from it.
float dequantize(const Quantizer& quantizer, uint8_t element);

}  // namespace attention
