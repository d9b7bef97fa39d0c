#include "workloads/attention/mistakes.h"

#include <utility>

#include "workloads/attention/reference.h"

namespace attention {
namespace {

struct Mistake {
  std::string name;
  std::string cause;   // "when ..."
  std::string lesson;  // the line of thinking that leads out of it
  Rule rule;
};

/// The mistakes of a softmax that is taken in tiles of so many keys.
std::vector<Mistake> rescaling_mistakes(int tile) {
  const std::string sums =
      "Everything that was summed so far counts with exp(score - old maximum): when a tile raises the maximum, the sum "
      "of the weights and the output row are both multiplied with exp(old maximum - new maximum).";
  return {
      {"sum-not-rescaled",
       "the sum of the weights is not rescaled when the maximum grows",
       sums,
       {.tile = tile, .rescale_sum = false}},
      {"output-not-rescaled",
       "the output row is not rescaled when the maximum grows",
       sums,
       {.tile = tile, .rescale_output = false}},
      {"sums-not-rescaled",
       "neither the sum of the weights nor the output row is rescaled when the maximum grows",
       sums,
       {.tile = tile, .rescale_sum = false, .rescale_output = false}},
  };
}

/// The mistakes of a loop over tiles of so many keys.
std::vector<Mistake> tile_mistakes(int tile) {
  using Tail = Rule::Tail;
  using Last = Rule::Last;
  const std::string tail =
      "A tile may hold fewer keys than it has places. A place without a key must get weight 0, that is a score of "
      "minus infinity; a zero instead of the key is a key like any other, with a score of its own.";
  const std::string tiles =
      "Follow the loop's counter through the last tile, for a number of keys that fills it and for one that does not.";
  const std::string slots =
      "The right tile was asked for too late, or what is read is the slot of the tile before: compare the tile that is "
      "computed with the one that was waited for.";
  return {
      {"counted-tail",
       "the places behind the last key count with a score of 0",
       tail,
       {.tile = tile, .tail = Tail::zero_score}},
      {"counted-tail",
       "the places behind the last key count as keys and values whose bytes are 0",
       tail,
       {.tile = tile, .tail = Tail::zero_bytes}},
      {"counted-tail",
       "the places behind the last key are filled with the rows that follow in memory",
       tail,
       {.tile = tile, .tail = Tail::next_rows}},
      {"earlier-tiles-lost",
       "only the last tile of keys counts",
       "The largest score, the sum of the weights and the output row are kept from tile to tile. Is each of them "
       "assigned, and is what was there before multiplied with exp(old maximum - new maximum) and not with 0?",
       {.tile = tile, .keep_sums = false}},
      {"last-tile-dropped", "the last tile of keys is left out", tiles, {.tile = tile, .last = Last::tile_dropped}},
      {"last-tile-twice", "the last tile of keys is counted twice", tiles, {.tile = tile, .last = Last::tile_twice}},
      {"stale-tile",
       "each tile but the first computes with the keys and values of the tile before",
       slots,
       {.tile = tile, .stale_keys = true, .stale_values = true}},
      {"stale-tile",
       "each tile but the first computes with the keys of the tile before",
       slots,
       {.tile = tile, .stale_keys = true}},
      {"stale-tile",
       "each tile but the first computes with the values of the tile before",
       slots,
       {.tile = tile, .stale_values = true}},
  };
}

std::vector<Mistake> make_mistakes() {
  using Reading = Rule::Reading;
  const std::string scale =
      "A score is the product of query and key times softmax_scale, once: before the softmax, and in no other place.";
  const std::string quantizer =
      "Element u of a head stands for scale * (u - zero_point), with a quantizer for its keys and another for its "
      "values.";
  const std::string mask =
      "Query i sees the keys 0 to i + keys - queries, itself included: the last query sees all keys. Which keys does "
      "the first one see, when there are as many queries as keys, and when there is one key more?";
  const std::string layout = "An array is [batch][heads][rows][dim]: the rows of one head are neighbours.";
  std::vector<Mistake> all = {
      {"forgotten-scale", "the scores are not multiplied with softmax_scale", scale, {.scale_power = 0}},
      {"scale-twice", "the scores are multiplied with softmax_scale twice", scale, {.scale_power = 2}},
      {"base-two",
       "the weights are powers of 2 instead of e",
       "exp(x) is exp2(x * log2(e)): where does the factor log2(e) = 1.4427 enter?",
       {.base_two = true}},
      {"base-change-twice",
       "the weights are exp of scores that have log2(e) in them",
       "exp(x) is exp2(x * log2(e)): where that factor is in the scores, and in the largest of them, the function is "
       "exp2f.",
       {.log2_e_twice = true}},
      {"not-normalised",
       "the output is not divided by the sum of the weights",
       "The weights of a row add up to 1 only after that division, which is done once, at the end.",
       {.normalise = false}},
      {"forgotten-key-scale", "the keys are read without their scale", quantizer, {.key_reading = Reading::no_scale}},
      {"forgotten-value-scale",
       "the values are read without their scale",
       quantizer,
       {.value_reading = Reading::no_scale}},
      {"forgotten-zero-point",
       "the values' zero point is not subtracted",
       quantizer + " (The keys' zero point cancels in the softmax, that of the values does not.)",
       {.value_reading = Reading::no_zero_point}},
      {"fixed-zero-point",
       "the values are read as (u - 128) / 127",
       quantizer + " What is read must be what was written: no number may be shifted on the way there and back.",
       {.value_reading = Reading::field}},
      {"swapped-quantizers",
       "the keys are read with the values' quantizer and the values with the keys'",
       quantizer,
       {.swap_quantizers = true}},
      {"keys-zero-point",
       "the zero point of the keys is subtracted from the values",
       quantizer,
       {.keys_zero_point = true}},
      {"another-heads-quantizer",
       "every head is read with the first head's quantizers",
       quantizer + " Its index is batch * heads + head.",
       {.first_quantizer = true}},
      {"transposed-keys",
       "a head's keys are read as [dim][keys]",
       "The product takes row j of the keys, [keys][dim], whole: the transposition in Q K^T is one of the formula, not "
       "one of memory.",
       {.transpose_keys = true}},
      {"missing-mask", "the causal mask is not applied", mask, {.mask = Rule::Mask::none}},
      {"top-left-mask", "query i sees the keys 0 to i", mask, {.mask = Rule::Mask::top_left}},
      {"mask-off-by-one", "each query sees one key less", mask, {.mask = Rule::Mask::one_less}},
      {"mask-off-by-one", "each query sees one key more", mask, {.mask = Rule::Mask::one_more}},
      {"masked-to-zero",
       "hidden keys get a score of 0",
       "A key with a score of 0 has a weight like any other: a hidden one needs a score of minus infinity.",
       {.mask = Rule::Mask::zero_score}},
      {"first-head-only", "every head reads the keys and values of the first", layout, {.use_head = false}},
      {"first-batch-only", "all read the keys and values of batch 0", layout, {.use_batch = false}},
      {"heads-inside", "the arrays are read as [batch][rows][heads][dim]", layout, {.heads_inside = true}},
      {"last-key-dropped",
       "the last key is left out",
       "Count the keys that the loop visits when there is only one.",
       {.last = Rule::Last::key_dropped}},
      {"misaligned-values",
       "each weight is used for the value of the next key",
       "Weight j of a row belongs to key j and to value j: do both sides count a tile's rows from the same place?",
       {.value_of_next_key = true}},
  };
  for (const int tile : {1, 16, 32, 64, 128}) {
    for (Mistake& mistake : rescaling_mistakes(tile)) all.push_back(std::move(mistake));
    if (tile == 1) continue;  // tiles of one key are single keys
    for (Mistake& mistake : tile_mistakes(tile)) all.push_back(std::move(mistake));
  }
  all.push_back({"own-lanes-weight",
                 "each lane adds all values of a tile with the weight of its own key",
                 "A lane knows the weight of one key, and needs those of all 32: __shfl_sync(mask, weight, j) gives "
                 "every lane the weight of lane j.",
                 {.tile = 32, .own_lanes_weight = true}});
  return all;
}

}  // namespace

std::vector<judge::Hypothesis> mistakes(const Inputs& inputs, std::span<const int64_t> rows) {
  static const std::vector<Mistake> all = make_mistakes();
  std::vector<judge::Hypothesis> hypotheses;
  for (const Mistake& mistake : all) {
    hypotheses.push_back({mistake.name,
                          "The output is exactly what one gets when " + mistake.cause + ". " + mistake.lesson,
                          [&inputs, rows, rule = mistake.rule] { return reference(inputs, rows, rule); }});
  }
  return hypotheses;
}

const std::map<std::string, std::string>& hints() {
  static const std::map<std::string, std::string> all = {
      {"zeros",
       "Either no value reaches the sum, or the sum never reaches the output: does the loop over the keys take any "
       "step, and is there a key whose weight is not 0?"},
      {"nan",
       "exp of a number above 88 is infinite in float, and infinite / infinite is NaN: is the row's maximum subtracted "
       "before? Minus infinity - minus infinity is NaN: what does a row, or one lane of it, do where it sees no key? "
       "On the emulator what nobody has written is NaN: is every fragment filled, every score and weight stored?"},
      {"infinite",
       "A number / 0 is infinite: does every lane divide by the sum of all of the row's weights? exp of a number above "
       "88 is infinite in float: is the row's maximum subtracted before? A half holds nothing above 65504: are scores "
       "and sums kept in float until the output is divided?"},
  };
  return all;
}

}  // namespace attention
