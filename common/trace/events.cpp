#include "trace/events.h"

#if GPU_IS_REAL

#include <cstring>

#include "gpu/trace.h"

namespace trace {
namespace {

const char* name_of(recorder::Kind kind) {
  using Kind = recorder::Kind;
  switch (kind) {
    case Kind::nothing:
      return "";
    case Kind::init:
      return "init";
    case Kind::arrival:
      return "arrival";
    case Kind::wait_begins:
      return "wait begins";
    case Kind::wait_ends:
      return "wait ends";
    case Kind::request:
      return "request";
    case Kind::cp_async:
      return "cp.async";
    case Kind::commit:
      return "commit";
    case Kind::group_wait_begins:
      return "group wait begins";
    case Kind::group_wait_ends:
      return "group wait ends";
    case Kind::block_barrier_begins:
      return "block barrier begins";
    case Kind::block_barrier_ends:
      return "block barrier ends";
  }
  return "";
}

}  // namespace

void start(const Setting&) { std::memset(&recorder::board(), 0, sizeof(recorder::Board)); }

std::vector<Event> stop() {
  std::vector<Event> events;
  for (uint32_t block = 0; block < recorder::Board::blocks; ++block) {
    for (const auto& warp : recorder::board().records[block]) {
      for (const recorder::Record& r : warp) {
        if (r.kind == recorder::Kind::nothing) break;
        Event& event = events.emplace_back();
        event.kind = name_of(r.kind);
        event.block = static_cast<int>(block);
        event.thread = static_cast<int>(r.thread);
        event.lanes = static_cast<int>(r.lanes);
        event.begin = r.clock;
        event.place = r.place;
        event.phase = r.value;
        event.line = r.line;
      }
    }
  }
  return events;
}

}  // namespace trace

#else

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
  for (const emulator::Recorded& r : emulator::take_recording()) {
    events.push_back(
        {name_of(r.kind), r.block, r.thread, 1, r.begin, r.end, r.object, r.place, r.phase, r.bytes, r.line});
  }
  return events;
}

}  // namespace trace

#endif
