#include "workloads/attention/inputs.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "workloads/attention/quantizer.h"
#include "workloads/parallel_for.h"
#include "workloads/random.h"

namespace attention {
namespace {

using workloads::parallel_for;
using workloads::Random;

constexpr int64_t grain = 4096;  // items that are worth a thread
enum Stream : uint64_t { query_stream, key_stream, value_stream, more = 8, choice_stream = 16 };

std::vector<float> normal_numbers(int64_t count, uint64_t seed, Stream stream) {
  constexpr float deviation = 53510;  // of the sum of two bells
  const Random random(seed, stream), more_random(seed, stream + more);
  std::vector<float> numbers(count);
  parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t sum = workloads::bell(random.bits(i)) + workloads::bell(more_random.bits(i));
      numbers[i] = static_cast<float>(sum) / deviation;
    }
  });
  return numbers;
}

void require_size(size_t size, int64_t wanted, const std::string& array) {
  if (size == static_cast<size_t>(wanted)) return;
  throw std::invalid_argument("`" + array + "` has " + std::to_string(size) + " elements, but the shape needs " +
                              std::to_string(wanted) + ".");
}

/// Quantises each head of `numbers` with the quantizer that fits it.
void quantise_heads(const Shape& shape, std::span<const float> numbers, std::vector<uint8_t>& elements,
                    std::vector<Quantizer>& quantizers) {
  elements.resize(numbers.size());
  quantizers.resize(shape.head_count());
  const int64_t size = int64_t{shape.keys} * shape.dim;
  for (int64_t head = 0; head < shape.head_count(); ++head) quantizers[head] = fit(numbers.subspan(head * size, size));
  parallel_for(std::ssize(numbers), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) elements[i] = quantize(quantizers[i / size], numbers[i]);
  });
}

/// What tells the keys of a head apart: the bits of their numbers, with some of them exchanged, others in each head.
class KeyCode {
 public:
  KeyCode(const Shape& shape, uint64_t seed)
      : bits_(std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(shape.keys - 1))))),
        flipped_(seed, key_stream) {}

  /// 1 or -1: element `dim` of key `key` of head number `head`. A code has 25 bits at most (see validate(Shape)), so
  /// two keys differ in two dims or more.
  int sign(int64_t head, int64_t key, int dim) const {
    const uint64_t code = static_cast<uint64_t>(key) ^ flipped_.bits(static_cast<uint64_t>(head));
    return code >> (dim % bits_) & 1 ? 1 : -1;
  }

 private:
  int bits_;
  Random flipped_;
};

// An address as 16 digits of 3 bits, with the last as a sum over the others.
constexpr int digits = 8, digit_step = 32, code_offset = 128, key_digits = 8, other_digits = 3;

/// Digits of different dims that are equal still give different codes.
int digit_of(int64_t part, int dim) { return static_cast<int>((part + dim) % digits); }

}  // namespace

Numbers make_numbers(const Shape& shape, uint64_t seed) {
  validate(shape);
  return {normal_numbers(shape.query_count(), seed, query_stream), normal_numbers(shape.key_count(), seed, key_stream),
          normal_numbers(shape.key_count(), seed, value_stream)};
}

Inputs quantised(const Shape& shape, Numbers numbers) {
  validate(shape);
  require_size(numbers.query.size(), shape.query_count(), "query");
  require_size(numbers.key.size(), shape.key_count(), "key");
  require_size(numbers.value.size(), shape.key_count(), "value");
  Inputs inputs{.shape = shape,
                .query = std::vector<half>(numbers.query.size()),
                .key = {},
                .value = {},
                .key_quantizer = {},
                .value_quantizer = {},
                .exact_key = std::move(numbers.key),
                .exact_value = std::move(numbers.value)};
  std::ranges::transform(numbers.query, inputs.query.begin(), [](float number) { return __float2half(number); });
  quantise_heads(shape, inputs.exact_key, inputs.key, inputs.key_quantizer);
  quantise_heads(shape, inputs.exact_value, inputs.value, inputs.value_quantizer);
  return inputs;
}

Inputs make_inputs(const Shape& shape, uint64_t seed) { return quantised(shape, make_numbers(shape, seed)); }

Inputs make_address_coded_inputs(const Shape& shape, uint64_t seed) {
  validate(shape);
  // With each dim in which a key differs from the query's own its score falls by 2 * 256 / sqrt(dim), which is 45 or
  // more: by 90 for two dims. exp(-88) is below the least normal float, and 0 in half long before.
  constexpr float query_size = 256;
  const std::vector<Quantizer> quantizers(shape.head_count(), Quantizer{1, code_offset});
  Inputs inputs{.shape = shape,
                .query = std::vector<half>(shape.query_count()),
                .key = std::vector<uint8_t>(shape.key_count()),
                .value = std::vector<uint8_t>(shape.key_count()),
                .key_quantizer = quantizers,
                .value_quantizer = quantizers,
                .exact_key = std::vector<float>(shape.key_count()),
                .exact_value = std::vector<float>(shape.key_count()),
                .address_coded = true};
  const KeyCode code(shape, seed);
  for (int64_t i = 0; i < shape.key_count(); i += 16) {
    const int64_t key = i / shape.dim % shape.keys, head = i / shape.dim / shape.keys;
    const int dim = static_cast<int>(i % shape.dim);
    const std::array<float, 16> address =
        encode({static_cast<int>(head / shape.heads), static_cast<int>(head % shape.heads), key, dim});
    for (int j = 0; j < 16; ++j) {
      inputs.exact_key[i + j] = static_cast<float>(code.sign(head, key, dim + j));
      inputs.exact_value[i + j] = address[j];
      inputs.key[i + j] = quantize(quantizers[head], inputs.exact_key[i + j]);
      inputs.value[i + j] = quantize(quantizers[head], inputs.exact_value[i + j]);
    }
  }
  const Random choices(seed, choice_stream);
  for (int64_t row = 0; row < shape.rows(); ++row) {
    const int64_t key = choices.below(shape.seen_keys(row % shape.queries), row);
    for (int dim = 0; dim < shape.dim; ++dim) {
      const float number = query_size * static_cast<float>(code.sign(row / shape.queries, key, dim));
      inputs.query[row * shape.dim + dim] = __float2half(number);
    }
  }
  return inputs;
}

std::array<float, 16> encode(const Address& address) {
  std::array<float, 16> codes;
  int64_t sum = 0;
  for (int dim = 0; dim < 16; ++dim) {
    int64_t part;
    if (dim < key_digits) {
      part = address.key >> (3 * dim);
    } else if (dim < key_digits + other_digits) {
      part = address.head >> (3 * (dim - key_digits));
    } else if (dim < key_digits + 2 * other_digits) {
      part = address.batch >> (3 * (dim - key_digits - other_digits));
    } else {
      part = dim == 14 ? address.dim / 16 : sum;
    }
    sum += part % digits;
    codes[dim] = static_cast<float>(digit_of(part, dim) * digit_step + dim - code_offset);
  }
  return codes;
}

std::optional<Address> decode(std::span<const float, 16> numbers) {
  Address address{};
  for (int dim = 0; dim < 16; ++dim) {
    const float rounded = std::round(numbers[dim]);
    if (!(std::abs(numbers[dim] - rounded) <= 0.25f && rounded >= -code_offset && rounded < code_offset)) return {};
    const int code = static_cast<int>(rounded) + code_offset;
    if (code % digit_step != dim) return {};
    const int part = (code / digit_step - dim + 2 * digits) % digits;
    if (dim < key_digits) {
      address.key |= int64_t{part} << (3 * dim);
    } else if (dim < key_digits + other_digits) {
      address.head |= part << (3 * (dim - key_digits));
    } else if (dim < key_digits + 2 * other_digits) {
      address.batch |= part << (3 * (dim - key_digits - other_digits));
    } else if (dim == 14) {
      address.dim = part * 16;
    }
  }
  const std::array<float, 16> whole = encode(address);  // a mixture of two places' numbers has another sum
  if (std::round(numbers[15]) != whole[15]) return {};
  return address;
}

std::string describe(const Address& address) {
  return "batch " + std::to_string(address.batch) + ", head " + std::to_string(address.head) + ", key " +
         std::to_string(address.key) + ", dims " + std::to_string(address.dim) + "-" + std::to_string(address.dim + 15);
}

void validate(const Inputs& inputs) {
  const Shape& shape = inputs.shape;
  validate(shape);
  require_size(inputs.query.size(), shape.query_count(), "query");
  require_size(inputs.key.size(), shape.key_count(), "key");
  require_size(inputs.value.size(), shape.key_count(), "value");
  require_size(inputs.key_quantizer.size(), shape.head_count(), "key_quantizer");
  require_size(inputs.value_quantizer.size(), shape.head_count(), "value_quantizer");
}

}  // namespace attention
