#pragma once

// What the tests of every workload itself share.

#include <doctest/doctest.h>

#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "gpu/half.h"
#include "judge/guarded.h"

namespace workloads {

/// What validate() says against a shape; "" if it accepts it.
template <class Shape>
std::string refusal(const Shape& shape) {
  try {
    validate(shape);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

/// An output as a kernel would leave it, from the reference's.
inline std::vector<half> to_halves(const std::vector<double>& values) {
  std::vector<half> halves;
  for (const double value : values) halves.push_back(__float2half(static_cast<float>(value)));
  return halves;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return judge::check_unmodified("", std::span<const T>(a), std::span<const T>(b)).accepted();
}

/// The numbers in the workload's GOLDEN_FILE, one after another. Each function ends the test case, red, if the next one
/// is missing or has no place in its type.
class GoldenNumbers {
 public:
  GoldenNumbers() {
    std::ifstream file(GOLDEN_FILE);
    REQUIRE_MESSAGE(file.good(), "cannot read " GOLDEN_FILE ": golden/make_golden.py makes it");
    for (std::string line; std::getline(file, line);) numbers_ << line.substr(0, line.find('#')) << '\n';
  }

  double next() {
    double number;
    numbers_ >> number;
    REQUIRE_MESSAGE(!numbers_.fail(), GOLDEN_FILE " ends too early or holds something that is no number");
    return number;
  }
  int next_int() { return static_cast<int>(next()); }
  float next_float() {
    const double number = next();
    REQUIRE(static_cast<float>(number) == number);
    return static_cast<float>(number);
  }
  half next_half() {
    const float number = next_float();
    const half rounded = __float2half(number);
    REQUIRE(__half2float(rounded) == number);
    return rounded;
  }

  void check_end() {
    std::string rest;
    REQUIRE_MESSAGE(!(numbers_ >> rest), GOLDEN_FILE " goes on after its last case");
  }

 private:
  std::stringstream numbers_;
};

}  // namespace workloads
