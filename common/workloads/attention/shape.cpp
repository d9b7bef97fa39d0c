#include "workloads/attention/shape.h"

#include <limits>
#include <stdexcept>
#include <string>

namespace attention {
namespace {

void require(bool condition, const std::string& sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

}  // namespace

int64_t Shape::scores() const {
  // A causal mask hides a triangle: no key from the last query, one from the one before, and so on.
  const int64_t hidden = causal ? int64_t{queries} * (queries - 1) / 2 : 0;
  return head_count() * (int64_t{queries} * keys - hidden);
}

Shape small_shape() { return {.batch = 2, .heads = 8, .queries = 32, .keys = 32, .dim = 64}; }

Shape mission_shape() { return {.batch = 2, .heads = 8, .queries = 512, .keys = 512, .dim = 64}; }

Shape long_shape() { return {.batch = 2, .heads = 8, .queries = 2048, .keys = 2048, .dim = 64}; }

Shape large_shape(int dim) { return {.batch = 4, .heads = 16, .queries = 8192, .keys = 8192, .dim = dim}; }

Shape decode_shape() { return {.batch = 8, .heads = 16, .queries = 1, .keys = 8192, .dim = 64}; }

Shape quick_shape() { return {.batch = 1, .heads = 2, .queries = 48, .keys = 48, .dim = 64}; }

void validate(const Shape& shape) {
  require(shape.batch >= 0, "The batch is " + std::to_string(shape.batch) + ": give 0 (nothing to do) or more.");
  require(shape.heads >= 0, "There are " + std::to_string(shape.heads) + " heads: give 0 (nothing to do) or more.");
  require(shape.queries >= 0,
          "There are " + std::to_string(shape.queries) + " queries: give 0 (nothing to do) or more.");
  require(shape.keys >= 1, "There are " + std::to_string(shape.keys) + " keys: give at least 1, because a query that " +
                               "sees no key has no result.");
  require(shape.dim == 64 || shape.dim == 128,
          "A row has " + std::to_string(shape.dim) + " elements: kernels are made for a dim of 64 or 128.");
  require(!shape.causal || shape.keys >= shape.queries,
          "There are fewer keys (" + std::to_string(shape.keys) + ") than queries (" + std::to_string(shape.queries) +
              "): with a causal mask the first queries would see no key; give at least as many keys.");
  constexpr int64_t most_heads = 65535;
  require(shape.head_count() <= most_heads,
          "There are more than 65535 heads in the batch: kernels number them by a grid's second dimension; take a "
          "smaller batch.");
  constexpr double most_elements = std::numeric_limits<int>::max();
  // In floating point, where no product overflows; exact up to 2^53.
  const double head_dims = static_cast<double>(shape.head_count()) * shape.dim;
  require(head_dims * shape.queries <= most_elements,
          "The output has 2^31 elements or more: kernels number it with 32-bit integers; take a smaller batch.");
  require(head_dims * shape.keys <= most_elements,
          "The keys have 2^31 elements or more: kernels number them with 32-bit integers; take a smaller batch.");
}

}  // namespace attention
