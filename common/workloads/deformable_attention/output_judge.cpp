#include "workloads/deformable_attention/output_judge.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "judge/guarded.h"
#include "workloads/deformable_attention/mistakes.h"
#include "workloads/deformable_attention/reference.h"

namespace deformable_attention {

std::string row_name(const Shape& shape, int64_t row) {
  return "image " + std::to_string(row / shape.heads / shape.queries) + ", query " +
         std::to_string(row / shape.heads % shape.queries) + ", head " + std::to_string(row % shape.heads);
}

OutputJudge::OutputJudge(const Inputs& inputs, std::vector<int64_t> rows)
    : inputs_(inputs), rows_(std::move(rows)), expected_((validate(inputs), reference(inputs, rows_))) {}

judge::Verdict OutputJudge::judge(std::span<const half> output, std::span<const half> previous) const {
  const Shape& shape = inputs_.shape;
  const int64_t channels = shape.channels;
  if (std::ssize(output) != shape.output_count() || (!previous.empty() && previous.size() != output.size())) {
    throw std::invalid_argument("The output has " + std::to_string(output.size()) + " elements, but the shape needs " +
                                std::to_string(shape.output_count()) + ".");
  }
  judge::Verdict verdict = judge::check_written(output, [&](int64_t index) {
    return row_name(shape, index / channels) + ", channel " + std::to_string(index % channels);
  });
  if (!verdict.accepted()) return verdict;

  const std::vector<float> actual = selected(output), actual_previous = selected(previous);
  judge::Comparison comparison{
      .actual = actual, .expected = expected_, .columns = channels, .previous = actual_previous};
  comparison.hypotheses = mistakes(inputs_, rows_);
  comparison.hints = hints();
  comparison.row_name = [&](int64_t row) { return row_name(shape, rows_[row]); };
  comparison.column_word = "channel";
  if (inputs_.address_coded) {
    comparison.explain = [&](int64_t row, int64_t channel) { return explain(actual, row, channel); };
  }
  return judge::compare(comparison);
}

std::vector<float> OutputJudge::selected(std::span<const half> output) const {
  std::vector<float> rows;
  if (output.empty()) return rows;
  rows.reserve(expected_.size());
  const int64_t channels = inputs_.shape.channels;
  for (const int64_t row : rows_) {
    for (const half& element : output.subspan(row * channels, channels)) rows.push_back(__half2float(element));
  }
  return rows;
}

std::string OutputJudge::explain(std::span<const float> actual, int64_t row, int64_t channel) const {
  const size_t chunk = row * inputs_.shape.channels + channel / 8 * 8;
  std::array<float, 8> expected;
  std::copy_n(expected_.begin() + chunk, 8, expected.begin());
  const auto name = [&](std::span<const float, 8> codes, const std::string& otherwise) {
    const auto address = decode(codes);
    return address ? describe(inputs_.shape, *address) : otherwise;
  };
  return "it holds " + name(actual.subspan(chunk).first<8>(), "no single pixel") + " where " +
         name(expected, "another value") + " belongs";
}

}  // namespace deformable_attention
