#pragma once

#include <string>
#include <vector>

#include "emulator/emulator.h"
#include "emulator/schedule.h"

namespace emulator {

/// A schedule from a file.
struct Replay {
  std::string file;
  Options options;
  std::vector<Turn> turns;
};

/// Writes the schedule of `turns`, under which `launch` gives `finding`, to a file of the folder that the environment's
/// TUTORIAL_REPLAY_FOLDER names, and returns its path; "" without such a folder, or where it cannot be written.
std::string save_replay(const Launch& launch, const std::vector<Turn>& turns, const std::string& finding);

/// The schedule in the file that the environment's TUTORIAL_REPLAY names, if it is one of a launch of this shape; null
/// otherwise. Errors: std::runtime_error if there is no such file, or if it is not a schedule.
const Replay* replay_of(const Launch& launch);

}  // namespace emulator
