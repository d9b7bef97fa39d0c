#include "trace/events.h"

#include "emulator/control.h"
#include "emulator/recording.h"

namespace trace {
namespace {

const char* name_of(emulator::Recorded::Kind kind) {
  using Kind = emulator::Recorded::Kind;
  switch (kind) {
    case Kind::wait:
      return "wait";
    case Kind::request:
      return "request";
    case Kind::arrival:
      return "arrival";
    case Kind::completion:
      return "completion";
    case Kind::exit:
      return "exit";
  }
  return "";
}

}  // namespace

void start(const Setting& setting) {
  emulator::Options& options = emulator::options();
  options.search = emulator::Search::timed;
  options.copy_ticks = setting.copy_ticks;
}

std::vector<Event> stop() {
  std::vector<Event> events;
  for (const emulator::Recorded& r : emulator::recording()) {
    events.push_back({name_of(r.kind), r.block, r.thread, 1, r.begin, r.end, r.object, r.place, r.phase, r.bytes, r.line});
  }
  return events;
}

}  // namespace trace
