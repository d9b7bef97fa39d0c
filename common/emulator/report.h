#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gpu/here.h"

namespace emulator {

struct Barrier;
struct Block;
struct Copy;
struct Thread;

/// A finding in the making: what is known at the moment when the rule is broken. The text is composed after the
/// run has been stopped, on the host's stack.
struct Report {
  struct Side {
    Here here{};                 // where, if a call of the layer,
    const void* code = nullptr;  // or the address of an access
    std::string note;            // "write of 4 bytes   block 0, warp 2, lane 5"
  };
  std::string name;
  std::string headline;
  std::vector<Side> sides;
  std::vector<std::string> details;
  std::string rule;
};

/// A side in two lines: the place with its line of code, and the note.
std::string compose(const Report::Side& side);
/// Composes a report's message. `schedule` says how to see it again.
std::string compose(const Report& report, const std::string& schedule);

// Words that reports share.

/// "block 0, warp 2, lane 5"
std::string describe(const Thread& thread);
std::string describe(int block, int thread);
/// "warp 2, lane 5"
std::string describe_in_block(int thread);
/// "lanes 0-7, 12"
std::string list_lanes(uint32_t mask);
/// "1 byte", "4 bytes"
std::string bytes_of(std::size_t bytes);
/// "full[1]": after the expression that mbarrier_init was called with, and the barrier's place among those that the
/// same thread initialised at the same line.
std::string name_of(const Block& block, const Barrier& barrier);
/// How many barriers the thread that initialised this one has initialised at the same line, and which of them this is:
/// the ring's stages, and the slot.
struct Slot {
  int index = 0, count = 1;
};
Slot slot_of(const Block& block, const Barrier& barrier);
/// "copy #3"
std::string name_of(const Copy& copy);
/// "kernel.cu:41"
std::string place(Here here);

}  // namespace emulator
