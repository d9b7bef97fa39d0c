// The mbarrier against a plain model of it: random programs, one operation after another.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "emulator/tests/async_result.h"

namespace {

using namespace async_kernels;

constexpr int64_t most = 1048575;  // arrivals, or bytes

struct Bar {
  bool live = false;
  int initialiser = 0;
  bool fenced = false;  // since its init, by the initialiser
  int64_t phase = 0, expected = 0, pending = 0, tx = 0;
  bool observed = false;  // the phase before
  int64_t copied_for = -1, observed_last = -1;
  std::vector<int> tokens;  // the steps that returned one

  void complete_if_nothing_is_outstanding(int& phases) {
    if (pending != 0 || tx != 0) return;
    ++phase;
    ++phases;
    pending = expected;
    observed = false;
  }
};

/// What PTX says, with the emulator's eager copies: they land at their request.
struct Model {
  std::array<Bar, 4> bars;
  std::map<int, int64_t> token_of_step;
  std::array<int, 3> asked_bar{-1, -1, -1};  // per thread: its last question that was answered with "not yet"
  std::array<int64_t, 3> asked_phase{};
  bool forgets_a_copy = false;  // a bar that is no more had a copy that nobody waited for
  int phases = 0;

  struct Outcome {
    std::set<std::string> broken;  // rules
    std::optional<int64_t> answer;
  };

  /// The rules that an arrival breaks.
  static void check_arrival(const Bar& bar, int64_t count, std::set<std::string>& broken) {
    if (count < 1 || count > most) broken.insert("bad-count");
    if (bar.phase > 0 && !bar.observed) broken.insert("phase-not-observed");
    if (bar.pending < count) broken.insert("too-many-arrivals");
  }
  static void check_bytes(const Bar& bar, int64_t bytes, std::set<std::string>& broken) {
    if (bytes > most || bar.tx + bytes > most) broken.insert("bad-count");
  }

  Outcome init(Bar& bar, int thread, int64_t count) {
    Outcome outcome;
    if (count < 1 || count > most) outcome.broken.insert("bad-count");
    if (bar.live) outcome.broken.insert("init-on-live-barrier");
    if (!outcome.broken.empty()) return outcome;
    forgets_a_copy = forgets_a_copy || bar.copied_for > bar.observed_last;
    bar = {};
    bar.live = true;
    bar.initialiser = thread;
    bar.expected = bar.pending = count;
    return outcome;
  }

  Outcome arrive(Bar& bar, int step, int64_t count, int64_t bytes, bool drops) {
    Outcome outcome;
    check_arrival(bar, count, outcome.broken);
    check_bytes(bar, bytes, outcome.broken);
    if (drops && bar.expected == 1) outcome.broken.insert("dropped-to-zero");
    if (!outcome.broken.empty()) return outcome;
    outcome.answer = token_of_step[step] = bar.phase;
    bar.tokens.push_back(step);
    if (drops) --bar.expected;
    bar.tx += bytes;
    bar.pending -= count;
    bar.complete_if_nothing_is_outstanding(phases);
    return outcome;
  }

  Outcome answer(int thread, int number, bool is_complete) {
    Bar& bar = bars[number];
    if (!is_complete) {
      asked_bar[thread] = number;
      asked_phase[thread] = bar.phase;
    } else if (asked_bar[thread] == number) {
      asked_bar[thread] = -1;
    }
    if (is_complete && bar.phase > 0) {
      bar.observed = true;
      bar.observed_last = bar.phase - 1;
    }
    return {{}, is_complete};
  }
  /// A thread that asks until it is told "yes" has missed the phase that it asked for.
  bool is_late(int thread, int number, int64_t parity) const {
    return asked_bar[thread] == number && (asked_phase[thread] & 1) == parity &&
           bars[number].phase > asked_phase[thread] + 1;
  }

  Outcome execute(const Step& step, int number) {
    if (step.op == Op::init_fence || step.op == Op::proxy_fence) {
      for (Bar& bar : bars) bar.fenced = bar.fenced || bar.initialiser == step.thread;
      return {};
    }
    const auto which = static_cast<int>(step.op == Op::bulk ? step.d : step.a);
    Bar& bar = bars[which];
    if (step.op == Op::init) return init(bar, step.thread, step.b);
    if (!bar.live) return {{"barrier-not-initialized"}, {}};
    switch (step.op) {
      case Op::invalidate:
        bar.live = false;
        bar.tokens.clear();
        std::replace(asked_bar.begin(), asked_bar.end(), which, -1);
        return {};
      case Op::arrive:
        return arrive(bar, number, step.b, 0, false);
      case Op::arrive_expect:
        return arrive(bar, number, 1, step.b, false);
      case Op::drop:
        return arrive(bar, number, 1, 0, true);
      case Op::arrive_noinc: {
        Outcome outcome = arrive(bar, number, 1, 0, false);
        bar.tokens.erase(std::remove(bar.tokens.begin(), bar.tokens.end(), number), bar.tokens.end());
        outcome.answer.reset();
        return outcome;
      }
      case Op::arrive_copied: {  // adds the arrival that it makes
        Outcome outcome;
        ++bar.pending;
        check_arrival(bar, 1, outcome.broken);
        --bar.pending;
        return outcome;
      }
      case Op::expect: {
        Outcome outcome;
        check_bytes(bar, step.b, outcome.broken);
        bar.tx += step.b;
        return outcome;
      }
      case Op::test_token: {
        const int64_t token = token_of_step[static_cast<int>(step.b)];
        if (bar.phase > token + 1) return {{"phase-lapped"}, {}};
        return answer(step.thread, which, bar.phase == token + 1);
      }
      case Op::test_parity:
      case Op::try_parity:
        if (step.b > 1) return {{"bad-count"}, {}};
        if (is_late(step.thread, which, step.b)) return {{"phase-lapped"}, {}};
        return answer(step.thread, which, (bar.phase & 1) != step.b);
      case Op::bulk: {
        Outcome outcome;
        if (!bar.fenced) outcome.broken.insert("unfenced-init");
        bar.copied_for = bar.phase;
        bar.tx -= step.c;
        bar.complete_if_nothing_is_outstanding(phases);
        return outcome;
      }
      default:
        return {};
    }
  }

  /// What is wrong when all have left.
  bool has_unobserved_copy() const {
    return forgets_a_copy ||
           std::any_of(bars.begin(), bars.end(), [](const Bar& bar) { return bar.copied_for > bar.observed_last; });
  }
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  /// A step that may be wrong. Copies go to `slot`, 64 bytes that no other step uses.
  Step step(const Model& model, int threads, int slot) {
    Step step;
    step.thread = below(threads);
    step.a = below(3) == 0 ? below(4) : 0;  // mostly one bar, or nothing happens to any
    const Bar& bar = model.bars[static_cast<std::size_t>(step.a)];
    if (!bar.live && below(8) != 0) {
      step.op = Op::init;
      step.b = count();
      return step;
    }
    switch (below(18)) {
      case 0:
        step.op = below(3) == 0 ? Op::init : Op::init_fence;
        step.b = count();
        break;
      case 1:
        step.op = below(4) == 0 ? Op::invalidate : Op::proxy_fence;
        break;
      case 2:
      case 3:
      case 4:
        step.op = Op::arrive;
        step.b = below(3) == 0 ? bar.pending : count();
        break;
      case 5:
      case 6:
        step.op = Op::arrive_expect;
        step.b = bytes();
        break;
      case 7:
        step.op = Op::expect;
        step.b = bytes();
        break;
      case 8:
        step.op = Op::drop;
        break;
      case 9:
        step.op = below(2) == 0 ? Op::arrive_noinc : Op::arrive_copied;
        break;
      case 10:
      case 11:
        step.op = Op::test_token;
        break;
      case 12:
      case 13:
      case 14:
        step.op = below(2) == 0 ? Op::test_parity : Op::try_parity;
        step.b = below(20) == 0 ? 2 : below(2);
        break;
      default:
        step.op = Op::bulk;
        step.d = step.a;
        step.a = 16 * slot;
        step.b = global + first_numbered_word;
        step.c = bar.tx > 0 && bar.tx <= 64 && bar.tx % 16 == 0 ? bar.tx : 16 * (1 + below(4));
        break;
    }
    return step;
  }

 private:
  int64_t count() { return below(6) != 0 ? 1 + below(3) : std::array<int64_t, 4>{0, most, most + 1, 1000}[below(4)]; }
  int64_t bytes() {
    if (below(12) == 0) return std::array<int64_t, 4>{0, most, most + 1, most - 16}[below(4)];
    return 16 * below(4);
  }
  std::mt19937 random_;
};

// A token is good for its own thread, and for the bar's present life.
bool find_token(const Model& model, const Program& program, Step& step, Generator& generator) {
  const std::vector<int>& tokens = model.bars[static_cast<std::size_t>(step.a)].tokens;
  if (tokens.empty()) return false;
  step.b = tokens[tokens.size() - 1 - static_cast<std::size_t>(generator.below(std::min(3, int(tokens.size()))))];
  step.thread = program.steps[step.b].thread;
  return true;
}

// Nobody promises what an expectation does that brings the bytes of a phase to 0 when all have arrived.
bool is_undecided(const Model& model, const Step& step) {
  const Bar& bar = model.bars[static_cast<std::size_t>(step.a)];
  return step.op == Op::expect && bar.pending == 0 && bar.tx + step.b == 0;
}

void check_random_programs(int threads, int rounds, unsigned seed) {
  Generator generator(seed);
  std::map<std::string, int> found;
  emulator::Options options;
  options.completion = emulator::Completion::eager;
  options.shortens = false;
  const With with(options);
  for (int round = 0; round < rounds; ++round) {
    Model model;
    Program program;
    program.threads = threads;
    program.in_order = true;
    std::set<std::string> broken;
    std::vector<std::optional<int64_t>> answers;
    int copies = 0;
    const int most_steps = 5 + generator.below(60);
    while (program.size < std::min(most_steps, Program::most_steps) && broken.empty()) {
      Step step = generator.step(model, threads, copies);
      if (step.op == Op::test_token && !find_token(model, program, step, generator)) continue;
      if (step.op == Op::bulk && copies == 16) continue;
      if (step.op != Op::bulk && is_undecided(model, step)) continue;
      Model next = model;
      const Model::Outcome outcome = next.execute(step, program.size);
      if (!outcome.broken.empty() && generator.below(20) != 0) continue;  // put most of them off
      copies += step.op == Op::bulk;
      model = next;
      broken = outcome.broken;
      answers.push_back(outcome.answer);
      program.add(step);
    }
    if (broken.empty() && model.has_unobserved_copy()) broken.insert("exit-with-copy-in-flight");

    const Result result = run(program);
    CAPTURE(round);
    CAPTURE(result.message);
    if (broken.empty()) {
      REQUIRE(result.finding == "");
      REQUIRE(emulator::counts().barrier_phases == static_cast<uint64_t>(model.phases));
    } else {
      REQUIRE(broken.count(result.finding) == 1);
    }
    ++found[result.finding];
    for (std::size_t i = 0; i < answers.size(); ++i) {
      CAPTURE(i);
      REQUIRE(result.answers[i] == answers[i].value_or(unanswered));
    }
  }
  for (const std::string name :
       {"", "barrier-not-initialized", "init-on-live-barrier", "bad-count", "too-many-arrivals", "phase-not-observed",
        "phase-lapped", "dropped-to-zero", "unfenced-init", "exit-with-copy-in-flight"}) {
    CAPTURE(name);
    CHECK(found[name] >= rounds / 400);
  }
}

// In whatever schedule, one of `findings`.
void check_always(const std::set<std::string>& findings, int threads, const std::vector<Step>& steps) {
  Program program;
  program.threads = threads;
  for (const Step& step : steps) program.add(step);
  emulator::Options options = emulator::options();
  options.shortens = false;
  for (options.seed = 0; options.seed < 30; ++options.seed) {
    const With with(options);
    const Result result = run(program);
    CAPTURE(options.seed);
    INFO(result.message);
    REQUIRE(findings.count(result.finding) == 1);
  }
}

}  // namespace

TEST_CASE("an mbarrier does in random programs what a plain model of it does, and breaks a rule where the model does") {
  check_random_programs(1, 6000, 1);
}

TEST_CASE("an mbarrier does the same whichever threads of a block take turns at it") {
  check_random_programs(3, 3000, 2);
}

TEST_CASE("an mbarrier is there for other threads behind a barrier of the block, and only there") {
  const Step init{0, Op::init, 0, 2}, meet{everybody, Op::block_barrier}, arrive{1, Op::arrive, 0, 1};
  check_always({""}, 2, {init, meet, arrive});
  check_always({""}, 2, {init, {everybody, Op::warp_barrier, 3}, arrive});
  check_always({"barrier-not-initialized"}, 2, {init, arrive});
  check_always({"barrier-not-initialized"}, 2, {meet, init, arrive});
  check_always({"barrier-not-initialized"}, 2, {init, {everybody, Op::ballot, 3, 1}, arrive});
  check_always({"barrier-not-initialized"}, 2, {init, {everybody, Op::ballot, 3, 1}, {1, Op::test_parity, 0, 0}});
}

TEST_CASE("an mbarrier is invalidated when nobody uses it any more") {
  const Step init{0, Op::init, 0, 2}, fence{0, Op::init_fence}, meet{everybody, Op::block_barrier};
  const Step arrive{1, Op::arrive, 0, 1}, end{0, Op::invalidate, 0};
  check_always({""}, 2, {init, meet, arrive, meet, end, {0, Op::init, 0, 1}, meet, arrive});
  check_always({""}, 2, {init, meet, arrive, meet, end, {0, Op::store, bar_word(0), 1}});
  check_always({"barrier-not-initialized", "invalidated-in-use"}, 2, {init, meet, arrive, end});
  check_always({"invalidated-in-use"}, 2, {init, meet, arrive, {everybody, Op::ballot, 3, 1}, end});
  check_always({"barrier-not-initialized", "invalidated-in-use"}, 2, {init, meet, {1, Op::wait_parity, 0, 0}, end});
  const std::vector<Step> in_flight{init, fence, {0, Op::bulk, 0, global, 64, 0}, end};
  check_always({"invalidated-in-use", "exit-with-copy-in-flight"}, 1, in_flight);
  emulator::Options options;
  options.completion = emulator::Completion::lazy;
  {
    const With with(options);
    check_always({"invalidated-in-use"}, 1, in_flight);
  }
  check_always({"barrier-overwritten"}, 1, {init, fence, {0, Op::bulk, bar_word(0), global, 16, 0}});
  check_always({"barrier-overwritten"}, 2, {init, meet, {1, Op::load, bar_word(0) + 1}});
  check_always({"barrier-overwritten"}, 2, {init, meet, {1, Op::store, bar_word(0), 1}});
}

TEST_CASE("a phase ends for all who wait for it, and for those who come later") {
  const Step init{0, Op::init, 0, 1}, meet{everybody, Op::block_barrier};
  std::vector<Step> steps{init, meet};
  for (int t = 1; t < 8; ++t) steps.push_back({t, t % 2 ? Op::wait_parity : Op::spin_parity, 0, 0});
  for (int t = 1; t < 8; ++t) steps.push_back({t, Op::load, 0});
  steps.insert(steps.begin() + 2, {{0, Op::store, 0, 7}, {0, Op::arrive, 0, 1}});
  check_always({""}, 8, steps);
  CHECK(emulator::counts().barrier_phases == 1);
  CHECK(emulator::counts().waits >= 7);
}

TEST_CASE("a barrier is named by its place among those that the same thread initialised: its slot in that ring") {
  // Each of two threads initialises a ring of two, at the same line; the second waits for its second in vain.
  const std::initializer_list<Step> steps{{0, Op::init, 0, 1},
                                          {0, Op::init, 1, 1},
                                          {1, Op::init, 2, 1},
                                          {1, Op::init, 3, 1},
                                          {everybody, Op::block_barrier},
                                          {1, Op::wait_parity, 3, 0}};
  const Result result = run(Program(2, steps));
  CHECK(result.finding == "deadlock");
  CHECK(result.message.find("`bars[1]`") != std::string::npos);
  CHECK(result.message.find("`bars[3]`") == std::string::npos);
}
