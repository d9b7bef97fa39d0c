#include "workloads/deformable_attention/output_judge.h"

#include <algorithm>
#include <utility>

#include "workloads/deformable_attention/mistakes.h"
#include "workloads/deformable_attention/reference.h"

namespace deformable_attention {
namespace {

workloads::Expectation expectation(const Inputs& inputs, std::vector<int64_t> rows) {
  validate(inputs);
  const Shape& shape = inputs.shape;
  workloads::Expectation expectation{
      .elements = shape.output_count(),
      .columns = shape.channels,
      .column_word = "channel",
      .rows = std::move(rows),
      .expected = {},
      .mistakes = {},
      .hints = hints(),
      .row_name = [&shape](int64_t row) { return row_name(shape, row); },
  };
  expectation.expected = reference(inputs, expectation.rows);
  expectation.mistakes = mistakes(inputs, expectation.rows);
  if (inputs.address_coded) {
    expectation.source = [&shape](std::span<const float> row, int64_t channel) -> std::optional<std::string> {
      const auto address = decode(row.subspan(channel / 8 * 8).first<8>());
      if (address) return describe(shape, *address);
      const bool is_zero = std::ranges::all_of(row, [](float value) { return value == 0; });
      return is_zero ? std::optional("zeros (as if from outside of every map)") : std::nullopt;
    };
    expectation.no_source = "no single pixel";
  }
  return expectation;
}

}  // namespace

std::string row_name(const Shape& shape, int64_t row) {
  return "image " + std::to_string(row / shape.heads / shape.queries) + ", query " +
         std::to_string(row / shape.heads % shape.queries) + ", head " + std::to_string(row % shape.heads);
}

OutputJudge::OutputJudge(const Inputs& inputs, std::vector<int64_t> rows)
    : workloads::OutputJudge(expectation(inputs, std::move(rows))) {}

}  // namespace deformable_attention
