#pragma once

#include <cstdint>

#include "workloads/attention/problem.h"

namespace attention {

/// The sizes of one problem; what `Problem` holds beside its pointers. Often written as B, H, S, D: batch, heads,
/// queries and keys where they are as many, dim.
struct Shape {
  int batch = 0;        // 0 is an empty problem
  int heads = 0;        // per batch; 0 is an empty problem
  int queries = 0;      // per head; 0 is an empty problem
  int keys = 0;         // per head, at least 1; as many values
  int dim = 0;          // 64 or 128
  bool causal = false;  // query i sees keys 0 ... i + keys - queries

  /// Heads of the whole batch: head number b * heads + h.
  int64_t head_count() const { return int64_t{batch} * heads; }

  /// Rows of the output: row (b * heads + h) * queries + q has `dim` elements.
  int64_t rows() const { return head_count() * queries; }

  /// Elements of `Problem::query` and of `output` (each), and of `key` and of `value` (each).
  int64_t query_count() const { return rows() * dim; }
  int64_t output_count() const { return query_count(); }
  int64_t key_count() const { return head_count() * keys * dim; }

  /// Keys that query q of a head sees: the first ones.
  int64_t seen_keys(int64_t query) const { return causal ? query + keys - queries + 1 : keys; }

  /// Pairs of a query and a key that it sees, in all heads.
  int64_t scores() const;

  bool operator==(const Shape&) const = default;
};

/// 2, 8, 32, 64: so small that only the launch takes time.
Shape small_shape();

/// 2, 8, 512, 64: the shape that the field's numbers are about.
Shape mission_shape();

/// 2, 8, 2048, 64.
Shape long_shape();

/// 4, 16, 8192, dim: large enough that only throughput counts.
Shape large_shape(int dim);

/// 8, 16, one query and 8192 keys, 64: each head asks once and has a long past, as when text is generated.
Shape decode_shape();

/// 1, 2, 48, 64: for a first look and for machines without a GPU.
Shape quick_shape();

/// Errors: std::invalid_argument with one sentence on the first thing that no kernel can be asked to do: negative
/// sizes, no key, a dim other than 64 and 128, fewer keys than queries with a causal mask, more than 65535 heads, or
/// arrays too large for 32-bit indices.
void validate(const Shape& shape);

}  // namespace attention
