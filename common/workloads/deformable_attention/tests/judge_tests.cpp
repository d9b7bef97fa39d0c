// The judge of outputs, and the mistakes that it knows.

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "workloads/deformable_attention/mistakes.h"
#include "workloads/deformable_attention/output_judge.h"
#include "workloads/deformable_attention/tests/test_inputs.h"

using namespace deformable_attention;

TEST_CASE("a right output is accepted by the judge, in half precision, for both samplings") {
  for (const Sampling sampling : {Sampling::local, Sampling::uniform}) {
    for (const Shape& shape : {small_shape(), padded_shape(), quick_shape()}) {
      const Inputs inputs = make_inputs(shape, sampling, 4);
      const judge::Verdict verdict = OutputJudge(inputs, all_rows(shape)).judge(to_halves(reference(inputs)));
      CHECK(verdict.text() == "accepted");
      CHECK(verdict.relative_l2 < 5e-4);
    }
  }
}

TEST_CASE("each mistake gives a wrong output, and the judge calls it by its name and variant") {
  const Inputs inputs = make_inputs(padded_shape(), Sampling::uniform, 4);
  const std::vector<int64_t> rows = all_rows(inputs.shape);
  const OutputJudge judge(inputs, rows);
  std::set<std::string> names;
  for (const judge::Hypothesis& mistake : mistakes(inputs, rows)) {
    CAPTURE(mistake.sentence);
    std::vector<half> output = to_halves(mistake.expected());
    for (half& element : output) {
      if (std::isnan(__half2float(element))) element = __float2half(3);  // read outside all arrays: could be anything
    }
    const judge::Verdict verdict = judge.judge(output);
    CHECK(verdict.name == mistake.name);
    CHECK(verdict.sentence == mistake.sentence);
    names.insert(mistake.name);
  }
  CHECK(names == std::set<std::string>{"swapped-xy", "forgotten-half-pixel", "align-corners", "minus-one-to-one",
                                       "truncated-not-floored", "swapped-fractions", "mirrored-fractions",
                                       "wrong-pitch", "ignored-level-start", "recomputed-level-start",
                                       "ignored-weights", "ignored-image", "ignored-head", "mixed-heads-and-channels",
                                       "missing-bounds-test"});
}

TEST_CASE("the mistakes of a first kernel are recognised at the quick shape, with both samplings") {
  for (const Sampling sampling : {Sampling::local, Sampling::uniform}) {
    const Inputs inputs = make_inputs(quick_shape(), sampling, 4);
    const std::vector<int64_t> rows = all_rows(inputs.shape);
    const OutputJudge judge(inputs, rows);
    const auto name = [&](const Rule& rule) { return judge.judge(to_halves(reference(inputs, rows, rule))).name; };
    CHECK(name({}) == "");
    CHECK(name({.swap_location = true}) == "swapped-xy");
    for (const Rule::Axes axes : {Rule::Axes::x, Rule::Axes::y, Rule::Axes::both}) {
      CHECK(name({.no_half_pixel = axes}) == "forgotten-half-pixel");
      CHECK(name({.truncate = axes}) == "truncated-not-floored");
      CHECK(name({.mirror_fractions = axes}) == "mirrored-fractions");
    }
    CHECK(name({.swap_box = true}) == "swapped-xy");
    CHECK(name({.test_left = false}) == "missing-bounds-test");
    CHECK(name({.test_right = false}) == "missing-bounds-test");
    CHECK(name({.test_top = false}) == "missing-bounds-test");
    CHECK(name({.test_bottom = false}) == "missing-bounds-test");
  }
}

TEST_CASE("a missing bounds test reads the end of the row before, and nobody knows what lies outside the array") {
  OnePoint point;
  const std::vector<int64_t> rows = {0};
  const Rule no_left_test{.test_left = false};
  point.at(-0.25, 1);
  CHECK(reference(point.inputs, rows, no_left_test)[0] == 0.75 * 5 + 0.25 * 4);
  point.at(-0.25, 0);
  CHECK(std::isnan(reference(point.inputs, rows, no_left_test)[0]));
  point.at(3.25, -0.25);
  CHECK(reference(point.inputs, rows, {.test_right = false})[0] == 0.75 * (0.75 * 4 + 0.25 * 5));
}

TEST_CASE("nobody knows what is read for NaN and infinity without the test of the whole point") {
  OnePoint point;
  const std::vector<int64_t> rows = {0};
  for (const float bad : {not_a_number, infinity, 1e30f}) {
    point.inputs.locations[0] = {bad, 0.5f};
    CHECK(std::isnan(reference(point.inputs, rows, {.skip_outside = false})[0]));
  }
}

TEST_CASE("an empty inner loop is called zeros, with a question that helps") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::local, 4);
  const judge::Verdict verdict = OutputJudge(inputs, all_rows(inputs.shape))
                                     .judge(std::vector<half>(inputs.shape.output_count(), __float2half(0)));
  CHECK(verdict.name == "zeros");
  CHECK(contains(verdict.sentence, "loop over levels and points"));
}

TEST_CASE("the judge asks of every element whether it was written, also of rows that it does not compare") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::local, 4);
  const OutputJudge judge(inputs, {0, 159});
  std::vector<half> output = to_halves(reference(inputs));
  CHECK(judge.judge(output).accepted());
  output[77 * 16 + 3] = std::bit_cast<half>(judge::poison);
  const judge::Verdict verdict = judge.judge(output);
  CHECK(verdict.name == "not-written");
  CHECK(contains(verdict.sentence, "image 0, query 38, head 1, channel 3"));
  output.pop_back();
  CHECK_THROWS_AS(judge.judge(output), std::invalid_argument);
  Inputs incomplete = inputs;
  incomplete.weights.pop_back();
  CHECK_THROWS_AS(OutputJudge(incomplete, {0}), std::invalid_argument);
}

TEST_CASE("the judge names selected rows by their place in the whole output, and knows the previous output") {
  const Inputs inputs = make_inputs(small_shape(), Sampling::local, 4),
               other = make_inputs(small_shape(), Sampling::local, 5);
  const OutputJudge judge(inputs, {0, 77, 159});
  std::vector<half> output = to_halves(reference(inputs));
  const std::vector<half> previous = to_halves(reference(other));
  std::copy_n(previous.begin() + 77 * 16, 16, output.begin() + 77 * 16);
  CHECK(contains(judge.judge(output).sentence, "First: image 0, query 38, head 1, channel 0 holds"));
  CHECK(judge.judge(output, previous).name == "stale");
}
