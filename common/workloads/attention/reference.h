#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/attention/inputs.h"
#include "workloads/rows.h"

namespace attention {

/// How attention is computed. The default is the rule of this operator; every other setting is a mistake that somebody
/// made, so that the judge can recognise it (see mistakes.h).
struct Rule {
  enum class Reading { given, no_scale, no_zero_point, field };  // of 8-bit elements; field: see field.h
  enum class Mask { bottom_right, top_left, one_less, one_more, none, zero_score };
  enum class Tail { left_out, zero_score, zero_bytes, next_rows };  // keys from the last one to the end of its tile
  enum class Last { once, key_dropped, tile_dropped, tile_twice };

  int tile = 0;               // keys that are taken together: 0 is all of them
  int scale_power = 1;        // how often a score is multiplied with softmax_scale
  bool base_two = false;      // exp2 of the scores
  bool log2_e_twice = false;  // exp of the scores times log2(e)
  bool normalise = true;
  bool rescale_sum = true;     // when a later tile raises the maximum
  bool rescale_output = true;  // likewise
  bool keep_sums = true;       // otherwise each tile starts anew
  Reading key_reading = Reading::given, value_reading = Reading::given;
  bool swap_quantizers = false;    // keys read with the values' quantizer and the other way round
  bool keys_zero_point = false;    // values read with the keys' zero point
  bool first_quantizer = false;    // every head read with the first one's
  bool transpose_keys = false;     // a head's keys read as [dim][keys]
  bool heads_inside = false;       // all arrays read as [batch][queries or keys][heads][dim]
  bool use_head = true;            // otherwise the keys and values of each batch's head 0
  bool use_batch = true;           // otherwise those of batch 0
  bool value_of_next_key = false;  // weights and values do not fit together, by one row
  bool own_lanes_weight = false;   // a tile's keys are shared out like the elements: each gets its own key's weight
  bool stale_keys = false;         // in the second tile and later, keys of the tile before
  bool stale_values = false;       // likewise
  Mask mask = Mask::bottom_right;  // of a causal shape
  Tail tail = Tail::left_out;
  Last last = Last::once;
};

using workloads::all_rows;
using workloads::sample_rows;

/// The selected rows of the output, [rows.size()][dim], in double precision, from the queries in half and the keys and
/// values as their quantizers read them:
///   score_j  = softmax_scale * (query . key_j)        for each key j that the query sees
///   weight_j = exp(score_j) / (sum over j of exp(score_j))
///   output   = sum over j of weight_j * value_j
/// The inputs must be valid. What a mistake would read outside an array is NaN, and so is a row that it makes of no key
/// at all. Costs some 4 * dim operations for each row and each key.
std::vector<double> reference(const Inputs& inputs, std::span<const int64_t> rows, const Rule& rule = {});

/// The whole output.
std::vector<double> reference(const Inputs& inputs);

/// The same from the keys and values before they were quantised.
std::vector<double> exact_reference(const Inputs& inputs, std::span<const int64_t> rows);

/// What 8 bits cost: the relative L2 difference between reference() and exact_reference() over the selected rows. It is
/// a property of the inputs, not of a kernel. 0 where the exact result is 0.
double quantisation_error(const Inputs& inputs, std::span<const int64_t> rows);

}  // namespace attention
