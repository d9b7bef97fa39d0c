#include "workloads/attention/reference.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "workloads/parallel_for.h"

namespace attention {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Keys or values as their quantizer reads them.
struct Quantised {
  const uint8_t* elements;
  double scale, zero_point;

  double operator[](int64_t i) const { return scale * (elements[i] - zero_point); }
  double zero_byte() const { return scale * -zero_point; }
};

/// Keys or values before they were quantised.
struct Exact {
  const float* numbers;

  double operator[](int64_t i) const { return numbers[i]; }
  double zero_byte() const { return 0; }
};

Quantised read(const std::vector<uint8_t>& elements, const Quantizer& quantizer, Rule::Reading reading) {
  const double scale = quantizer.scale, zero_point = quantizer.zero_point;
  switch (reading) {
    case Rule::Reading::no_scale:
      return {elements.data(), 1, zero_point};
    case Rule::Reading::no_zero_point:
      return {elements.data(), scale, 0};
    case Rule::Reading::field:
      return {elements.data(), scale * 127.5 / 127, 128};
    default:
      return {elements.data(), scale, zero_point};
  }
}

/// A row of the output, in the workload's terms.
struct Place {
  int64_t batch, head, query;
};

Place place_of(const Shape& shape, int64_t row, const Rule& rule) {
  if (rule.heads_inside)
    return {row / shape.heads / shape.queries, row % shape.heads, row / shape.heads % shape.queries};
  return {row / shape.queries / shape.heads, row / shape.queries % shape.heads, row % shape.queries};
}

/// What a loop over a row's keys does with one of them. `key` and `value` count the head's keys from 0.
struct Step {
  enum class Score { of_key, zero, of_zero_bytes };

  int64_t key, value;
  Score score = Score::of_key;
  bool adds_value = true;  // otherwise only the sum of the weights grows
};

bool sees(const Shape& shape, int64_t query, int64_t key, Rule::Mask mask) {
  if (!shape.causal) return true;
  const int64_t last = query + shape.keys - shape.queries;
  switch (mask) {
    case Rule::Mask::top_left:
      return key <= query;
    case Rule::Mask::one_less:
      return key < last;
    case Rule::Mask::one_more:
      return key <= last + 1;
    case Rule::Mask::none:
      return true;
    default:
      return key <= last;
  }
}

/// The keys of one row in the order in which they are taken.
std::vector<Step> steps(const Shape& shape, int64_t query, const Rule& rule) {
  const int64_t keys = shape.keys, tile = rule.tile > 0 ? rule.tile : keys;
  const int64_t last_tile = (keys - 1) / tile * tile;
  std::vector<Step> all;
  const auto add = [&](int64_t key) {
    const bool late = key >= tile;
    Step step{key - (rule.stale_keys && late ? tile : 0), key - (rule.stale_values && late ? tile : 0)};
    if (rule.value_of_next_key) ++step.value;
    if (key >= keys && rule.tail == Rule::Tail::zero_bytes) step.score = Step::Score::of_zero_bytes;
    if (key >= keys && rule.tail == Rule::Tail::zero_score) {
      step.score = Step::Score::zero;
      step.adds_value = false;
    }
    if (!sees(shape, query, key, rule.mask)) {
      if (rule.mask != Rule::Mask::zero_score) return;
      step.score = Step::Score::zero;
    }
    all.push_back(step);
  };
  int64_t end = keys;
  if (rule.tail != Rule::Tail::left_out) end = last_tile + tile;
  if (rule.last == Rule::Last::key_dropped) end = keys - 1;
  if (rule.last == Rule::Last::tile_dropped) end = last_tile;
  for (int64_t key = 0; key < end; ++key) add(key);
  for (int64_t key = last_tile; rule.last == Rule::Last::tile_twice && key < keys; ++key) add(key);
  return all;
}

/// One row. The softmax is taken tile by tile, with what was summed so far rescaled when the maximum grows; with all
/// keys in one tile, as the rule is, that is the textbook's softmax.
template <class Elements>
void attend(const Inputs& inputs, int64_t row, const Elements& keys, const Elements& values, const Rule& rule,
            std::span<double> output) {
  const Shape& shape = inputs.shape;
  const Place at = place_of(shape, row, rule);
  const int64_t batch = rule.use_batch ? at.batch : 0, head = rule.use_head ? at.head : 0;
  const auto first_element = [&](int64_t key) {
    const int64_t head_row = rule.heads_inside ? (batch * shape.keys + key) * shape.heads + head
                                               : (batch * shape.heads + head) * shape.keys + key;
    return head_row * shape.dim;
  };
  const auto exists = [&](int64_t first) { return first < shape.key_count(); };

  std::vector<double> query(shape.dim);
  for (int i = 0; i < shape.dim; ++i) query[i] = __half2float(inputs.query[row * shape.dim + i]);
  const double softmax_scale = std::pow(1 / std::sqrt(static_cast<double>(shape.dim)), rule.scale_power);
  const auto score_of = [&](const Step& step) {
    if (step.score == Step::Score::zero) return 0.0;
    double product = 0;
    if (step.score == Step::Score::of_zero_bytes) {
      for (int i = 0; i < shape.dim; ++i) product += query[i] * keys.zero_byte();
    } else if (rule.transpose_keys) {
      for (int i = 0; i < shape.dim; ++i) product += query[i] * keys[first_element(0) + i * shape.keys + step.key];
    } else {
      const int64_t first = first_element(step.key);
      if (!exists(first)) return unknown;
      for (int i = 0; i < shape.dim; ++i) product += query[i] * keys[first + i];
    }
    return softmax_scale * product;
  };
  const auto add_value = [&](const Step& step, double weight, int64_t begin, int64_t end) {
    if (step.score == Step::Score::of_zero_bytes) {
      for (int64_t i = begin; i < end; ++i) output[i] += weight * values.zero_byte();
      return;
    }
    const int64_t first = first_element(step.value);
    for (int64_t i = begin; i < end; ++i) output[i] += weight * (exists(first) ? values[first + i] : unknown);
  };

  const std::vector<Step> all = steps(shape, at.query, rule);
  const int64_t tile = rule.tile > 0 ? rule.tile : std::ssize(all);
  double maximum = -std::numeric_limits<double>::infinity(), sum = 0;
  std::vector<double> scores, weights;
  for (int64_t begin = 0; begin < std::ssize(all); begin += tile) {
    const std::span<const Step> taken = std::span(all).subspan(begin, std::min<int64_t>(tile, std::ssize(all) - begin));
    scores.clear();
    const double maximum_before = maximum;
    for (const Step& step : taken) {
      scores.push_back(score_of(step));
      maximum = std::max(maximum, scores.back());
    }
    const double correction = rule.keep_sums ? std::exp(maximum_before - maximum) : 0;
    if (rule.rescale_sum) sum *= correction;
    for (double& element : output) element *= rule.rescale_output ? correction : 1;
    weights.clear();
    for (const double score : scores) {
      const double below = score - maximum;
      weights.push_back(rule.base_two ? std::exp2(below)
                                      : std::exp(rule.log2_e_twice ? below * std::numbers::log2e : below));
      sum += weights.back();
    }
    for (size_t key = 0; key < taken.size(); ++key) {
      if (!taken[key].adds_value) continue;
      if (!rule.own_lanes_weight) {
        add_value(taken[key], weights[key], 0, shape.dim);
        continue;
      }
      for (int64_t lane = 0; lane < std::ssize(weights); ++lane) {
        add_value(taken[key], weights[lane], lane * shape.dim / tile, (lane + 1) * shape.dim / tile);
      }
    }
  }
  if (rule.normalise || all.empty()) {
    for (double& element : output) element /= sum;
  }
}

/// Calls row(i, output) for the rows' numbers on all cores, and returns the outputs one behind the other.
template <class Row>
std::vector<double> for_each_row(const Shape& shape, int64_t count, const Row& row) {
  std::vector<double> output(count * shape.dim);
  workloads::parallel_for(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) row(i, std::span(output).subspan(i * shape.dim, shape.dim));
  });
  return output;
}

}  // namespace

std::vector<double> reference(const Inputs& inputs, std::span<const int64_t> rows, const Rule& rule) {
  const Shape& shape = inputs.shape;
  return for_each_row(shape, std::ssize(rows), [&](int64_t i, std::span<double> output) {
    const Place at = place_of(shape, rows[i], rule);
    const int64_t head = rule.first_quantizer ? 0 : at.batch * shape.heads + at.head;
    Quantizer key_quantizer = inputs.key_quantizer[head], value_quantizer = inputs.value_quantizer[head];
    if (rule.swap_quantizers) std::swap(key_quantizer, value_quantizer);
    if (rule.keys_zero_point) value_quantizer.zero_point = key_quantizer.zero_point;
    attend(inputs, rows[i], read(inputs.key, key_quantizer, rule.key_reading),
           read(inputs.value, value_quantizer, rule.value_reading), rule, output);
  });
}

std::vector<double> reference(const Inputs& inputs) { return reference(inputs, all_rows(inputs.shape)); }

std::vector<double> exact_reference(const Inputs& inputs, std::span<const int64_t> rows) {
  return for_each_row(inputs.shape, std::ssize(rows), [&](int64_t i, std::span<double> output) {
    attend(inputs, rows[i], Exact{inputs.exact_key.data()}, Exact{inputs.exact_value.data()}, {}, output);
  });
}

double quantisation_error(const Inputs& inputs, std::span<const int64_t> rows) {
  const std::vector<double> quantised = reference(inputs, rows), exact = exact_reference(inputs, rows);
  double squares = 0, error_squares = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    squares += exact[i] * exact[i];
    error_squares += (quantised[i] - exact[i]) * (quantised[i] - exact[i]);
  }
  return squares == 0 ? 0 : std::sqrt(error_squares / squares);
}

}  // namespace attention
