// The judge of outputs, and the mistakes that it knows.

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <set>

#include "workloads/attention/chapter_test.h"
#include "workloads/attention/tests/test_inputs.h"

using namespace attention;

TEST_CASE("a right output is accepted by the judge, in half precision") {
  for (const Shape& shape : {odd_shape(), odd_shape(true), quick_shape(), small(), Shape{1, 1, 3, 70, 128, true}}) {
    const Inputs inputs = make_inputs(shape, 4);
    const judge::Verdict verdict = OutputJudge(inputs, all_rows(shape)).judge(to_halves(reference(inputs)));
    CHECK(verdict.text() == "accepted");
    CHECK(verdict.relative_l2 < 5e-4);
  }
}

TEST_CASE("each mistake gives a wrong output, and the judge calls it by its name and variant") {
  std::set<std::string> names;
  for (const bool causal : {false, true}) {
    Shape shape = odd_shape(causal);
    shape.queries = 6;
    Inputs inputs = make_inputs(shape, 4);
    for (size_t head = 0; head < inputs.value_quantizer.size(); ++head) {
      inputs.value_quantizer[head].zero_point = 100 + 3 * static_cast<float>(head);  // further from 128
    }
    const std::vector<int64_t> rows = all_rows(inputs.shape);
    const std::vector<double> right = reference(inputs);
    const OutputJudge judge(inputs, rows);
    for (const judge::Hypothesis& mistake : mistakes(inputs, rows)) {
      CAPTURE(mistake.sentence);
      const std::vector<double> predicted = mistake.expected();
      std::vector<half> output = to_halves(predicted);
      bool differs = false;
      for (size_t i = 0; i < output.size(); ++i) {
        differs = differs || !(std::abs(predicted[i] - right[i]) <= 1e-9);
        if (std::isnan(predicted[i])) output[i] = __float2half(3);  // read outside all arrays: could be anything
      }
      const judge::Verdict verdict = judge.judge(output);
      CHECK(verdict.name == (differs ? mistake.name : ""));
      CHECK(verdict.sentence == (differs ? mistake.sentence : ""));
      if (differs) names.insert(mistake.name);
    }
  }
  CHECK(names == std::set<std::string>{"forgotten-scale",         "scale-twice",         "base-two",
                                       "not-normalised",          "forgotten-key-scale", "forgotten-value-scale",
                                       "forgotten-zero-point",    "fixed-zero-point",    "swapped-quantizers",
                                       "another-heads-quantizer", "transposed-keys",     "missing-mask",
                                       "top-left-mask",           "mask-off-by-one",     "masked-to-zero",
                                       "first-head-only",         "first-batch-only",    "heads-inside",
                                       "last-key-dropped",        "misaligned-values",   "sum-not-rescaled",
                                       "output-not-rescaled",     "sums-not-rescaled",   "counted-tail",
                                       "last-tile-dropped",       "last-tile-twice",     "stale-tile",
                                       "keys-zero-point",         "earlier-tiles-lost",  "own-lanes-weight",
                                       "base-change-twice"});
}

TEST_CASE("the mistakes of a first kernel are recognised at the quick shape") {
  const Inputs inputs = make_inputs(quick_shape(), 4);
  CHECK(judged(inputs, {}).name == "");
  CHECK(judged(inputs, {.scale_power = 0}).name == "forgotten-scale");
  CHECK(judged(inputs, {.normalise = false}).name == "not-normalised");
  CHECK(judged(inputs, {.tile = 16, .rescale_output = false}).name == "output-not-rescaled");
  CHECK(judged(inputs, {.tile = 32, .tail = Rule::Tail::zero_score}).name == "counted-tail");
  CHECK(judged(inputs, {.tile = 32, .last = Rule::Last::tile_dropped}).name == "last-tile-dropped");
  Shape causal = quick_shape();
  causal.causal = true;
  CHECK(judged(make_inputs(causal, 4), {.mask = Rule::Mask::none}).name == "missing-mask");
  CHECK(judged(make_inputs(causal, 4), {.mask = Rule::Mask::one_more}).name == "mask-off-by-one");
}

TEST_CASE("a zero point of the keys that is forgotten is no mistake: the softmax takes it out again") {
  const Inputs inputs = make_inputs(quick_shape(), 4);
  const std::vector<int64_t> rows = all_rows(inputs.shape);
  const std::vector<double> forgotten = reference(inputs, rows, {.key_reading = Rule::Reading::no_zero_point});
  CHECK(largest_difference(forgotten, reference(inputs)) < 1e-12);
}

TEST_CASE("nobody knows what the keys are that lie behind the last head") {
  const Inputs inputs = make_inputs(small(), 4);
  const std::vector<int64_t> rows = all_rows(small());
  for (const Rule& rule : {Rule{.tile = 8, .tail = Rule::Tail::next_rows}, Rule{.value_of_next_key = true}}) {
    const std::vector<double> output = reference(inputs, rows, rule);
    CHECK(!std::isnan(output.front()));  // the next head's first key
    CHECK(std::isnan(output.back()));
  }
}

TEST_CASE("places behind the last key that count have the weight of a score, and zeros or zero bytes as values") {
  Inputs inputs = make_inputs({.batch = 1, .heads = 1, .queries = 1, .keys = 1, .dim = 64}, 4);
  std::ranges::fill(inputs.query, __float2half(0));  // all scores are 0
  inputs.value_quantizer[0] = {0.5, 10};
  inputs.value[7] = 42;  // 16; zero bytes are -5
  const std::vector<int64_t> rows = {0};
  CHECK(reference(inputs, rows, {.tile = 16, .tail = Rule::Tail::zero_score})[7] == 1);
  CHECK(reference(inputs, rows, {.tile = 16, .tail = Rule::Tail::zero_bytes})[7] == (16 - 15 * 5) / 16.0);
}

TEST_CASE("without any key there is no result") {
  const Inputs inputs = make_inputs({.batch = 1, .heads = 1, .queries = 1, .keys = 1, .dim = 64}, 4);
  CHECK(std::isnan(reference(inputs, all_rows(inputs.shape), {.last = Rule::Last::key_dropped})[0]));
}

TEST_CASE("NaN where exponentials overflow comes with the question for the maximum") {
  const Inputs inputs = large_scores(quick_shape(), 4);
  std::vector<half> output = to_halves(reference(inputs));
  std::ranges::fill(std::span(output).first(640), __float2half(std::numeric_limits<float>::quiet_NaN()));
  const judge::Verdict verdict = OutputJudge(inputs, all_rows(inputs.shape)).judge(output);
  CHECK(verdict.name == "nan");
  CHECK(contains(verdict.sentence, "is the row's maximum subtracted"));
}

TEST_CASE("the judge asks of every element whether it was written, and names rows by their place in the whole output") {
  const Inputs inputs = make_inputs(odd_shape(), 4), other = make_inputs(odd_shape(), 5);
  const OutputJudge judge(inputs, {0, 77, 125});
  std::vector<half> output = to_halves(reference(inputs));
  CHECK(judge.judge(output).accepted());
  const std::vector<half> previous = to_halves(reference(other));
  std::vector<half> stale = output;
  std::copy_n(previous.begin() + 77 * 64, 64, stale.begin() + 77 * 64);
  CHECK(contains(judge.judge(stale).sentence, "First: batch 1, head 0, query 14, dim 0 holds"));
  CHECK(judge.judge(stale, previous).name == "stale");
  output[100 * 64 + 3] = std::bit_cast<half>(judge::poison);
  CHECK(contains(judge.judge(output).sentence, "batch 1, head 1, query 16, dim 3"));
  output.pop_back();
  CHECK_THROWS_AS(judge.judge(output), std::invalid_argument);
}
