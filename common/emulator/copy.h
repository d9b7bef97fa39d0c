#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gpu/here.h"

namespace emulator {

struct Barrier;
struct Block;

/// An asynchronous copy, from its request to its landing: an agent that the scheduler may let take a step at any time.
struct Copy {
  enum class Kind { bulk, tensor, cp_async };
  /// A contiguous part of the destination.
  struct Segment {
    std::size_t offset = 0;             // in the destination
    const std::byte* source = nullptr;  // null: filled
    std::size_t bytes = 0;
  };

  Block* block = nullptr;
  int number = 0;      // in its block, from 1: messages name a copy by it
  int issuer = 0;      // thread
  uint64_t agent = 0;  // see Machine::agent_of
  Kind kind = Kind::bulk;
  Here site{};
  std::byte* destination = nullptr;
  std::size_t bytes = 0;
  uint16_t fill = 0;  // the pattern of filled segments: zeros or a NaN
  std::vector<Segment> segments;
  int stream = 0;              // as an agent of clocks
  uint32_t epoch = 0;          // complete when a clock has seen this epoch of the stream
  Barrier* barrier = nullptr;  // bulk and tensor: what it reports to
  uint64_t phase = 0;          // of the barrier, at the request
  int group = 0;               // cp_async: counted per thread from 0

  // How it lands.
  bool from_the_end = false;
  int steps = 1;            // still to come
  std::size_t written = 0;  // bytes
  bool landed = false;

  // In a timed run.
  uint64_t lands_at = 0;   // earliest
  std::size_t record = 0;  // its place in the recording
};

}  // namespace emulator
