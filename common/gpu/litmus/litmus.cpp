// Runs the litmus tests.
//
//     litmus [--repeats N] [--seed S] [--record FILE]    every row in a process of its own, and a table
//     litmus ROW [--repeats N] [--seed S]                one row in this process, and its outcomes
//     litmus --list                                      the rows and what they ask
//
// N is how often a row is asked: on a GPU N times in each of three launches, without delays and with delays of two
// kinds; on the emulator once in each of N schedules and a fifth as many of PCT's. S is the seed of the only launch or
// schedule.

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gpu/buffer.h"
#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/litmus/litmus.h"
#include "gpu/watchdog.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#include "emulator/finding.h"
#endif

namespace {

using litmus::Row;
using Outcomes = std::map<std::string, uint64_t>;  // how often each was seen

const std::string finding_is = "finding ";  // begins the outcome of a launch that ends with a finding
constexpr uint32_t repeats_of_a_launch = GPU_IS_REAL ? 10'000 : 1;
constexpr int seconds_for_a_row = GPU_IS_REAL ? 30 : 600;

// ---------------------------------------------------------------------------------------------------------------------
// One row, in this process.

// A launch of `repeats` repeats, counted from `first`. Returns the code of each.
std::vector<uint32_t> codes_of(const Row& row, uint32_t repeats, uint32_t first) {
  std::vector<uint32_t> words(litmus::input_words);
  for (uint32_t i = 0; i < words.size(); ++i) words[i] = litmus::input_word(i);
  std::vector<uint32_t> codes(repeats, 0xffffffff);
  const gpu::DeviceBuffer<uint32_t> input("input", std::span<const uint32_t>(words), 0);
  const gpu::DeviceBuffer<uint32_t> output("codes", std::span<const uint32_t>(codes), 0);
  const TensorMap map =
      make_tensor_map(input.data(), {litmus::map_columns, litmus::map_rows}, {litmus::box_columns, litmus::box_rows});
  row.launch({map, input.data(), output.data(), repeats, first});
  gpu::synchronize();
  output.download(codes);
  return codes;
}

std::string name_of(const Row& row, uint32_t code) {
  if (code < std::size(row.outcomes) && row.outcomes[code]) return row.outcomes[code];
  return code == 0xffffffff ? "no outcome" : "outcome " + std::to_string(code);
}

// "timeout" of "error[timeout]: ...", else what stands in the last parentheses: a CUDA error's name.
std::string name_of(const gpu::Error& error) {
  const std::string text = error.what();
  const auto between = [&](std::size_t first, char last) { return text.substr(first, text.find(last, first) - first); };
  if (text.starts_with("error[")) return between(6, ']');
  const std::size_t open = text.rfind('(');
  return open == std::string::npos ? text : between(open + 1, ')');
}

Outcomes ask(const Row& row, uint32_t repeats) {
  Outcomes outcomes;
  std::string message;
  uint32_t launches = 0;
  gpu::for_each_schedule([&] {
    if (gpu::lost()) return;
    try {
      for (const uint32_t code : codes_of(row, repeats, repeats * launches++)) ++outcomes[name_of(row, code)];
#if !GPU_IS_REAL
    } catch (const emulator::Finding& finding) {
      ++outcomes[finding_is + finding.name()];
      message = finding.what();
#endif
    } catch (const gpu::Error& error) {
      ++outcomes[name_of(error)];
      message = error.what();
    }
  });
  if (!message.empty()) std::fprintf(stderr, "%s\n", message.c_str());
  return outcomes;
}

// ---------------------------------------------------------------------------------------------------------------------
// One row, in a process of its own: whatever it does, it has an outcome.

// The output of `command`, and how it ended: as waitpid says it, or -1 if time ran out and it was killed.
std::pair<std::string, int> run(const std::vector<std::string>& command, std::chrono::seconds limit) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("cannot make a pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot start a process");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody is left behind
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv("/proc/self/exe", words.data());
    _exit(127);
  }
  close(ends[1]);
  std::string output;
  bool in_time = true;
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd readable{ends[0], POLLIN, 0};
    in_time = poll(&readable, 1, static_cast<int>(std::max<int64_t>(left, 0))) > 0;
    char bytes[4096];
    const ssize_t count = in_time ? read(ends[0], bytes, sizeof bytes) : 0;
    if (count <= 0) break;
    output.append(bytes, static_cast<std::size_t>(count));
  }
  if (!in_time) kill(child, SIGKILL);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return {output, in_time ? status : -1};
}

// "L01  as promised=30000  too early=1" and the way back.
std::string line_of(const Row& row, const Outcomes& outcomes) {
  std::string line = row.name;
  for (const auto& [outcome, count] : outcomes) line += "  " + outcome + "=" + std::to_string(count);
  return line;
}

Outcomes outcomes_in(const std::string& line) {
  Outcomes outcomes;
  for (std::size_t gap = line.find("  "); gap != std::string::npos;) {
    const std::size_t next = line.find("  ", gap + 2);
    const std::string field = line.substr(gap + 2, next == std::string::npos ? next : next - gap - 2);
    const std::size_t equals = field.rfind('=');
    if (equals != std::string::npos) outcomes[field.substr(0, equals)] = std::strtoull(&field[equals + 1], nullptr, 10);
    gap = next;
  }
  return outcomes;
}

struct Result {
  const Row* row;
  Outcomes outcomes;
  std::string output;  // of the process
};

Result ask_apart(const Row& row, const std::vector<std::string>& options) {
  std::vector<std::string> command{"litmus", row.name};
  command.insert(command.end(), options.begin(), options.end());
  const auto [output, status] = run(command, std::chrono::seconds(seconds_for_a_row));
  std::istringstream lines(output);
  Outcomes outcomes;
  for (std::string line; status == 0 && std::getline(lines, line);) {
    if (line.starts_with(row.name + std::string("  "))) outcomes = outcomes_in(line);
  }
  if (outcomes.empty()) outcomes[status == -1 ? "hang" : "crash"] = 1;
  return {&row, outcomes, output};
}

// ---------------------------------------------------------------------------------------------------------------------
// What it means.

// "ok", "observed" or "violated". An assertion has its first outcome and no other. On the emulator a row that breaks a
// rule has a finding that it names, in some schedule at least; and no row has a finding that it does not name.
std::string verdict_on(const Row& row, const Outcomes& outcomes) {
  const std::string named = std::string(" or ") + row.finding + " or ";
  bool found = false;
  for (const auto& [outcome, count] : outcomes) {
    if (!outcome.starts_with(finding_is)) continue;
    if (named.find(" or " + outcome.substr(finding_is.size()) + " or ") == std::string::npos) return "violated";
    found = true;
  }
  if (!GPU_IS_REAL && *row.finding) return found ? "ok" : "violated";
  if (row.kind == litmus::Kind::observation) return "observed";
  return outcomes.size() == 1 && outcomes.begin()->first == row.outcomes[0] ? "ok" : "violated";
}

const char* kind_of(const Row& row) { return row.kind == litmus::Kind::assertion ? "assertion" : "observation"; }

void print_table(const std::vector<Result>& results) {
  std::size_t width = 0;
  for (const auto& [row, outcomes, output] : results) width = std::max(width, std::string(row->name).size());
  for (const auto& [row, outcomes, output] : results) {
    std::printf("%-*s  %-11s  %-8s ", static_cast<int>(width), row->name, kind_of(*row),
                verdict_on(*row, outcomes).c_str());
    for (const auto& [outcome, count] : outcomes) {
      std::printf(" %llu %s%s", static_cast<unsigned long long>(count), outcome.c_str(),
                  outcome == outcomes.rbegin()->first ? "" : ",");
    }
    std::printf("\n");
  }
}

// Text as JSON has it. Ours has no characters to escape but quotes and backslashes.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) result += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return result + "\"";
}

void record(const std::string& file, const std::vector<Result>& results) {
  const gpu::Device device = gpu::device();
  char date[16];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  const char* commit = std::getenv("TUTORIAL_COMMIT");
  std::ofstream out(file);
  out << "{\n  \"gpu\": " << quoted(device.name) << ",\n  \"driver\": " << quoted(device.driver)
      << ",\n  \"cuda\": " << quoted(device.runtime) << ",\n  \"date\": " << quoted(date)
      << ",\n  \"commit\": " << quoted(commit ? commit : "unknown") << ",\n  \"command\": \"litmus --record\""
      << ",\n  \"rows\": [";
  const char* comma = "\n";
  for (const auto& [row, outcomes, output] : results) {
    out << std::exchange(comma, ",\n") << "    {\"row\": " << quoted(row->name) << ", \"kind\": \"" << kind_of(*row)
        << "\", \"asks\": " << quoted(row->sentence) << ", \"finding\": " << quoted(row->finding)
        << ", \"verdict\": " << quoted(verdict_on(*row, outcomes)) << ", \"outcomes\": {";
    const char* inner = "";
    for (const auto& [outcome, count] : outcomes) out << std::exchange(inner, ", ") << quoted(outcome) << ": " << count;
    out << "}}";
  }
  out << "\n  ]\n}\n";
  if (!out.flush()) throw std::runtime_error(file + " cannot be written");
}

// ---------------------------------------------------------------------------------------------------------------------

struct Arguments {
  std::string row, repeats, seed, file;
  bool lists = false;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 == argc) throw std::runtime_error(word + " needs a value");
      return std::string(argv[++i]);
    };
    const auto number = [&] {
      const std::string text = value();
      uint32_t parsed = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
      if (error != std::errc{} || *end) throw std::runtime_error(word + " needs a whole number, not " + text);
      return text;
    };
    if (word == "--list") {
      arguments.lists = true;
    } else if (word == "--repeats") {
      arguments.repeats = number();
    } else if (word == "--seed") {
      arguments.seed = number();
    } else if (word == "--record") {
      arguments.file = value();
    } else if (word.starts_with("-") || !arguments.row.empty()) {
      throw std::runtime_error("usage: litmus [ROW] [--repeats N] [--seed S] [--record FILE] [--list]");
    } else {
      arguments.row = word;
    }
  }
  return arguments;
}

int run_all(const Arguments& arguments) {
  std::vector<std::string> options;
  if (!arguments.repeats.empty()) options.insert(options.end(), {"--repeats", arguments.repeats});
  if (!arguments.seed.empty()) options.insert(options.end(), {"--seed", arguments.seed});
  std::vector<Result> results;
  for (const Row& row : litmus::rows()) results.push_back(ask_apart(row, options));
  print_table(results);
  if (!arguments.file.empty()) record(arguments.file, results);
  int violated = 0;
  for (const auto& [row, outcomes, output] : results) {
    if (verdict_on(*row, outcomes) != "violated") continue;
    std::printf("\n%s is violated: %s\n%s", row->name, row->sentence, output.c_str());
    ++violated;
  }
  std::printf("%zu rows, %d violated\n", results.size(), violated);
  return violated ? 1 : 0;
}

int run_one(const Arguments& arguments) {
  const auto row = std::ranges::find(litmus::rows(), arguments.row, &Row::name);
  if (row == litmus::rows().end()) throw std::runtime_error("there is no row " + arguments.row + ": see --list");
  if (!arguments.seed.empty()) setenv("TUTORIAL_SEED", arguments.seed.c_str(), 1);
  uint32_t repeats = repeats_of_a_launch;
#if GPU_IS_REAL
  if (!arguments.repeats.empty()) repeats = static_cast<uint32_t>(std::stoul(arguments.repeats));
  watchdog::options().patience_ns = 500'000'000;
#else
  if (!arguments.repeats.empty()) setenv("TUTORIAL_SCHEDULES", arguments.repeats.c_str(), 1);
  emulator::options().shortens = false;
#endif
  const Outcomes outcomes = ask(*row, repeats);
  std::printf("%s\n", line_of(*row, outcomes).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse(argc, argv);
    if (arguments.lists) {
      for (const Row& row : litmus::rows()) std::printf("%s (%s): %s\n", row.name, kind_of(row), row.sentence);
      return 0;
    }
    if (const std::string reason = gpu::why_not(90); !reason.empty()) {
      std::printf("skipped: %s\n", reason.c_str());
      return 77;
    }
    return arguments.row.empty() ? run_all(arguments) : run_one(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "litmus: %s\n", error.what());
    return 2;
  }
}
