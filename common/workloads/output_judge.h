#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gpu/half.h"
#include "judge/judge.h"

namespace workloads {

/// What a workload expects of an output, for one set of inputs, and the words to speak about it.
struct Expectation {
  int64_t elements;              // of the whole output
  int64_t columns;               // elements of a row
  std::string column_word;       // "channel"
  std::vector<int64_t> rows;     // the rows that are judged
  std::vector<double> expected;  // [rows.size()][columns]
  std::vector<judge::Hypothesis> mistakes;
  std::map<std::string, std::string> hints;
  std::function<std::string(int64_t row)> row_name;  // by the row's place in the whole output: "image 0, query 3"

  /// For inputs whose outputs tell where they came from: the source of the element at `column` of an output's row, or
  /// nothing where it carries no single one's name. Otherwise empty.
  std::function<std::optional<std::string>(std::span<const float> row, int64_t column)> source = {};
  std::string no_source = {};  // what is said where there is nothing: "no single pixel"
};

/// Judges outputs for one set of inputs. A workload's own judge is made from this one by stating what it expects.
class OutputJudge {
 public:
  explicit OutputJudge(Expectation expectation);
  OutputJudge(const OutputJudge&) = delete;  // mistakes refer to the rows beside them

  /// `output` is the whole output as the kernel left it, poisoned before the launch (judge/guarded.h); whether it was
  /// written is asked of every element, its correctness of the selected rows. `previous`: the whole output of an
  /// earlier launch on other inputs, if there was one.
  /// Errors: std::invalid_argument if an output has another size than the shape says.
  judge::Verdict judge(std::span<const half> output, std::span<const half> previous = {}) const;

 private:
  std::vector<float> selected(std::span<const half> output) const;
  std::string explain(std::span<const float> actual, int64_t row, int64_t column) const;

  const Expectation e_;
};

}  // namespace workloads
