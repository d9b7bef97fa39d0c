#include "emulator/recorder.h"

#include <algorithm>
#include <map>
#include <utility>

namespace emulator {

std::size_t Recorder::add(Recorded entry, const Barrier* barrier) {
  entries_.push_back(std::move(entry));
  barriers_.push_back(barrier);
  return entries_.size() - 1;
}

std::size_t Recorder::begins(Recorded::Kind kind, const Thread& thread, const Barrier& barrier, uint64_t phase,
                             Here here) {
  Recorded entry{kind, thread.block->index, thread.index, thread.time};
  entry.place = static_cast<int64_t>(barrier.address - thread.block->shared.base);
  entry.phase = static_cast<int64_t>(phase);
  entry.line = here.line;
  return add(std::move(entry), &barrier);
}

std::size_t Recorder::begins(Recorded::Kind kind, const Thread& thread, std::string object, int64_t phase, Here here) {
  Recorded entry{kind, thread.block->index, thread.index, thread.time};
  entry.object = std::move(object);
  entry.phase = phase;
  entry.line = here.line;
  return add(std::move(entry), nullptr);
}

void Recorder::answered(const Thread& thread, const Barrier& barrier, Here here) {
  const std::size_t entry = begins(Recorded::Kind::wait, thread, barrier, barrier.phase - 1, here);
  if (thread.asked == &barrier) entries_[entry].begin = thread.asked_since;
  ends(entry, thread.time);
}

void Recorder::requested(Copy& copy, const Thread& thread) {
  constexpr auto kind = Recorded::Kind::request;
  copy.record = copy.barrier ? begins(kind, thread, *copy.barrier, copy.phase, copy.site)
                             : begins(kind, thread, "cp.async", copy.group, copy.site);
  entries_[copy.record].bytes = copy.bytes;
}

void Recorder::completed(const Block& block, const Barrier& barrier) {
  Recorded entry{Recorded::Kind::completion, block.index, current ? current->index : -1, machine->now()};
  entry.place = static_cast<int64_t>(barrier.address - block.shared.base);
  entry.phase = static_cast<int64_t>(barrier.phase);
  add(std::move(entry), &barrier);
}

void Recorder::name_barriers(const std::vector<std::unique_ptr<Block>>& blocks) {
  std::map<const Barrier*, std::string> names;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Barrier* const barrier = std::exchange(barriers_[i], nullptr);
    if (!barrier) continue;
    std::string& name = names[barrier];
    if (name.empty()) {
      const auto is_its = [&](const auto& block) { return block->index == entries_[i].block; };
      name = name_of(**std::ranges::find_if(blocks, is_its), *barrier);
      std::erase(name, '`');
    }
    entries_[i].object = name;
  }
}

}  // namespace emulator
