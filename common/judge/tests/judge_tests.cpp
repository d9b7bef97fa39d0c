#include "judge/judge.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "judge/guarded.h"

using judge::compare;
using judge::Comparison;
using judge::Guarded;
using judge::Verdict;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// A right output of 6 rows and 8 columns, to be spoilt; its root mean square is about 0.7.
struct Example {
  static constexpr int64_t columns = 8;
  std::vector<double> expected;
  std::vector<float> actual;

  explicit Example(int64_t rows = 6) : expected(rows * columns) {
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = std::sin(1.0 + 0.7 * i);
    actual.assign(expected.begin(), expected.end());
  }

  Comparison comparison() const { return {.actual = actual, .expected = expected, .columns = columns}; }
  Verdict verdict() const { return compare(comparison()); }
};

bool says(const Verdict& verdict, const std::string& words) {
  return verdict.sentence.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a right output is accepted") {
  const Verdict verdict = Example().verdict();
  CHECK(verdict.accepted());
  CHECK(verdict.text() == "accepted");
}

TEST_CASE("rounding errors are accepted and reported") {
  Example example;
  for (size_t i = 0; i < example.actual.size(); ++i) example.actual[i] *= i % 2 ? 1 + 4e-4 : 1 - 4e-4;
  const Verdict verdict = example.verdict();
  CHECK(verdict.accepted());
  CHECK(verdict.relative_l2 == doctest::Approx(4e-4).epsilon(0.01));
  CHECK(verdict.max_error == doctest::Approx(4e-4).epsilon(0.01));
  CHECK(verdict.mean_error > 0);
  CHECK(verdict.mean_error < verdict.max_error);
}

TEST_CASE("an empty output is accepted") {
  const Verdict verdict = Example(0).verdict();
  CHECK(verdict.accepted());
  CHECK(verdict.mean_error == 0);
}

TEST_CASE("elements that still hold the poison were not written") {
  Example example;
  const Guarded<float> untouched(2);
  example.actual[21] = untouched.payload()[0];
  example.actual[30] = untouched.payload()[1];
  const Verdict verdict = example.verdict();
  CHECK(verdict.name == "not-written");
  CHECK(says(verdict, "2 of 48 elements were not written"));
  CHECK(says(verdict, "row 2, column 5"));
}

TEST_CASE("an output that nobody wrote is called so") {
  Example example;
  const Guarded<float> untouched(example.actual.size());
  example.actual.assign(untouched.payload().begin(), untouched.payload().end());
  CHECK(says(example.verdict(), "No element was written"));
}

TEST_CASE("NaN is rejected, and is not mistaken for poison") {
  Example example;
  example.actual[13] = not_a_number;
  const Verdict verdict = example.verdict();
  CHECK(verdict.name == "nan");
  CHECK(says(verdict, "1 of 48 elements is NaN (first: row 1, column 5)"));
  CHECK(verdict.max_error == infinity);
}

TEST_CASE("NaN everywhere is rejected") {
  Example example;
  example.actual.assign(example.actual.size(), not_a_number);
  CHECK(example.verdict().name == "nan");
}

TEST_CASE("infinity is rejected") {
  Example example;
  example.actual[14] = -infinity;
  CHECK(example.verdict().name == "infinite");
  CHECK(says(example.verdict(), "row 1, column 6"));
}

TEST_CASE("all zeros are rejected, with the workload's hint") {
  Example example;
  example.actual.assign(example.actual.size(), 0.0f);
  Comparison comparison = example.comparison();
  comparison.hints["zeros"] = "Is the loop empty?";
  const Verdict verdict = compare(comparison);
  CHECK(verdict.name == "zeros");
  CHECK(says(verdict, "Every element is 0"));
  CHECK(says(verdict, "Is the loop empty?"));
}

TEST_CASE("where zeros are expected, zeros are accepted and nothing else is") {
  Example example;
  example.expected.assign(example.expected.size(), 0.0);
  example.actual.assign(example.actual.size(), -0.0f);
  CHECK(example.verdict().accepted());
  example.actual[3] = 1e-6f;
  CHECK(example.verdict().name == "wrong-elements");
}

TEST_CASE("many expected zeros do not make the rounding of the others look large") {
  Example example(1000);
  for (size_t i = 8; i < example.expected.size(); ++i) example.expected[i] = example.actual[i] = 0;
  example.actual[2] += 6e-4f;
  CHECK(example.verdict().accepted());
}

TEST_CASE("rows that hold other rows' results are called permuted tiles") {
  Example example;
  for (int64_t i = 0; i < Example::columns; ++i) std::swap(example.actual[8 + i], example.actual[24 + i]);
  const Verdict verdict = example.verdict();
  CHECK(verdict.name == "permuted-tiles");
  CHECK(says(verdict, "row 1 holds the result of row 3"));
  CHECK(says(verdict, "2 of 6 rows are wrong"));
}

TEST_CASE("many permuted rows are sampled") {
  Example example(300);
  std::rotate(example.actual.begin(), example.actual.begin() + 8, example.actual.end());
  const Verdict verdict = example.verdict();
  CHECK(verdict.name == "permuted-tiles");
  CHECK(says(verdict, "all 64 that were looked at"));
}

TEST_CASE("one row that holds nobody's result is enough to not speak of permuted tiles") {
  Example example;
  for (int64_t i = 0; i < Example::columns; ++i) std::swap(example.actual[8 + i], example.actual[24 + i]);
  example.actual[40] += 1;
  CHECK(example.verdict().name == "wrong-elements");
}

TEST_CASE("rows of zeros are not taken for the results of rows whose result is zero") {
  Example example;
  for (int64_t i = 0; i < 8; ++i) example.expected[i] = example.actual[i] = example.actual[16 + i] = 0;
  CHECK(example.verdict().name == "wrong-elements");
}

TEST_CASE("an output of the previous launch is stale") {
  Example example;
  const Example right;
  std::vector<float> previous(example.actual.size());
  for (size_t i = 0; i < previous.size(); ++i) previous[i] = 0.5f + i;
  SUBCASE("as a whole") { example.actual = previous; }
  SUBCASE("in two rows") { std::copy_n(previous.begin() + 16, 16, example.actual.begin() + 16); }
  Comparison comparison = example.comparison();
  CHECK(compare(comparison).name == "wrong-elements");
  comparison.previous = previous;
  CHECK(compare(comparison).name == "stale");
  CHECK(says(compare(comparison), "previous launch"));
  comparison.actual = right.actual;
  CHECK(compare(comparison).accepted());
}

TEST_CASE("zeros where the previous launch left zeros are not called stale") {
  Example example;
  std::fill_n(example.actual.begin() + 16, 8, 0.0f);
  const std::vector<float> previous(example.actual.size());
  Comparison comparison = example.comparison();
  comparison.previous = previous;
  CHECK(compare(comparison).name == "wrong-elements");
}

TEST_CASE("wrong elements are counted, and the first and the worst are named") {
  Example example;
  example.actual[18] += 0.5f;
  SUBCASE("one") {
    CHECK(example.verdict().name == "wrong-elements");
    CHECK(says(example.verdict(), "1 of 48 elements is wrong. First: row 2, column 2 holds"));
    CHECK(!says(example.verdict(), "Worst"));
  }
  SUBCASE("two, in the words of the workload") {
    example.actual[29] -= 2;
    Comparison comparison = example.comparison();
    comparison.row_name = [](int64_t row) { return "query " + std::to_string(row); };
    comparison.column_word = "channel";
    comparison.explain = [](int64_t row, int64_t column) { return "at " + std::to_string(row * 10 + column); };
    const Verdict verdict = compare(comparison);
    CHECK(says(verdict, "2 of 48 elements are wrong. First: query 2, channel 2 holds"));
    CHECK(says(verdict, ": at 22."));
    CHECK(says(verdict, "Worst: query 3, channel 5 holds"));
  }
}

TEST_CASE("one wrong element in a large output is rejected, though the relative L2 error is small") {
  Example example(100'000);
  example.actual[654'321] += 0.05f;
  const Verdict verdict = example.verdict();
  CHECK(verdict.relative_l2 < 1e-3);
  CHECK(verdict.name == "wrong-elements");
  CHECK(says(verdict, "1 of 800000 elements is wrong"));
  CHECK(says(verdict, "row 81790, column 1"));
}

TEST_CASE("many small errors are rejected, though no element is far off") {
  Example example;
  for (float& element : example.actual) element *= 1.003f;
  CHECK(example.verdict().name == "inaccurate");
}

TEST_CASE("a known mistake gives a wrong output its name") {
  Example example;
  for (float& element : example.actual) element *= 2;
  const auto times = [&](double factor) {
    return [&example, factor] {
      std::vector<double> values = example.expected;
      for (double& value : values) value *= factor;
      return values;
    };
  };
  int calls = 0;
  Comparison comparison = example.comparison();
  comparison.hypotheses = {{"tripled", "Counted three times.", times(3)},
                           {"doubled", "Counted twice.", times(2)},
                           {"late", "Never asked.", [&] { return ++calls, example.expected; }}};
  SUBCASE("the one that agrees") {
    CHECK(compare(comparison).text() == "wrong[doubled]: Counted twice.");
    CHECK(calls == 0);
  }
  SUBCASE("only if all of the output agrees") {
    example.actual[5] += 0.5f;
    CHECK(compare(comparison).name == "wrong-elements");
  }
  SUBCASE("but a right output is accepted without asking for mistakes") {
    const Example right;
    comparison.actual = right.actual;
    comparison.hypotheses.erase(comparison.hypotheses.begin(), comparison.hypotheses.begin() + 2);
    CHECK(compare(comparison).accepted());
    CHECK(calls == 0);
  }
}

TEST_CASE("a mistake that would give the right result explains nothing") {
  Example example;
  for (float& element : example.actual) element *= 1.0009f;  // within the gate of 1.0018 times, but too far from 1
  Comparison comparison = example.comparison();
  comparison.gate.relative_l2 = 8e-4;
  comparison.hypotheses = {{"harmless", "Changes nothing that matters.", [&] {
                              std::vector<double> values = example.expected;
                              for (double& value : values) value *= 1.0004;
                              return values;
                            }}};
  CHECK(compare(comparison).name == "inaccurate");
}

TEST_CASE("a mistake that reads unknown memory agrees with anything there, also with NaN") {
  Example example;
  std::vector<double> predicted = example.expected;
  for (double& value : predicted) value += 1;
  example.actual.assign(predicted.begin(), predicted.end());
  example.actual[7] = not_a_number;
  predicted[7] = not_a_number;
  Comparison comparison = example.comparison();
  comparison.hypotheses = {{"outside", "Reads outside.", [&] { return predicted; }}};
  SUBCASE("if what is known agrees") { CHECK(compare(comparison).name == "outside"); }
  SUBCASE("but not if nothing is known") {
    predicted.assign(predicted.size(), not_a_number);
    CHECK(compare(comparison).name == "nan");
  }
  SUBCASE("and not if the right result is predicted where it is known") {
    predicted = example.expected;
    predicted[7] = not_a_number;
    const Example right;
    example.actual = right.actual;
    example.actual[7] = not_a_number;
    comparison.actual = example.actual;
    CHECK(compare(comparison).name == "nan");
  }
}

TEST_CASE("an expected result that is not finite lets nothing pass") {
  Example example;
  example.expected[9] = example.actual[9] = not_a_number;
  CHECK(example.verdict().name == "bad-reference");
  CHECK(says(example.verdict(), "row 1"));
  example.expected[9] = example.actual[9] = infinity;
  CHECK(example.verdict().name == "bad-reference");
}

TEST_CASE("outputs of different sizes are not compared") {
  Example example;
  example.actual.pop_back();
  CHECK_THROWS_AS(example.verdict(), std::invalid_argument);
  example.expected.pop_back();
  CHECK_THROWS_AS(example.verdict(), std::invalid_argument);
}

TEST_CASE("poison survives as an element, and is told from other NaNs, in 2 and in 4 bytes") {
  CHECK(judge::is_poison(uint16_t{0x7feb}));
  CHECK(!judge::is_poison(uint16_t{0x7fff}));
  CHECK(!judge::is_poison(uint16_t{0x7e00}));
  CHECK(std::isnan(Guarded<float>(1).payload()[0]));
  CHECK(judge::is_poison(Guarded<float>(1).payload()[0]));
  CHECK(!judge::is_poison(not_a_number));
}

TEST_CASE("a conversion that would lose the poison keeps it") {
  Guarded<uint16_t> output(3);
  output.payload()[1] = 7;
  const std::vector<float> floats =
      judge::to_floats(std::span<const uint16_t>(output.payload()), [](uint16_t element) { return float(element); });
  CHECK(judge::is_poison(floats[0]));
  CHECK(floats[1] == 7);
  CHECK(judge::is_poison(floats[2]));
}

TEST_CASE("an output of halves that was not written everywhere is rejected before it is converted") {
  Guarded<uint16_t> output(12);
  std::fill(output.payload().begin(), output.payload().end() - 1, uint16_t{1});
  const auto check = [&] {
    return judge::check_written(std::span<const uint16_t>(output.payload()),
                                [](int64_t i) { return "at " + std::to_string(i); });
  };
  CHECK(check().name == "not-written");
  CHECK(says(check(), "1 of 12 elements was not written"));
  CHECK(says(check(), "at 11"));
  output.payload().back() = 1;
  CHECK(check().accepted());
}

TEST_CASE("writes inside the payload leave the guards in peace") {
  Guarded<uint16_t> output(12);
  output.payload().front() = output.payload().back() = 1;
  CHECK(output.check_guards("output").accepted());
  CHECK(output.payload().data() == output.storage().data() + Guarded<uint16_t>::guard);
  CHECK(Guarded<uint16_t>(0).check_guards("output").accepted());
}

TEST_CASE("bytes can be guarded as well, also an odd number of them") {
  Guarded<std::byte> input(7);
  CHECK(input.check_guards("input").accepted());
  input.payload().data()[-1] = input.payload().data()[-2];
  CHECK(input.check_guards("input").name == "guard-before");
  input.refill();
  input.payload().data()[7] = std::byte{0};
  CHECK(input.check_guards("input").name == "guard-after");
}

TEST_CASE("a write before the buffer is rejected") {
  Guarded<uint16_t> output(12);
  for (int i = 1; i <= 6; ++i) output.payload().data()[-i] = 1;
  const Verdict verdict = output.check_guards("output");
  CHECK(verdict.name == "guard-before");
  CHECK(says(verdict, "wrote 12 bytes before the start of the output, the nearest 1 byte away"));
}

TEST_CASE("a write past the buffer is rejected") {
  Guarded<uint16_t> output(12);
  output.payload().data()[14] = 1;
  const Verdict verdict = output.check_guards("output");
  CHECK(verdict.name == "guard-after");
  CHECK(says(verdict, "wrote 2 bytes past the end of the output, the nearest 5 bytes away"));
  output.refill();
  CHECK(output.check_guards("output").accepted());
}

TEST_CASE("the outermost bytes of the guards are watched too") {
  Guarded<uint16_t> output(12);
  SUBCASE("first") { output.storage().front() = 0; }
  SUBCASE("last") { output.storage().back() = 0; }
  CHECK(!output.check_guards("output").accepted());
}

TEST_CASE("a modified input is rejected") {
  const std::vector<float> before = {1, 2, not_a_number, 4};
  std::vector<float> after = before;
  const auto check = [&] {
    return judge::check_unmodified("locations", std::span<const float>(before), std::span<const float>(after));
  };
  CHECK(check().accepted());  // NaN is equal to itself here
  after[3] = 5;
  CHECK(check().name == "modified-input");
  CHECK(says(check(), "`locations`, first at element 3"));
  after.pop_back();
  CHECK_THROWS_AS(check(), std::invalid_argument);
}

TEST_CASE("a copy between guards holds the elements") {
  const std::vector<float> values = {1, 2, 3};
  const Guarded<float> guarded{std::span<const float>(values)};
  CHECK(std::ranges::equal(guarded.payload(), values));
  CHECK(guarded.check_guards("values").accepted());
}
