#include "emulator/report.h"

#include <algorithm>
#include <bit>

#include "emulator/machine.h"
#include "emulator/source.h"

namespace emulator {
namespace {

// The line's barriers of this block, in memory order.
std::vector<const Barrier*> siblings_of(const Block& block, const Barrier& barrier) {
  std::vector<const Barrier*> siblings;
  for (std::size_t i = 0; i < block.barrier_count; ++i) {
    const Barrier* other = block.barriers[i].get();
    if (other->init_site.line != barrier.init_site.line || other->init_site.file != barrier.init_site.file) continue;
    if (other->initialiser != barrier.initialiser) continue;  // of another warp's ring
    if (std::ranges::none_of(siblings, [&](const Barrier* b) { return b->address == other->address; })) {
      siblings.push_back(other);
    }
  }
  std::ranges::sort(siblings, {}, &Barrier::address);
  return siblings;
}

// "full" of `mbarrier_init(shared.full[stage], 1);`: the name of what the call is given.
std::string argument_name(const std::string& line) {
  const std::string call = "mbarrier_init(";
  const auto begin = line.find(call);
  if (begin == std::string::npos) return "";
  std::string name;
  for (const char c : line.substr(begin + call.size())) {
    if (c == '.' || c == '>' || c == '-' || c == '&' || c == '*') {
      name.clear();
    } else if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
      name += c;
    } else {
      break;
    }
  }
  return name;
}

}  // namespace

Slot slot_of(const Block& block, const Barrier& barrier) {
  const auto siblings = siblings_of(block, barrier);
  Slot slot{0, static_cast<int>(siblings.size())};
  while (siblings[static_cast<std::size_t>(slot.index)]->address != barrier.address) ++slot.index;
  return slot;
}

std::string name_of(const Block& block, const Barrier& barrier) {
  const SourceLine line = source_line(barrier.init_site);
  const std::string name = argument_name(line.text);
  const Slot slot = slot_of(block, barrier);
  const std::string index = slot.count == 1 ? "" : "[" + std::to_string(slot.index) + "]";
  return name.empty() ? "the barrier of line " + std::to_string(line.line) + index : "`" + name + index + "`";
}

std::string name_of(const Copy& copy) { return "copy #" + std::to_string(copy.number); }

std::string place(Here here) {
  const SourceLine line = source_line(here);
  return line.file.substr(line.file.rfind('/') + 1) + ":" + std::to_string(line.line);
}

std::string bytes_of(std::size_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

std::string describe_in_block(int thread) {
  return "warp " + std::to_string(thread / warp_size) + ", lane " + std::to_string(thread % warp_size);
}

std::string describe(int block, int thread) {
  return "block " + std::to_string(block) + ", " + describe_in_block(thread);
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

std::string compose(const Report::Side& side) {
  const std::string text = "   " + to_string(side.code ? source_line(side.code) : source_line(side.here)) + "\n";
  return side.note.empty() ? text : text + "      " + side.note + "\n";
}

std::string compose(const Report& report, const std::string& schedule) {
  std::string text = "error[" + report.name + "]: " + report.headline + "\n";
  for (const Report::Side& side : report.sides) text += compose(side);
  for (const std::string& detail : report.details) text += "   " + detail + "\n";
  if (!report.rule.empty()) text += "   rule: " + report.rule + "\n";
  if (!schedule.empty()) {
    text += "   " + schedule + "     more: docs/findings/" + report.name + ".md\n";
  }
  text.pop_back();
  return text;
}

}  // namespace emulator
