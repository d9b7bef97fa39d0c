#pragma once

#include <string>

#include "gpu/here.h"

namespace emulator {

/// A line of source: the place, and what stands there.
struct SourceLine {
  std::string file;  // relative to the working directory where that is shorter
  int line = 0;
  std::string text;  // without indentation; empty if the file cannot be read
};

/// The line that the code address `code` (as returned to by a call) was compiled from: the innermost inlined frame that
/// is neither in the layer (common/gpu) nor in a system header. Uses binutils' addr2line, which comes with the
/// compiler; slow, for messages only.
SourceLine source_line(const void* code);
SourceLine source_line(Here here);

/// "chapters/01_baseline/kernel.cu:41   sum += ..."
std::string to_string(const SourceLine& line);

}  // namespace emulator
