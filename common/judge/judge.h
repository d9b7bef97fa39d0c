#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

// Decides whether an output is right, and says why it is not. Knows nothing of GPUs and of workloads.
namespace judge {

/// How far an output may be from what is expected; both limits must hold. The relative L2 error alone would let a
/// single wrong element through in a large output.
struct Gate {
  double relative_l2 = 1e-3;   // ||actual - expected|| / ||expected||
  double max_over_rms = 1e-2;  // largest |actual - expected| / root mean square of the expected values that are not 0
};

/// The answer: accepted, or rejected under a stable name and with a sentence for the author of the output.
struct Verdict {
  std::string name;      // such as "not-written"; empty when accepted
  std::string sentence;  // what is wrong, where, and what to look at; empty when accepted
  double relative_l2 = 0;
  double max_error = 0;
  double mean_error = 0;

  bool accepted() const { return name.empty(); }

  /// "accepted", or "wrong[name]: sentence".
  std::string text() const;
};

/// A known mistake and the output that it leads to, so that a wrong output can be called by its cause.
struct Hypothesis {
  std::string name;
  std::string sentence;

  /// Makes the output that the mistake leads to, of the same size as the expected one. Called only for wrong outputs.
  /// NaN stands where nobody can tell what comes out (memory outside all arrays was read); it agrees with anything.
  std::function<std::vector<double>()> expected;
};

/// What is compared, and the words to speak about it. Only `actual`, `expected` and `columns` must be given.
struct Comparison {
  std::span<const float> actual;     // [rows][columns]
  std::span<const double> expected;  // [rows][columns], all finite
  int64_t columns = 1;

  std::span<const float> previous = {};     // the output of an earlier launch on other inputs; empty: there was none
  std::vector<Hypothesis> hypotheses = {};  // the first that agrees with a wrong output names it
  std::map<std::string, std::string> hints = {};  // by a rejection's name: a sentence to say after the judge's own

  /// A row in the workload's terms, such as "image 0, query 3, head 1".
  std::function<std::string(int64_t row)> row_name = [](int64_t row) { return "row " + std::to_string(row); };
  std::string column_word = "column";

  /// Says what a wrong element holds, if the inputs were made so that this can be told: "it holds ...". When given,
  /// rows are not searched for other rows' results, because this knows better.
  std::function<std::string(int64_t row, int64_t column)> explain = {};

  Gate gate = {};
};

/// Accepts an output within the gate, and otherwise finds the most telling name for what is wrong. In this order:
///   bad-reference   the expected values themselves are not finite: nothing can be judged
///   not-written     elements still hold the poison (see guarded.h)
///   zeros           every element is 0
///   (a hypothesis)  the output is what a known mistake leads to
///   nan, infinite   elements are NaN or infinite
///   permuted-tiles  the wrong rows hold the results of other rows (looked for where a row has 4 columns or more)
///   stale           the wrong rows hold what they held after the previous launch
///   inaccurate      no element is far off, but all together are: lost precision
///   wrong-elements  how many, the first, the worst
/// An empty output is accepted. Where every expected value is 0, only zeros are accepted.
/// Errors: std::invalid_argument if the sizes do not fit together.
Verdict compare(const Comparison& comparison);

}  // namespace judge
