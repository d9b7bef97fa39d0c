#include "workloads/attention/output_judge.h"

#include <utility>

#include "workloads/attention/mistakes.h"
#include "workloads/attention/reference.h"

namespace attention {
namespace {

workloads::Expectation expectation(const Inputs& inputs, std::vector<int64_t> rows) {
  validate(inputs);
  const Shape& shape = inputs.shape;
  workloads::Expectation expectation{
      .elements = shape.output_count(),
      .columns = shape.dim,
      .column_word = "dim",
      .rows = std::move(rows),
      .expected = {},
      .mistakes = {},
      .hints = hints(),
      .row_name = [&shape](int64_t row) { return row_name(shape, row); },
  };
  expectation.expected = reference(inputs, expectation.rows);
  expectation.mistakes = mistakes(inputs, expectation.rows);
  if (inputs.address_coded) {
    expectation.source = [](std::span<const float> row, int64_t dim) -> std::optional<std::string> {
      const auto address = decode(row.subspan(dim / 16 * 16).first<16>());
      if (!address) return {};
      return "the value of " + describe(*address);
    };
    expectation.no_source = "no single value";
  }
  return expectation;
}

}  // namespace

std::string row_name(const Shape& shape, int64_t row) {
  return "batch " + std::to_string(row / shape.queries / shape.heads) + ", head " +
         std::to_string(row / shape.queries % shape.heads) + ", query " + std::to_string(row % shape.queries);
}

OutputJudge::OutputJudge(const Inputs& inputs, std::vector<int64_t> rows)
    : workloads::OutputJudge(expectation(inputs, std::move(rows))) {}

}  // namespace attention
