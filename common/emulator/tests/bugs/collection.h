#pragma once

// The collection: each .cu file of this folder holds one kernel in two forms that differ at one place, wrong as people
// write it, and fixed. All do the same work: they copy `tiles` tiles from `input` to `output` by way of shared memory.
// So a fixed twin must give output == input, and most wrong ones do not, sometimes.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bugs {

constexpr int tiles = 5;  // two laps of a ring of two slots, and one more
constexpr int tile_ints = 32;
constexpr uint32_t tile_bytes = 4 * tile_ints;

/// What is known of a bug.
struct Facts {
  const char* mistake;  // what was done wrong, in half a sentence
  const char* finding;  // what the emulator must report: "read-in-flight", or "this or that" if the schedule decides
  int pitfall = 0;      // its number in the list of pitfalls; 0 for what only the field has reported
  int schedules = 64;   // within so many the first report must come
};

/// Launches one of the two kernels on `tiles` tiles of device memory.
using Start = void (*)(int* output, int* input);

/// A wrong program and its fixed twin. Making one enters it into the collection.
struct Bug {
  Bug(const char* name, const Facts& facts, Start wrong, Start fixed);
  Bug(const Bug&) = delete;
  const char* name;  // its file's
  Facts facts;
  Start wrong;
  Start fixed;
};

/// All of them, by name.
std::span<const Bug* const> all();

/// What a run came to: the emulator's finding, if there was one, and what is wrong with the output, if anything is.
struct Outcome {
  std::string finding;  // its name
  std::string message;
  std::string wrong;  // one sentence
};

/// Runs a kernel once, on fresh buffers: `input` tells tile and element in each of its values, `output` is poisoned.
/// Errors: gpu::Error if the GPU reports one.
Outcome run(Start start);

/// Whether `name` is one of the findings in `facts`.
bool expects(const Facts& facts, const std::string& name);

/// What the emulator reports of a wrong program in schedules 0, 1, 2, ...: a finding's name, or "".
/// Errors: gpu::Error on a GPU, where no schedule can be chosen.
std::vector<std::string> findings_of(const Bug& bug, int schedules);

/// In how many of its first 64 schedules each wrong program is found, and in which first, as JSON.
/// Errors: gpu::Error on a GPU, and if one is not found.
std::string record();

}  // namespace bugs
