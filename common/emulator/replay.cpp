#include "emulator/replay.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace emulator {
namespace {

constexpr const char* first_line = "phase-by-phase schedule, version 1";

std::string shape_of(const Launch& launch) {
  std::ostringstream text;
  const auto add = [&](dim3 size) { text << size.x << 'x' << size.y << 'x' << size.z << ' '; };
  add(launch.grid);
  add(launch.block);
  text << launch.shared_bytes;
  return text.str();
}

std::string text_of(const Launch& launch, const std::vector<Turn>& turns, const std::string& finding) {
  const Options& options = emulator::options();
  std::ostringstream text;
  text << first_line << '\n'
       << "finding " << finding << '\n'
       << "launch " << shape_of(launch) << '\n'
       << "seed " << options.seed << '\n'
       << "completion " << static_cast<int>(options.completion) << '\n'
       << "policy " << static_cast<int>(options.policy) << '\n'
       << "resident-blocks " << options.resident_blocks << '\n'
       << "# who takes how many steps; then whoever can goes on\n";
  for (const Turn& turn : turns) {
    const uint64_t thread = turn.agent >> 24, copy = turn.agent & 0xffffff;
    text << "block " << thread / 1024 << " thread " << thread % 1024 << " copy " << copy << " steps " << turn.steps
         << '\n';
  }
  return text.str();
}

struct Loaded {
  std::string launch;
  Replay replay;
};

Loaded load(const std::string& file) {
  const auto fail = [&](const std::string& why) {
    throw std::runtime_error("TUTORIAL_REPLAY names " + file + ", and " + why);
  };
  std::ifstream stream(file);
  std::string line;
  if (!stream) fail("that file cannot be read: a finding's message names its replay file");
  if (!std::getline(stream, line) || line != first_line) fail("that file is not a schedule of this emulator");
  Loaded loaded;
  loaded.replay.file = file;
  Options& options = loaded.replay.options;
  options.shortens = false;
  const auto number_up_to = [&](std::istringstream& words, int least, int most) {
    int number = 0;
    words >> number;
    if (number < least || number > most) words.setstate(std::ios::failbit);
    return number;
  };
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "launch") {
      std::getline(words >> std::ws, loaded.launch);
    } else if (key == "seed") {
      words >> options.seed;
    } else if (key == "completion") {
      options.completion = static_cast<Completion>(number_up_to(words, 0, static_cast<int>(Completion::lazy)));
    } else if (key == "policy") {
      options.policy = static_cast<Policy>(number_up_to(words, 0, static_cast<int>(Policy::hardware)));
    } else if (key == "resident-blocks") {
      options.resident_blocks = number_up_to(words, 1, 1 << 20);
    } else if (key == "block") {
      uint64_t block = 0, thread = 0, copy = 0;
      uint32_t steps = 0;
      std::string word;
      words >> block >> word >> thread >> word >> copy >> word >> steps;
      loaded.replay.turns.push_back({(block * 1024 + thread) << 24 | copy, steps});
    } else if (key != "finding" && !key.starts_with('#')) {
      words.setstate(std::ios::failbit);
    }
    if (words.fail()) fail("this line of it cannot be read: \"" + line + "\"");
  }
  if (loaded.launch.empty()) fail("it does not say of which launch it is a schedule");
  return loaded;
}

bool is_used = false;

void tell_if_unused() {
  if (is_used) return;
  std::fprintf(stderr,
               "no launch here has the shape of the schedule in %s: it is of another chapter, or the kernel's block or "
               "shared memory was of another size.\n",
               std::getenv("TUTORIAL_REPLAY"));
}

}  // namespace

std::string save_replay(const Launch& launch, const std::vector<Turn>& turns, const std::string& finding) {
  const char* folder = std::getenv("TUTORIAL_REPLAY_FOLDER");
  if (!folder) return "";
  const std::string text = text_of(launch, turns, finding);
  uint64_t hash = 0;
  for (const char letter : text) hash = combine(hash, static_cast<unsigned char>(letter));
  char digits[8];
  std::snprintf(digits, sizeof digits, "%05x", static_cast<unsigned>(hash & 0xfffff));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string file = (std::filesystem::path(folder) / (finding + "-" + digits)).string();
  std::ofstream stream(file);
  stream << text;
  return stream ? file : "";
}

const Replay* replay_of(const Launch& launch) {
  static const std::optional<Loaded> loaded = []() -> std::optional<Loaded> {
    const char* file = std::getenv("TUTORIAL_REPLAY");
    if (!file) return std::nullopt;
    Loaded loaded = load(file);
    std::atexit(tell_if_unused);
    return loaded;
  }();
  if (!loaded || loaded->launch != shape_of(launch)) return nullptr;
  is_used = true;
  return &loaded->replay;
}

}  // namespace emulator
