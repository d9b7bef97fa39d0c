#include "emulator/source.h"

#include <link.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <vector>

namespace emulator {
namespace {

std::string shortened(const std::string& file) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(file, error).lexically_normal();
  const auto relative = absolute.lexically_relative(std::filesystem::current_path(error));
  const std::string text = relative.string();
  return text.empty() || text.starts_with("../../..") ? absolute.string() : text;
}

std::string read_line(const std::string& file, int number) {
  std::ifstream stream(file);
  std::string text;
  for (int i = 0; i < number; ++i) {
    if (!std::getline(stream, text)) return "";
  }
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin);
}

SourceLine make(const std::string& file, int line) { return {shortened(file), line, read_line(file, line)}; }

// The program is position-independent: debug information speaks of addresses relative to where it was loaded.
uintptr_t load_address() {
  uintptr_t address = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* result) {
        *static_cast<uintptr_t*>(result) = object->dlpi_addr;
        return 1;
      },
      &address);
  return address;
}

std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return lines;
  std::array<char, 4096> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe.get())) {
    std::string line = buffer.data();
    if (line.ends_with('\n')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

// Asks addr2line; see source_line.
SourceLine look_up(const void* code) {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  std::array<char, 32> address;
  const auto offset = reinterpret_cast<uintptr_t>(code) - 1 - load_address();  // -1: inside the call, not after it
  std::snprintf(address.data(), address.size(), "0x%zx", static_cast<std::size_t>(offset));
  SourceLine best;
  for (const std::string& frame : lines_of("addr2line -i -e '" + program + "' " + address.data() + " 2>/dev/null")) {
    const auto colon = frame.rfind(':');
    if (colon == std::string::npos || frame.starts_with("??")) continue;
    const int line = std::atoi(frame.c_str() + colon + 1);
    if (line == 0) continue;
    best = make(frame.substr(0, colon), line);
    if (frame.find("common/gpu/") == std::string::npos && !frame.starts_with("/usr/")) return best;
  }
  return best;
}

}  // namespace

SourceLine source_line(const void* code) {
  static std::map<const void*, SourceLine> known;  // starting addr2line takes longer than most runs
  const auto found = known.find(code);
  return found != known.end() ? found->second : known[code] = look_up(code);
}

SourceLine source_line(Here here) { return make(here.file, here.line); }

std::string to_string(const SourceLine& line) {
  if (line.line == 0) return "(a line without debug information: compile the kernel file with -g)";
  return line.file + ":" + std::to_string(line.line) + "   " + line.text;
}

}  // namespace emulator
