#include "workloads/output_judge.h"

#include <stdexcept>
#include <utility>

#include "judge/guarded.h"

namespace workloads {

OutputJudge::OutputJudge(Expectation expectation) : e_(std::move(expectation)) {}

judge::Verdict OutputJudge::judge(std::span<const half> output, std::span<const half> previous) const {
  if (std::ssize(output) != e_.elements || (!previous.empty() && previous.size() != output.size())) {
    throw std::invalid_argument("The output has " + std::to_string(output.size()) + " elements, but the shape needs " +
                                std::to_string(e_.elements) + ".");
  }
  judge::Verdict verdict = judge::check_written(output, [&](int64_t index) {
    return e_.row_name(index / e_.columns) + ", " + e_.column_word + " " + std::to_string(index % e_.columns);
  });
  if (!verdict.accepted()) return verdict;

  const std::vector<float> actual = selected(output), actual_previous = selected(previous);
  judge::Comparison comparison{
      .actual = actual, .expected = e_.expected, .columns = e_.columns, .previous = actual_previous};
  comparison.hypotheses = e_.mistakes;
  comparison.hints = e_.hints;
  comparison.row_name = [&](int64_t row) { return e_.row_name(e_.rows[row]); };
  comparison.column_word = e_.column_word;
  if (e_.source) comparison.explain = [&](int64_t row, int64_t column) { return explain(actual, row, column); };
  return judge::compare(comparison);
}

std::vector<float> OutputJudge::selected(std::span<const half> output) const {
  std::vector<float> rows;
  if (output.empty()) return rows;
  rows.reserve(e_.expected.size());
  for (const int64_t row : e_.rows) {
    for (const half& element : output.subspan(row * e_.columns, e_.columns)) rows.push_back(__half2float(element));
  }
  return rows;
}

std::string OutputJudge::explain(std::span<const float> actual, int64_t row, int64_t column) const {
  const auto wanted = std::span(e_.expected).subspan(row * e_.columns, e_.columns);
  const std::vector<float> expected(wanted.begin(), wanted.end());
  return "it holds " + e_.source(actual.subspan(row * e_.columns, e_.columns), column).value_or(e_.no_source) +
         " where " + e_.source(expected, column).value_or("another value") + " belongs";
}

}  // namespace workloads
