#include "judge/judge.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "judge/guarded.h"

namespace judge {
namespace {

/// How far `actual` is from `wanted`. Elements whose wanted value is NaN are left out.
struct Errors {
  int64_t compared = 0;
  int64_t wrong = 0;  // elements beyond the tolerance
  double relative_l2 = 0;
  double max = 0;
  double mean = 0;
  double tolerance = 0;  // for one element

  bool within(const Gate& gate) const { return wrong == 0 && relative_l2 <= gate.relative_l2; }
};

/// |actual - wanted|; infinite where that is not a number, so that NaN is beyond every tolerance.
double error_of(double actual, double wanted) {
  const double error = std::abs(actual - wanted);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

template <class Actual>
Errors measure(std::span<const Actual> actual, std::span<const double> wanted, const Gate& gate) {
  Errors errors;
  double squares = 0, error_squares = 0, error_sum = 0;
  int64_t nonzero = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (std::isnan(wanted[i])) continue;
    const double error = error_of(actual[i], wanted[i]);
    ++errors.compared;
    squares += wanted[i] * wanted[i];
    nonzero += wanted[i] != 0;
    error_squares += error * error;
    error_sum += error;
    errors.max = std::max(errors.max, error);
  }
  if (errors.compared == 0) return errors;
  errors.mean = error_sum / static_cast<double>(errors.compared);
  // Where all that is wanted is zero there is no scale to measure against: then no error is small.
  errors.relative_l2 = error_squares == 0 ? 0 : std::sqrt(error_squares / squares);
  // Zeros do not count: many points outside the map must not make the others' rounding look large.
  if (nonzero > 0) errors.tolerance = gate.max_over_rms * std::sqrt(squares / static_cast<double>(nonzero));
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (std::isnan(wanted[i])) continue;
    errors.wrong += !(error_of(actual[i], wanted[i]) <= errors.tolerance);
  }
  return errors;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// "3 of 96 elements are", "1 of 96 elements is".
std::string how_many(int64_t count, size_t total, const std::string& things) {
  return std::to_string(count) + " of " + std::to_string(total) + " " + things + (count == 1 ? " is" : " are");
}

/// One look at a wrong output. Each diagnosis gives its sentence, or nothing where it does not apply.
class Diagnosis {
 public:
  Diagnosis(const Comparison& comparison, const Errors& errors)
      : c_(comparison), errors_(errors), rows_(std::ssize(comparison.expected) / comparison.columns) {
    for (int64_t row = 0; row < rows_; ++row) {
      if (!row_agrees(row, row)) wrong_rows_.push_back(row);
    }
  }

  Verdict find() const {
    Verdict verdict = check_written(c_.actual, [&](int64_t index) { return place(index); });
    if (verdict.accepted()) verdict = zeros();
    if (verdict.accepted()) verdict = hypothesis();
    if (verdict.accepted()) verdict = not_finite("nan", "NaN", [](float value) { return std::isnan(value); });
    if (verdict.accepted()) verdict = not_finite("infinite", "infinite", [](float value) { return std::isinf(value); });
    if (verdict.accepted()) verdict = permuted_tiles();
    if (verdict.accepted()) verdict = stale();
    if (verdict.accepted()) verdict = wrong_elements();
    if (const auto hint = c_.hints.find(verdict.name); hint != c_.hints.end()) verdict.sentence += " " + hint->second;
    return verdict;
  }

 private:
  std::string place(int64_t index) const {
    return c_.row_name(index / c_.columns) + ", " + c_.column_word + " " + std::to_string(index % c_.columns);
  }

  std::span<const float> actual_row(int64_t row) const { return c_.actual.subspan(row * c_.columns, c_.columns); }
  std::span<const double> expected_row(int64_t row) const { return c_.expected.subspan(row * c_.columns, c_.columns); }

  /// Whether row `actual` of the output holds the result that belongs into row `expected`.
  bool row_agrees(int64_t actual, int64_t expected) const {
    return std::ranges::equal(actual_row(actual), expected_row(expected),
                              [&](float a, double e) { return error_of(a, e) <= errors_.tolerance; });
  }

  /// A row of zeros is no evidence: it looks the same wherever it came from.
  bool row_is_zero(int64_t row) const {
    return std::ranges::all_of(actual_row(row), [](float value) { return value == 0; });
  }

  Verdict zeros() const {
    if (!std::ranges::all_of(c_.actual, [](float value) { return value == 0; })) return {};
    const double largest = std::abs(std::ranges::max(c_.expected, {}, [](double value) { return std::abs(value); }));
    return {"zeros", "Every element is 0, where values up to " + number(largest) + " are expected."};
  }

  Verdict hypothesis() const {
    for (const Hypothesis& hypothesis : c_.hypotheses) {
      const std::vector<double> predicted = hypothesis.expected();
      if (predicted.size() != c_.expected.size()) {
        throw std::invalid_argument("Hypothesis " + hypothesis.name + " predicts an output of another size.");
      }
      const Errors match = measure(c_.actual, std::span<const double>(predicted), c_.gate);
      const Errors difference = measure(c_.expected, std::span<const double>(predicted), c_.gate);
      // A prediction that is right, or unknown wherever it is not, agrees with too much to explain anything.
      if (match.within(c_.gate) && !difference.within(c_.gate)) return {hypothesis.name, hypothesis.sentence};
    }
    return {};
  }

  template <class Test>
  Verdict not_finite(const std::string& name, const std::string& what, Test test) const {
    const int64_t count = std::ranges::count_if(c_.actual, test);
    if (count == 0) return {};
    const int64_t first = std::ranges::find_if(c_.actual, test) - c_.actual.begin();
    return {name, how_many(count, c_.actual.size(), "elements") + " " + what + " (first: " + place(first) + ")."};
  }

  Verdict permuted_tiles() const {
    // With few columns, or a row of zeros, a row agrees with others by chance; and a search of all rows for all rows is
    // slow, while a few that are spread over the output tell as much.
    constexpr int64_t min_columns = 4, max_searched = 64;
    if (c_.explain || c_.columns < min_columns || wrong_rows_.empty()) return {};
    const int64_t wrong = std::ssize(wrong_rows_), searched = std::min(wrong, max_searched);
    std::string first;
    for (int64_t i = 0; i < searched; ++i) {
      const int64_t row = wrong_rows_[i * wrong / searched];
      if (row_is_zero(row)) return {};
      int64_t source = 0;
      while (source < rows_ && !row_agrees(row, source)) ++source;
      if (source == rows_) return {};
      if (i == 0) first = c_.row_name(row) + " holds the result of " + c_.row_name(source);
    }
    return {"permuted-tiles",
            how_many(wrong, rows_, "rows") + " wrong, and " +
                (searched < wrong ? "all " + std::to_string(searched) + " that were looked at" : "all") +
                " hold results that belong elsewhere: " + first +
                ". The numbers are right, the places are not: look at the index that is written to, and at those that "
                "are read from."};
  }

  Verdict stale() const {
    if (c_.previous.empty() || wrong_rows_.empty()) return {};
    const bool unchanged = std::ranges::all_of(wrong_rows_, [&](int64_t row) {
      return !row_is_zero(row) &&
             std::ranges::equal(actual_row(row), c_.previous.subspan(row * c_.columns, c_.columns));
    });
    if (!unchanged) return {};
    return {"stale", how_many(wrong_rows_.size(), rows_, "rows") +
                         " wrong, and exactly what the previous launch left there, on other inputs (first: " +
                         c_.row_name(wrong_rows_.front()) +
                         "). This launch reused an old result instead of making its own."};
  }

  Verdict wrong_elements() const {
    if (wrong_rows_.empty()) {
      return {"inaccurate", "No element is far off, but the relative L2 error is " + number(errors_.relative_l2) +
                                ", above " + number(c_.gate.relative_l2) +
                                ": precision is lost. Is every sum kept in float?"};
    }
    const auto error = [&](int64_t index) { return error_of(c_.actual[index], c_.expected[index]); };
    int64_t first = -1, worst = 0;
    for (int64_t i = 0; i < std::ssize(c_.expected); ++i) {
      if (first < 0 && !(error(i) <= errors_.tolerance)) first = i;
      if (error(i) > error(worst)) worst = i;
    }
    const auto values = [&](int64_t index) {
      return place(index) + " holds " + number(c_.actual[index]) + " instead of " + number(c_.expected[index]);
    };
    std::string sentence = how_many(errors_.wrong, c_.expected.size(), "elements") + " wrong. First: " + values(first);
    if (c_.explain) sentence += ": " + c_.explain(first / c_.columns, first % c_.columns);
    sentence += worst == first ? "." : ". Worst: " + values(worst) + ".";
    return {"wrong-elements", sentence};
  }

  const Comparison& c_;
  const Errors& errors_;
  const int64_t rows_;
  std::vector<int64_t> wrong_rows_;
};

Verdict check_guard(const std::string& name, const std::string& array, const std::string& where,
                    std::span<const std::byte> guard, bool nearest_is_last) {
  const auto untouched = [&](size_t i) { return guard[i] == static_cast<std::byte>(poison >> (i % 2 * 8)); };
  int64_t changed = 0;
  size_t nearest = 0;
  for (size_t i = 0; i < guard.size(); ++i) {
    if (untouched(i)) continue;
    if (changed == 0 || nearest_is_last) nearest = i;
    ++changed;
  }
  if (changed == 0) return {};
  const size_t distance = nearest_is_last ? guard.size() - nearest : nearest + 1;
  return {name, "The kernel wrote " + std::to_string(changed) + " bytes " + where + " of the " + array +
                    ", the nearest " + std::to_string(distance) + (distance == 1 ? " byte" : " bytes") +
                    " away: check the index against the array's size before it is used."};
}

}  // namespace

std::string Verdict::text() const { return accepted() ? "accepted" : "wrong[" + name + "]: " + sentence; }

Verdict compare(const Comparison& comparison) {
  const size_t size = comparison.expected.size();
  if (comparison.columns < 1 || size % comparison.columns != 0 || comparison.actual.size() != size ||
      (!comparison.previous.empty() && comparison.previous.size() != size)) {
    throw std::invalid_argument("The outputs to compare must have the same size, a multiple of the number of columns.");
  }
  const auto not_finite =
      std::ranges::find_if_not(comparison.expected, [](double value) { return std::isfinite(value); });
  if (not_finite != comparison.expected.end()) {
    return {"bad-reference", "The expected result itself is not finite at " +
                                 comparison.row_name((not_finite - comparison.expected.begin()) / comparison.columns) +
                                 ": nothing can be judged with these inputs."};
  }
  const Errors errors = measure(comparison.actual, comparison.expected, comparison.gate);
  Verdict verdict;
  if (!errors.within(comparison.gate)) verdict = Diagnosis(comparison, errors).find();
  verdict.relative_l2 = errors.relative_l2;
  verdict.max_error = errors.max;
  verdict.mean_error = errors.mean;
  return verdict;
}

Verdict not_written(size_t count, size_t total, const std::string& first_place) {
  const std::string which = count == total ? "No element was"
                                           : std::to_string(count) + " of " + std::to_string(total) + " elements " +
                                                 (count == 1 ? "was" : "were") + " not";
  return {"not-written", which +
                             " written: what was put there before the launch is still there (first: " + first_place +
                             "). Every element needs one thread that writes it, and none may be read before."};
}

Verdict check_guards(const std::string& array, std::span<const std::byte> before, std::span<const std::byte> after) {
  const Verdict verdict = check_guard("guard-before", array, "before the start", before, true);
  return verdict.accepted() ? check_guard("guard-after", array, "past the end", after, false) : verdict;
}

Verdict check_unmodified(const std::string& input, std::span<const std::byte> before, std::span<const std::byte> after,
                         size_t element_bytes) {
  if (before.size() != after.size()) throw std::invalid_argument("An input must be compared with all of itself.");
  const auto first = std::ranges::mismatch(before, after).in1;
  if (first == before.end()) return {};
  return {"modified-input", "The kernel changed its input `" + input + "`, first at element " +
                                std::to_string((first - before.begin()) / element_bytes) + ": inputs are only read."};
}

}  // namespace judge
