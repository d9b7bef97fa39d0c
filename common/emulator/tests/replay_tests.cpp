// The same schedule again: by its seed, shortened, and from a file in another process.

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emulator/tests/async_result.h"
#include "emulator/tests/ring.h"

namespace {

using namespace async_kernels;

bool equal(const emulator::Counts& a, const emulator::Counts& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// Everything that a run of some copies, barriers and atomics leaves behind.
struct Trace {
  Result result;
  emulator::Counts counts;
};

Trace run_once(const emulator::Options& options) {
  const With with(options);
  Program program(4, {{0, Op::init, 0, 4}, {0, Op::init_fence}, {everybody, Op::block_barrier}});
  program.add({0, Op::expect, 0, 64});
  program.add({0, Op::bulk, 0, global, 64, 0});
  for (int i = 0; i < 4; ++i) {
    for (int t = 0; t < 4; ++t) program.add({t, Op::add, global + 32, 1});
  }
  program.add({everybody, Op::arrive, 0, 1});
  program.add({1, Op::try_parity, 0, 0});
  program.add({everybody, Op::wait_parity, 0, 0});
  return {run(program), emulator::counts()};
}

// Two threads write to one place if the second finds the first's mark, among six others that do something else.
Program late_race() {
  Program program;
  program.threads = 8;
  for (int i = 0; i < 6; ++i) {
    for (int t = 2; t < 8; ++t) program.add({t, Op::add, global + 32 + t, 1});
  }
  program.add({0, Op::load, global});
  program.add({0, Op::skip_unless, 0, 3});  // only on memory as it was at first
  program.add({0, Op::store, global, 1});
  program.add({0, Op::store, global + 4, 1});
  program.add({0, Op::volatile_store, global + 8, 1});
  program.add({1, Op::add, global + 1, 1});
  program.add({1, Op::volatile_load, global + 8});
  program.add({1, Op::skip_unless, 1, 1});
  program.add({1, Op::store, global + 4, 2});
  return program;
}

// A ring that reads its second lap too early, as it is run here and in the child process.
std::string message_of_ring() {
  std::vector<int> input(32 * 8), output(4);
  std::iota(input.begin(), input.end(), 0);
  const gpu::DeviceBuffer<int> device_input("input", std::span<const int>(input), 0);
  const gpu::DeviceBuffer<int> device_output("output", std::span<const int>(output), 0);
  const auto launch = [&](int consumers, ring::Ring::Mistake mistake) {
    ring::two_stages({.consumers = consumers, .tiles = 8, .mistake = mistake}, device_output.data(),
                     device_input.data());
  };
  try {
    launch(1, ring::Ring::Mistake::none);  // of another shape: no business of the replay's
    launch(3, ring::Ring::Mistake::parity_never_flips);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no finding";
}

// All but the last line, which names the schedule.
std::string without_schedule(const std::string& message) { return message.substr(0, message.rfind('\n')); }

// A folder that goes with the test, named by TUTORIAL_REPLAY_FOLDER.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "replay_tests_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path_ = name;
    setenv("TUTORIAL_REPLAY_FOLDER", (path_ / "made").c_str(), 1);
  }
  ~Folder() {
    unsetenv("TUTORIAL_REPLAY_FOLDER");
    std::filesystem::remove_all(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// The replay file that a message names.
  static std::string named_by(const std::string& message) {
    const std::string before = "TUTORIAL_REPLAY=";
    const std::size_t begin = message.find(before);
    REQUIRE(begin != std::string::npos);
    const std::size_t first = begin + before.size();
    return message.substr(first, message.find(' ', first) - first);
  }
  std::string write(const std::string& text) const {
    const std::string file = path_ / "written";
    std::ofstream(file) << text;
    return file;
  }

 private:
  std::filesystem::path path_;
};

std::string content_of(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

int turns_in(const std::string& file) {
  const std::string text = content_of(file);
  int turns = 0;
  for (std::size_t at = text.find("\nblock "); at != std::string::npos; at = text.find("\nblock ", at + 1)) ++turns;
  return turns;
}

constexpr const char* child_says = "the child says:";

// What a process of its own says in which the ring runs under TUTORIAL_REPLAY.
std::string output_of_replay(const std::string& file) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      "TUTORIAL_REPLAY='" + file + "' timeout 20 '" + self + "' --no-skip --test-case='child of the replay tests' 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  const int status = pclose(pipe);
  CAPTURE(output);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return output;
}

// What the ring says there.
std::string replay(const std::string& file) {
  const std::string output = output_of_replay(file);
  const std::size_t begin = output.find(child_says) + std::strlen(child_says);
  return output.substr(begin, output.find("\n\n", begin) - begin);
}

}  // namespace

TEST_CASE("child of the replay tests" * doctest::skip()) {
  std::printf("%s%s\n\n", child_says, message_of_ring().c_str());
}

TEST_CASE("the same seed gives the same run, and other seeds give others") {
  std::set<std::vector<int64_t>> answers;
  std::set<uint64_t> steps;
  int runs = 0;
  for (const auto search : {emulator::Search::random, emulator::Search::pct}) {
    for (const auto completion : {emulator::Completion::any, emulator::Completion::eager, emulator::Completion::lazy}) {
      for (uint64_t seed = 0; seed < 30; ++seed) {
        emulator::Options options;
        options.seed = seed;
        options.search = search;
        options.completion = completion;
        const Trace first = run_once(options), second = run_once(options);
        REQUIRE(first.result.finding == "");
        CHECK(first.result.answers == second.result.answers);
        CHECK(first.result.memory == second.result.memory);
        CHECK(equal(first.counts, second.counts));
        answers.insert(first.result.answers);
        steps.insert(first.counts.steps);
        ++runs;
      }
    }
  }
  CHECK(answers.size() > static_cast<std::size_t>(runs) / 3);
  CHECK(steps.size() > 5);
}

TEST_CASE("the same seed gives the same finding, to the letter") {
  std::set<std::string> messages;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    emulator::Options options;
    options.seed = seed;
    const With with(options);
    const std::string message = message_of_ring();
    CHECK(message == message_of_ring());
    CHECK(message.find("seed " + std::to_string(seed) + " (TUTORIAL_SEED=" + std::to_string(seed) + " runs only") !=
          std::string::npos);
    messages.insert(without_schedule(message));
  }
  CHECK(messages.size() > 1);
  emulator::Options options;
  options.search = emulator::Search::pct;
  const With with(options);
  CHECK(message_of_ring().find("TUTORIAL_SEED=0 TUTORIAL_SEARCH=pct runs only this one") != std::string::npos);
}

TEST_CASE("a shortened schedule gives the same finding in few turns, each time on memory as it was at first") {
  const Folder folder;
  const Program program = late_race();
  int found = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    emulator::Options options;
    options.seed = seed;
    const With with(options);
    CAPTURE(seed);
    options.shortens = false;
    std::string finding;
    {
      const With whole(options);
      finding = run(program).finding;
    }
    const Result result = run(program);
    CHECK(result.finding == finding);
    if (finding == "") continue;
    ++found;
    CHECK(finding == "volatile-orders-nothing");
    CHECK(turns_in(Folder::named_by(result.message)) <= 3);
    CHECK(result.answers[36] == 0);
    for (int t = 2; t < 8; ++t) CHECK(result.memory[static_cast<std::size_t>(32 + t)] <= 6);
  }
  CHECK(found > 5);
}

TEST_CASE("a replay file gives the same finding in another process") {
  const Folder folder;
  for (const auto search : {emulator::Search::random, emulator::Search::pct}) {
    for (const auto completion : {emulator::Completion::any, emulator::Completion::lazy}) {
      emulator::Options options;
      options.seed = 7;
      options.search = search;
      options.completion = completion;
      options.policy = emulator::Policy::guide;
      const With with(options);
      const std::string message = message_of_ring();
      CHECK(message.find("error[") == 0);
      const std::string file = Folder::named_by(message);
      const std::string again = replay(file);
      CHECK(without_schedule(again) == without_schedule(message));
      CHECK(again.find("schedule: replayed from " + file) != std::string::npos);
    }
  }
}

TEST_CASE("where a message tells how to replay, it names the command that the reader has used") {
  const Folder folder;
  setenv("TUTORIAL_COMMAND", "./lab check 3", 1);
  const std::string message = message_of_ring();
  unsetenv("TUTORIAL_COMMAND");
  CHECK(message.find("replay: ./lab check 3 --replay /") != std::string::npos);
}

TEST_CASE("where no replay file can be written, the message names the seed") {
  setenv("TUTORIAL_REPLAY_FOLDER", "/dev/null/nowhere", 1);
  const std::string message = message_of_ring();
  unsetenv("TUTORIAL_REPLAY_FOLDER");
  CHECK(message.find("schedule: seed 0 (TUTORIAL_SEED=0 runs only this one)") != std::string::npos);
}

TEST_CASE("a replay file that is missing, foreign or damaged is refused with a sentence") {
  const Folder folder;
  const std::string text = content_of(Folder::named_by(message_of_ring()));
  CHECK(replay("/nowhere/at/all").find("/nowhere/at/all, and that file cannot be read") != std::string::npos);
  const auto refuses = [&](const std::string& damaged, const std::string& sentence) {
    const std::string said = replay(folder.write(damaged));
    CAPTURE(damaged);
    CAPTURE(said);
    CHECK(said.find("TUTORIAL_REPLAY names ") == 0);
    CHECK(said.find('\n') == std::string::npos);  // one sentence
    CHECK(said.find(sentence) != std::string::npos);
  };
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string copy = text;
    REQUIRE(copy.find(from) != std::string::npos);
    return copy.replace(copy.find(from), from.size(), to);
  };
  refuses(changed("launch ", "# launch "), "does not say of which launch");
  refuses("", "is not a schedule of this emulator");
  refuses("something else\n" + text, "is not a schedule of this emulator");
  refuses(changed("version 1", "version 0"), "is not a schedule of this emulator");
  refuses(changed("seed ", "seed x"), "this line of it cannot be read: \"seed x");
  refuses(changed("\nblock 0 thread", "\nblock 0 thread x"), "this line of it cannot be read: \"block 0 thread x");
  refuses(changed("\nblock", "\nblok"), "this line of it cannot be read: \"blok");
  refuses(changed("resident-blocks 4", "resident-blocks 0"), "this line of it cannot be read: \"resident-blocks 0");
  refuses(changed("completion 0", "completion 3"), "this line of it cannot be read: \"completion 3");
  refuses(changed("policy 0", "policy -1"), "this line of it cannot be read: \"policy -1");
}

TEST_CASE("a replay file that no launch of the program fits is said to be of no use") {
  const Folder folder;
  const std::string message = message_of_ring(), file = Folder::named_by(message);
  const std::string unused = "no launch here has the shape of the schedule in ";
  CHECK(output_of_replay(file).find(unused) == std::string::npos);
  std::string text = content_of(file);
  const std::size_t shape = text.find("4x1x1");
  REQUIRE(shape != std::string::npos);
  const std::string output = output_of_replay(folder.write(text.replace(shape, 5, "5x1x1")));
  CHECK(output.find(unused) != std::string::npos);
  CHECK(output.find("replayed from") == std::string::npos);
}
