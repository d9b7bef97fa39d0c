#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "workloads/deformable_attention/shape.h"

namespace deformable_attention {

/// Where the points of a query lie.
enum class Sampling {
  local,    // around the query's own pixel, as in an encoder's self-attention: N(0, 2 pixels) from it in every level
  uniform,  // anywhere in the map and up to one pixel beyond its edges
};

/// What a kernel reads, on the host; layouts as in `Problem`.
struct Inputs {
  Shape shape;
  std::vector<half> value;
  std::vector<float2> locations;
  std::vector<half> weights;
  bool address_coded = false;  // made by make_address_coded_inputs()
};

/// Random inputs, the same for the same seed on every machine. Values are bell-shaped with standard deviation 1.15;
/// weights are a softmax over the points of all levels, rounded to half.
/// local: query q belongs to pixel q modulo the pyramid's pixels, counted through the levels; its points are that
///   pixel's centre plus a bell-shaped offset with a standard deviation of 2 pixels (at most 9.8) in each level.
/// uniform: x is uniform in [-1.5, width + 0.5) pixels, y likewise, so that every border is hit at every size; of
///   `field`'s points about 5 % lie wholly outside their map.
/// Errors: std::invalid_argument as validate(Shape).
Inputs make_inputs(const Shape& shape, Sampling sampling, uint64_t seed);

/// Inputs whose outputs tell where they came from: every value names its own place (see Address), and every query
/// reads one pixel's exact centre with one point of weight 1. Its other points have weight 0.
/// Errors: std::invalid_argument as validate(Shape).
Inputs make_address_coded_inputs(const Shape& shape, uint64_t seed);

/// A place in the value array. `channel` is the first of 8 that carry the address together: 16 bytes.
struct Address {
  int image;
  int64_t pixel;
  int head;
  int channel;

  bool operator==(const Address&) const = default;
};

/// The 8 channels at an address: integers in [-1024, 1024), exact in half, of which any two that name different places
/// in the same channel differ by 16 or more: by more than the judge's gate lets pass. Exact up to 2^28 pixels, 2^14
/// images, 2^7 heads and 2^10 channels; beyond, addresses repeat.
std::array<float, 8> encode(const Address& address);

/// The address that 8 channels of an output carry, or nothing: they hold a mixture, or something else.
std::optional<Address> decode(std::span<const float, 8> channels);

/// "image 0, pixel (x 5, y 2) of level 1, head 0, channels 8-15".
std::string describe(const Shape& shape, const Address& address);

/// Errors: std::invalid_argument with one sentence if the shape is not valid or an array does not have its size.
/// Locations and weights may hold anything: a point whose location is NaN or infinite is skipped.
void validate(const Inputs& inputs);

}  // namespace deformable_attention
