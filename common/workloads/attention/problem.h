#pragma once

#include <cstdint>

#include "gpu/half.h"
#include "workloads/configuration.h"

namespace attention {

/// How a head's 8-bit elements are read: element u stands for scale * (u - zero_point).
struct Quantizer {
  float scale;
  float zero_point;  // a whole number, 0 ... 255
};

/// Attention with 8-bit keys and values as a kernel sees it: device pointers and sizes, passed by value. Each query
/// of a head has a score for each key of the same head, softmax_scale * (query . key); its output is the mean of the
/// head's values, weighted with the softmax of its scores. With `causal` a query sees only the first keys: the last
/// query sees all of them, the one before all but the last, and so on.
/// Row (b * heads + h) * queries + q of the output has `dim` elements. Every array begins at a multiple of 256 bytes.
/// Plain data only: kernel files and test files share this header.
struct Problem {
  const half* query;                 // [batch][heads][queries][dim]
  const uint8_t* key;                // [batch][heads][keys][dim]
  const uint8_t* value;              // [batch][heads][keys][dim]
  const Quantizer* key_quantizer;    // [batch][heads]
  const Quantizer* value_quantizer;  // [batch][heads]
  half* output;                      // [batch][heads][queries][dim]
  int batch;                         // batch, heads and queries may be 0: then there is nothing to do
  int heads;
  int queries;          // per head
  int keys;             // per head, at least 1
  int dim;              // 64 or 128
  bool causal;          // query i sees keys 0 ... i + keys - queries; then keys >= queries, so each sees at least one
  float softmax_scale;  // what a score is multiplied with before the softmax: 1 / sqrt(dim)
};

using LaunchFunction = workloads::LaunchFunction<Problem>;
using Configuration = workloads::Configuration<Problem>;

}  // namespace attention
