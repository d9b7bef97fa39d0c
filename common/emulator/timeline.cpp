#include "emulator/timeline.h"

#include <algorithm>

#include "emulator/machine.h"

namespace emulator {
namespace {

std::string text_of(const Event& event) {
  const std::string value = std::to_string(event.value);
  switch (event.kind) {
    case Event::Kind::initialised:
      return "initialised it for " + value + (event.value == 1 ? " arrival a phase" : " arrivals a phase");
    case Event::Kind::invalidated:
      return "invalidated it";
    case Event::Kind::arrived:
      return event.value == 1 ? "arrived" : "arrived " + value + " times";
    case Event::Kind::expected:
      return "expected " + bytes_of(static_cast<std::size_t>(event.value));
    case Event::Kind::dropped:
      return "arrived and dropped out";
    case Event::Kind::completed:
      return "phase " + value + " complete";
    case Event::Kind::waited:
      return event.value < 0 ? "wait passed at once: fresh, parity 1" : "wait passed: phase " + value;
    case Event::Kind::waited_again:
      return "wait passed at once: phase " + value + " again";
    case Event::Kind::waited_later:
      return "wait passed: phase " + value + ", the one before not seen";
    case Event::Kind::asked:
      return "asked: phase " + value + " not complete";
    case Event::Kind::blocked:
      return "began to wait for phase " + value;
    case Event::Kind::requested:
      return "requested " + name_of(*event.copy) + " for phase " + value;
    case Event::Kind::landed:
      return name_of(*event.copy) + " landed";
  }
  return "";
}

// Whether two events are one to a person: the lanes of a warp that do the same.
bool are_alike(const Event& a, const Event& b) {
  return a.kind == b.kind && a.value == b.value && a.copy == b.copy && a.here.line == b.here.line && a.thread >= 0 &&
         b.thread >= 0 && a.thread / warp_size == b.thread / warp_size;
}

}  // namespace

std::vector<Event> Timeline::events() const {
  std::vector<Event> events = events_;
  if (next_ > 0) {
    std::ranges::rotate(events, events.begin() + static_cast<std::ptrdiff_t>(next_ % most));
  }
  return events;
}

std::string tell_stale_wait(const Block& block) {
  const std::vector<Event> events = block.timeline.events();
  const auto found =
      std::ranges::find_if(events, [](const Event& event) { return event.kind == Event::Kind::waited_again; });
  if (found == events.end()) return "";
  const Slot slot = slot_of(block, *found->barrier);
  const std::string parity = std::to_string(found->value % 2);
  std::string text = "suspicious: the wait for parity " + parity + " of " + name_of(block, *found->barrier) + " at " +
                     place(found->here) + " by " + describe_in_block(found->thread) +
                     " passed at once: it had seen phase " + std::to_string(found->value) + " before";
  if (slot.count == 1) {
    text += "; with one slot, tile k needs parity k & 1";
  } else {
    const std::string stages = std::to_string(slot.count);
    text += "; if the next tile was meant, k = " + std::to_string((found->value + 1) * slot.count + slot.index) +
            ": slot = k % " + stages + " = " + std::to_string(slot.index) + ", parity = (k / " + stages +
            ") & 1 = " + std::to_string((found->value + 1) % 2);
  }
  return text;
}

std::string tell_skipping_wait(const Block& block) {
  const std::vector<Event> events = block.timeline.events();
  const auto found =
      std::ranges::find_if(events, [](const Event& event) { return event.kind == Event::Kind::waited_later; });
  if (found == events.end()) return "";
  return "suspicious: the wait for " + name_of(block, *found->barrier) + " at " + place(found->here) + " by " +
         describe_in_block(found->thread) + " found phase " + std::to_string(found->value) +
         " complete, and this thread has never seen phase " + std::to_string(found->value - 1) + ": it came late";
}

std::string tell_last_wait(const Block& block, int thread) {
  const std::vector<Event> events = block.timeline.events();
  const auto found = std::find_if(events.rbegin(), events.rend(),
                                  [&](const Event& event) { return event.thread == thread && event.is_wait(); });
  if (found == events.rend()) return "";
  std::string text = "the last wait of " + describe_in_block(thread) + " (" + place(found->here) + ") was for ";
  if (found->value < 0) {
    return text + "parity 1 of " + name_of(block, *found->barrier) +
           ", which a fresh barrier lets pass: right for those who fill slots, wrong for those who read them";
  }
  text += "phase " + std::to_string(found->value) + " of " + name_of(block, *found->barrier);
  return found->kind == Event::Kind::waited_again ? text + ", which it had seen before" : text;
}

std::string tell_arrival_since(const Block& block, int thread, uint32_t epoch) {
  const std::vector<Event> events = block.timeline.events();
  const auto arrival = std::ranges::find_if(
      events, [&](const Event& event) { return event.thread == thread && event.epoch >= epoch && event.epoch > 0; });
  if (arrival == events.end()) return "since then " + describe_in_block(thread) + " has arrived at no mbarrier";
  const Barrier& barrier = *arrival->barrier;
  const auto end = std::find_if(arrival, events.end(), [&](const Event& event) {
    return event.kind == Event::Kind::completed && event.barrier == &barrier;
  });
  const int64_t phase = end == events.end() ? static_cast<int64_t>(barrier.phase) : end->value;
  return "since then " + describe_in_block(thread) + " has arrived in phase " + std::to_string(phase) + " of " +
         name_of(block, barrier) + " (" + place(arrival->here) + ")";
}

std::vector<std::string> tell(const Block& block, const Barrier& barrier, std::size_t lines) {
  struct Line {
    Event event;
    uint32_t lanes = 0;
    int landed = 1;  // copies, one after the other; the event is the last one's
  };
  std::vector<Line> told;
  for (const Event& event : block.timeline.events()) {
    if (event.barrier != &barrier) continue;
    if (event.kind == Event::Kind::landed) {
      const int before = !told.empty() && told.back().event.kind == Event::Kind::landed ? told.back().landed : 0;
      if (before > 0) told.pop_back();
      told.push_back({event, 0, before + 1});
      continue;
    }
    auto alike =
        std::find_if(told.rbegin(), told.rend(), [&](const Line& line) { return are_alike(line.event, event); });
    const bool is_recent = alike != told.rend() && alike - told.rbegin() < 4;
    const uint32_t lane = event.thread < 0 ? 0 : 1u << event.thread % warp_size;
    if (is_recent && !(alike->lanes & lane)) {
      alike->lanes |= lane;
    } else {
      told.push_back({event, lane});
    }
  }
  if (told.size() > lines) told.erase(told.begin(), told.end() - static_cast<std::ptrdiff_t>(lines));
  std::vector<std::string> text;
  if (told.empty()) return text;
  std::vector<std::string> names;  // of those who did it; a copy that lands and a phase that ends have none
  std::size_t width = 20;
  for (const Line& line : told) {
    std::string& who = names.emplace_back();
    if (line.event.thread < 0) continue;
    who = "warp " + std::to_string(line.event.thread / warp_size);
    if (~line.lanes) who += ", " + list_lanes(line.lanes);
    width = std::max(width, who.size());
  }
  text.push_back("what " + name_of(block, barrier) + " has seen last:");
  for (std::size_t i = 0; i < told.size(); ++i) {
    const Line& line = told[i];
    std::string what = line.landed == 1
                           ? text_of(line.event)
                           : std::to_string(line.landed) + " copies landed, " + name_of(*line.event.copy) + " last";
    if (line.event.here.file && line.event.thread >= 0) {
      what.resize(std::max<std::size_t>(what.size(), 40), ' ');
      what += "  " + place(line.event.here);
    }
    names[i].resize(width, ' ');
    text.push_back("   " + names[i] + "  " + what);
  }
  return text;
}

void add_story(Report& report, const Block& block, const Barrier& barrier) {
  if (const std::string stale = tell_stale_wait(block); !stale.empty()) report.details.push_back(stale);
  for (const std::string& line : tell(block, barrier, 5)) report.details.push_back(line);
}

}  // namespace emulator
