#pragma once

// Litmus tests: one small question each to the machine that kernels run on, asked many times. One source, two builds:
// what a GPU answers where PTX promises something, the emulator must answer, too.

#include <cstdint>
#include <vector>

#include "gpu/tensor_map.h"

namespace litmus {

/// assertion: PTX promises one outcome, and any other one is an error. observation: a rule is broken, or PTX leaves the
/// outcome open; what the machine does is written down.
enum class Kind { assertion, observation };

constexpr uint32_t input_words = 16 * 1024;

/// What input[i] is: never 0, and no two are equal.
static constexpr uint32_t input_word(uint32_t i) { return (i + 1) * 2654435761u; }

/// The repeats of one launch.
struct Repeats {
  TensorMap map;          // the first words of `input` as map_rows x map_columns, boxes of box_rows x box_columns
  const uint32_t* input;  // [input_words]
  uint32_t* codes;        // [count]: each repeat writes its outcome here, an index of Row::outcomes
  uint32_t count;
  uint32_t first;  // the number of the first repeat: later launches go on counting
};
constexpr int map_columns = 12, map_rows = 5;
constexpr int box_columns = 8, box_rows = 4;

struct Row {
  const char* name;
  Kind kind;
  const char* sentence;     // what is asked
  const char* outcomes[5];  // what the codes stand for. An assertion promises the first one
  const char* finding;      // what the emulator reports, in some schedule at least: "this or that"; "" if nothing
  void (*launch)(const Repeats&);
};

/// Adds a row; kernel files do it before main(). Returns true.
bool register_row(const Row& row);

/// All rows, by name.
const std::vector<Row>& rows();

}  // namespace litmus
