#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "gpu/device.h"
#include "trace/trace.h"

namespace trace {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      result += escape;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string object(const Event& e) {
  const std::string end = e.end ? std::to_string(*e.end) : "null";
  return "{\"kind\": " + quoted(e.kind) + ", \"block\": " + std::to_string(e.block) +
         ", \"thread\": " + std::to_string(e.thread) + ", \"lanes\": " + std::to_string(e.lanes) +
         ", \"begin\": " + std::to_string(e.begin) + ", \"end\": " + end + ", \"object\": " + quoted(e.object) +
         ", \"place\": " + std::to_string(e.place) + ", \"phase\": " + std::to_string(e.phase) +
         ", \"bytes\": " + std::to_string(e.bytes) + ", \"line\": " + std::to_string(e.line) + "}";
}

}  // namespace

void write(const std::string& file, const Setting& setting, const std::vector<Run>& runs) {
  std::ofstream out(file);
  out << "{\"machine\": " << quoted(GPU_IS_REAL ? gpu::device().name : "the emulator") << ", \"unit\": \"" << (GPU_IS_REAL ? "ns" : "ticks")
      << "\", \"copy_ticks\": " << (GPU_IS_REAL ? 0 : setting.copy_ticks) << ", \"shape\": " << quoted(setting.shape)
      << ", \"runs\": [";
  const char* between = "\n";
  for (const Run& run : runs) {
    out << between << "{\"configuration\": " << quoted(run.configuration) << ", \"wrong\": " << quoted(run.wrong)
        << ", \"events\": [";
    const char* comma = "\n";
    for (const Event& event : run.events) {
      out << comma << object(event);
      comma = ",\n";
    }
    out << "]}";
    between = ",\n";
  }
  out << "]}\n";
  out.close();
  if (!out) throw std::runtime_error("the trace could not be written to " + file + ": is there room, and may you?");
}

}  // namespace trace
