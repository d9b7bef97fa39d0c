#include "emulator/tests/bugs/collection.h"

#include <algorithm>
#include <cstring>
#include <iomanip>
#include <map>
#include <random>
#include <sstream>

#include "gpu/buffer.h"
#include "gpu/device.h"
#include "gpu/error.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#include "emulator/finding.h"
#endif

namespace bugs {
namespace {

constexpr int poison = 0x7feb7feb;
constexpr int guard = 64;  // ints before and after each buffer
constexpr int ints = tiles * tile_ints;

std::vector<const Bug*>& collection() {
  static std::vector<const Bug*> all;
  return all;
}

std::string place(int index) {
  return "element " + std::to_string(index % tile_ints) + " of tile " + std::to_string(index / tile_ints);
}

// What is wrong with the output's storage, which should hold `input` between two bands of poison; "" if nothing is.
std::string judge(const std::vector<int>& storage, const std::vector<int>& input) {
  for (int i = -guard; i < ints + guard; ++i) {
    const int value = storage[guard + i];
    if (i < 0 || i >= ints) {
      if (value != poison) return "memory outside the output was written, at output[" + std::to_string(i) + "]";
    } else if (value == poison) {
      return place(i) + " was never written";
    } else if (value != input[i]) {
      const auto of = std::ranges::find(input, value);
      return place(i) + " is wrong: it holds " +
             (of == input.end() ? std::to_string(value) + ", which is no element of the input"
                                : place(static_cast<int>(of - input.begin())));
    }
  }
  return "";
}

// How often each finding is among `findings`, as a JSON object.
std::string counts(const std::vector<std::string>& findings) {
  std::map<std::string, int> counts;
  for (const std::string& name : findings) {
    if (!name.empty()) ++counts[name];
  }
  std::ostringstream json;
  for (const auto& [name, count] : counts) {
    json << (json.tellp() > 0 ? ", " : "{") << std::quoted(name) << ": " << count;
  }
  return json.str() + "}";
}

}  // namespace

Bug::Bug(const char* name_, const Facts& facts_, Start wrong_, Start fixed_)
    : name(name_), facts(facts_), wrong(wrong_), fixed(fixed_) {
  const auto by_name = [](const Bug* a, const Bug* b) { return std::strcmp(a->name, b->name) < 0; };
  collection().insert(std::ranges::upper_bound(collection(), this, by_name), this);
}

std::span<const Bug* const> all() { return collection(); }

bool expects(const Facts& facts, const std::string& name) {
  std::istringstream words(facts.finding);
  for (std::string word; words >> word;) {
    if (word == name && word != "or") return true;
  }
  return false;
}

Outcome run(Start start) {
  std::mt19937 random(1);
  std::vector<int> input(ints), output(ints + 2 * guard, poison);
  for (int i = 0; i < ints; ++i) input[i] = i << 16 | static_cast<int>(random() & 0xffff);
  const gpu::DeviceBuffer<int> device_input("input", std::span<const int>(input), 0);
  const gpu::DeviceBuffer<int> device_output("output", std::span<const int>(output), guard);
  Outcome outcome;
#if GPU_IS_REAL
  start(device_output.data(), device_input.data());
  gpu::synchronize();
#else
  try {
    start(device_output.data(), device_input.data());
  } catch (const emulator::Finding& finding) {
    outcome.finding = finding.name();
    outcome.message = finding.what();
  }
#endif
  device_output.download(output);
  outcome.wrong = judge(output, input);
  return outcome;
}

std::vector<std::string> findings_of([[maybe_unused]] const Bug& bug, [[maybe_unused]] int schedules) {
#if GPU_IS_REAL
  throw gpu::Error("schedules are chosen on the emulator only: use a build of `cmake --preset emulator`");
#else
  std::vector<std::string> findings;
  emulator::options().shortens = false;
  for (int seed = 0; seed < schedules; ++seed) {
    emulator::options().seed = static_cast<uint64_t>(seed);
    findings.push_back(run(bug.wrong).finding);
  }
  emulator::options() = {};
  return findings;
#endif
}

std::string record() {
  constexpr int schedules = 64;
  std::ostringstream json;
  json << "{\n  \"schedules\": " << schedules << ",\n  \"bugs\": {";
  const char* separator = "\n";
  for (const Bug* const bug : all()) {
    const std::vector<std::string> findings = findings_of(*bug, std::max(schedules, bug->facts.schedules));
    const auto is_found = [](const std::string& name) { return !name.empty(); };
    const auto first = std::ranges::find_if(findings, is_found);
    if (first == findings.end()) throw gpu::Error(std::string(bug->name) + " is not found: make its tests pass first");
    json << separator << "    " << std::quoted(bug->name) << ": {\"mistake\": " << std::quoted(bug->facts.mistake)
         << ", \"pitfall\": " << bug->facts.pitfall << ", \"findings\": " << counts(findings)
         << ", \"found\": " << std::count_if(findings.begin(), findings.begin() + schedules, is_found)
         << ", \"first\": " << first - findings.begin() << "}";
    separator = ",\n";
  }
  json << "\n  }\n}\n";
  return json.str();
}

}  // namespace bugs
