#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "workloads/attention/shape.h"

namespace attention {

/// Queries, keys and values as they are before anything is rounded; layouts as in `Problem`.
struct Numbers {
  std::vector<float> query, key, value;
};

/// What a kernel reads, on the host; layouts as in `Problem`.
struct Inputs {
  Shape shape;
  std::vector<half> query;
  std::vector<uint8_t> key, value;
  std::vector<Quantizer> key_quantizer, value_quantizer;
  std::vector<float> exact_key, exact_value;  // what was quantised
  bool address_coded = false;                 // made by make_address_coded_inputs()
};

/// Numbers with a bell-shaped distribution (the sum of eight uniform ones), mean 0 and standard deviation 1, the same
/// for the same seed on every machine. Errors: std::invalid_argument as validate(Shape).
Numbers make_numbers(const Shape& shape, uint64_t seed);

/// The numbers as a kernel gets them: queries rounded to half, keys and values quantised, each head with the quantizers
/// that fit it. Errors: std::invalid_argument as validate(Shape) and fit(), and if an array does not have its size.
Inputs quantised(const Shape& shape, Numbers numbers);

/// Random inputs: quantised(shape, make_numbers(shape, seed)).
Inputs make_inputs(const Shape& shape, uint64_t seed);

/// Inputs whose outputs tell where they came from: each query has one random key among those that it sees, whose score
/// is so far above all others that the softmax is 1 there and 0 elsewhere, in float as well as in half; and each value
/// names its own place (see Address). Which key a query's numbers mean differs from head to head.
/// Errors: std::invalid_argument as validate(Shape).
Inputs make_address_coded_inputs(const Shape& shape, uint64_t seed);

/// A place in the array of values. `dim` is the first of 16 that carry the address together.
struct Address {
  int batch;
  int head;
  int64_t key;
  int dim;

  bool operator==(const Address&) const = default;
};

/// The 16 numbers at an address: integers in [-128, 112), of which any two that name different places in the same dim
/// differ by 32 or more: by far more than the judge's gate lets pass. Exact up to 2^24 keys, 2^9 heads and 2^9 in the
/// batch; beyond, addresses repeat.
std::array<float, 16> encode(const Address& address);

/// The address that 16 numbers of an output carry, or nothing: they hold a mixture, or something else.
std::optional<Address> decode(std::span<const float, 16> numbers);

/// "batch 0, head 1, key 37, dims 16-31".
std::string describe(const Address& address);

/// Errors: std::invalid_argument with one sentence if the shape is not valid or an array does not have its size.
void validate(const Inputs& inputs);

}  // namespace attention
