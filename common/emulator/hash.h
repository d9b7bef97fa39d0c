#pragma once

#include <cstddef>
#include <cstdint>

namespace emulator {

/// A number that looks random and depends on nothing but `value` (splitmix64's finaliser, by Sebastiano Vigna).
constexpr uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// `hash` continued by `value`.
constexpr uint64_t combine(uint64_t hash, uint64_t value) { return mix(hash ^ mix(value)); }

/// A small, fast generator of random numbers: splitmix64. Its whole state is the seed.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(mix(seed)) {}
  uint64_t operator()() { return mix(state_++); }
  /// A number below `bound`, which is not 0.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>((*this)() % bound); }

 private:
  uint64_t state_;
};

}  // namespace emulator
