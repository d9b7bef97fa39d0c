#pragma once

#include <cstdint>

namespace workloads {

/// Random bits by position: the same (seed, stream, index) gives the same 64 bits on every machine and in any order.
/// (The mixing function is splitmix64's. The standard library's distributions differ between implementations.)
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) : key_(mix(mix(seed) + stream)) {}

  uint64_t bits(uint64_t index) const { return mix(key_ + index * 0x9e3779b97f4a7c15); }

  /// A number in [0, limit), for limits below 2^32.
  int64_t below(int64_t limit, uint64_t index) const {
    return static_cast<int64_t>((bits(index) >> 32) * static_cast<uint64_t>(limit) >> 32);
  }

 private:
  static uint64_t mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  uint64_t key_;
};

/// The sum of the four 16-bit numbers in `bits`, centred: bell-shaped, mean 0, standard deviation 37837, |sum| <=
/// 131070.
inline int64_t bell(uint64_t bits) {
  return static_cast<int64_t>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48)) - 131070;
}

}  // namespace workloads
