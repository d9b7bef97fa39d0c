#include <bit>
#include <string>

#include "emulator/machine.h"
#include "emulator/source.h"

namespace emulator {

std::string describe(int block, int thread) {
  return "block " + std::to_string(block) + ", warp " + std::to_string(thread / warp_size) + ", lane " +
         std::to_string(thread % warp_size);
}

std::string describe(const Thread& thread) { return describe(thread.block->index, thread.index); }

std::string list_lanes(uint32_t mask) {
  std::string text;
  for (int first = 0; first < warp_size; ++first) {
    if (!(mask >> first & 1)) continue;
    int last = first;
    while (last + 1 < warp_size && (mask >> (last + 1) & 1)) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(first) + (last > first ? "-" + std::to_string(last) : "");
    first = last;
  }
  return (std::has_single_bit(mask) ? "lane " : "lanes ") + text;
}

std::string compose(const Report& report) {
  std::string text = "error[" + report.name + "]: " + report.headline + "\n";
  for (const Report::Side& side : report.sides) {
    text += "   " + to_string(side.code ? source_line(side.code) : source_line(side.here)) + "\n";
    if (!side.note.empty()) text += "      " + side.note + "\n";
  }
  for (const std::string& detail : report.details) text += "   " + detail + "\n";
  if (!report.rule.empty()) text += "   rule: " + report.rule + "\n";
  if (report.name != "todo") {
    text += "   schedule: seed " + std::to_string(options().seed) +
            " (TUTORIAL_SEED=" + std::to_string(options().seed) + " runs only this one)     more: docs/findings/" +
            report.name + ".md\n";
  }
  text.pop_back();
  return text;
}

}  // namespace emulator
