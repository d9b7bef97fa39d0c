#pragma once

// Runs a list of async_kernels.h on memory that the test owns, and keeps all that came of it.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "emulator/control.h"
#include "emulator/finding.h"
#include "emulator/tests/async_kernels.h"
#include "gpu/buffer.h"

namespace async_kernels {

constexpr int64_t unanswered = std::numeric_limits<int64_t>::min();

struct Result {
  std::string finding;  // its name, "" if there is none
  std::string message;
  std::vector<int64_t> answers;  // by step
  std::vector<int> memory;       // the global words afterwards
};

/// Global words 0 to 63 are 0 at first, the others hold their number.
constexpr int first_numbered_word = 64;
constexpr int global_words = 320;

inline Result run(const Program& program) {
  std::vector<int> memory(global_words);
  std::iota(memory.begin() + first_numbered_word, memory.end(), first_numbered_word);
  std::vector<int64_t> answers(Program::most_steps, unanswered);
  const gpu::DeviceBuffer<int> device_memory("memory", std::span<const int>(memory), 0);
  const gpu::DeviceBuffer<int64_t> device_answers("answers", std::span<const int64_t>(answers), 0);
  Result result;
  try {
    run(program, device_memory.data(), device_answers.data());
  } catch (const emulator::Finding& finding) {
    result.finding = finding.name();
    result.message = finding.what();
  }
  device_memory.download(memory);
  device_answers.download(answers);
  result.memory = memory;
  result.answers = answers;
  return result;
}

/// Sets options for as long as it lives.
class With {
 public:
  explicit With(const emulator::Options& options) : before_(emulator::options()) { emulator::options() = options; }
  ~With() { emulator::options() = before_; }
  With(const With&) = delete;
  With& operator=(const With&) = delete;

 private:
  emulator::Options before_;
};

}  // namespace async_kernels
