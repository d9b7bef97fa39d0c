// From a launch to its verdict: the schedule that the options ask for, and what follows a finding.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "emulator/finding.h"
#include "emulator/machine.h"
#include "emulator/recorder.h"
#include "emulator/replay.h"
#include "emulator/schedule.h"

namespace emulator {
namespace {

Counts last_counts;
std::optional<Report::Side> last_unwritten_read;
std::vector<Recorded> last_recording;
Explorer* explorer = nullptr;  // while explore() runs

/// Leaves the kernel's launch, and whatever launched it, when a run of explore() has been given up.
struct GivenUp {};

struct Outcome {
  std::optional<Report> report;
  bool gave_up = false;
  std::vector<uint64_t> steps;
};

Outcome execute(const Launch& launch, Schedule& schedule) {
  Machine run(launch, schedule);
  run.run();
  last_counts = run.counts();
  last_unwritten_read = run.unwritten_read;
  last_recording = run.recorder() ? run.recorder()->take() : std::vector<Recorded>{};
  return {run.report(), run.gave_up(), run.steps()};
}

std::unique_ptr<Schedule> schedule_of(const Options& options) {
  if (options.search == Search::timed) return std::make_unique<TimedSchedule>();
  if (options.search == Search::pct) return std::make_unique<PrioritySchedule>(options);
  return std::make_unique<RandomSchedule>(options);
}

// A schedule that gives the same finding in fewer turns, and the finding's report in it.
std::vector<Turn> shorten(const Launch& launch, Outcome& outcome) {
  constexpr std::size_t most_steps = 500'000;  // of all trials together: a fraction of a second
  const int most_trials = static_cast<int>(std::min<std::size_t>(300, most_steps / (outcome.steps.size() + 1)));
  const std::string name = outcome.report->name;
  const auto fails = [&](const std::vector<Turn>& turns) {
    global_memory().restore();
    ListedSchedule listed(turns);
    Outcome trial = execute(launch, listed);
    const bool same = trial.report && trial.report->name == name;
    if (same) outcome = std::move(trial);
    return same;
  };
  return shorten(turns_of(outcome.steps), fails, most_trials);
}

[[noreturn]] void throw_finding(const Report& report, const std::string& schedule) {
  throw Finding(report.name, compose(report, schedule));
}

std::string seed_sentence(const Options& options) {
  std::string text =
      "schedule: seed " + std::to_string(options.seed) + " (TUTORIAL_SEED=" + std::to_string(options.seed);
  if (options.search == Search::pct) text += " TUTORIAL_SEARCH=pct";
  return text + " runs only this one)";
}

std::string replay_sentence(const std::string& file) {
  const char* command = std::getenv("TUTORIAL_COMMAND");
  return "replay: " + (command ? std::string(command) + " --replay " + file : "TUTORIAL_REPLAY=" + file);
}

}  // namespace

Options& options() {
  static Options options;
  return options;
}

const Counts& counts() { return last_counts; }

std::string unwritten_read() { return last_unwritten_read ? compose(*last_unwritten_read) : ""; }

std::vector<Recorded> take_recording() { return std::exchange(last_recording, {}); }

void run(const Launch& launch) {
  if (explorer) {
    const Outcome outcome = execute(launch, *explorer);
    if (outcome.gave_up) throw GivenUp{};
    if (outcome.report) throw_finding(*outcome.report, "schedule: found by exhaustive search");
    return;
  }
  if (const Replay* replay = replay_of(launch)) {
    const Options before = options();
    options() = replay->options;
    ListedSchedule listed(replay->turns);
    const Outcome outcome = execute(launch, listed);
    options() = before;
    if (outcome.report) throw_finding(*outcome.report, "schedule: replayed from " + replay->file);
    return;
  }
  const std::unique_ptr<Schedule> schedule = schedule_of(options());
  Outcome outcome = execute(launch, *schedule);
  if (!outcome.report) return;
  if (outcome.report->name == "todo") throw_finding(*outcome.report, "");
  if (options().search == Search::timed) {
    throw_finding(*outcome.report,
                  "schedule: by the clock, each copy " + std::to_string(options().copy_ticks) + " ticks");
  }
  // A run that would take seconds each time is not shortened.
  const bool is_long = outcome.report->name == "silent-loop" || outcome.steps.size() > 1'000'000;
  if (!options().shortens || is_long) {
    throw_finding(*outcome.report, seed_sentence(options()));
  }
  const std::vector<Turn> turns = shorten(launch, outcome);
  const std::string file = save_replay(launch, turns, outcome.report->name);
  throw_finding(*outcome.report, file.empty() ? seed_sentence(options()) : replay_sentence(file));
}

Exploration explore(const std::function<void()>& run, uint64_t most_schedules, bool caches) {
  Exploration result;
  Explorer search(caches);
  const Options before = options();
  options().shortens = false;
  explorer = &search;
  do {
    if (result.schedules == most_schedules) break;
    ++result.schedules;
    try {
      run();
    } catch (const GivenUp&) {
    } catch (const Finding& finding) {
      result.findings.emplace(finding.name(), finding.what());
    } catch (...) {
      explorer = nullptr;
      options() = before;
      throw;
    }
    result.complete = !search.advance();
  } while (!result.complete);
  explorer = nullptr;
  options() = before;
  result.states = search.states();
  return result;
}

void open_todo(const char* number, Here here) {
  const InsideEmulator inside;
  Report report{"todo", std::string("TODO ") + number + " is not done yet", {{here, nullptr, ""}}, {}, ""};
  if (current) machine->stop(std::move(report));
  throw_finding(report, "");
}

namespace {
std::map<const void*, std::size_t>& shared_memory_limits() {
  static std::map<const void*, std::size_t> limits;
  return limits;
}
}  // namespace

void allow_shared_memory(const void* kernel, std::size_t bytes) { shared_memory_limits()[kernel] = bytes; }

std::size_t allowed_shared_memory(const void* kernel) {
  const auto limit = shared_memory_limits().find(kernel);
  return limit == shared_memory_limits().end() ? 48 * 1024 : limit->second;
}

}  // namespace emulator
