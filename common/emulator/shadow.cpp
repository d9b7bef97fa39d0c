#include "emulator/shadow.h"

#include <algorithm>

namespace emulator {
namespace {

bool same_thread(const Access& a, const Access& b) { return a.block == b.block && a.thread == b.thread; }

bool is_ordered(const Access& earlier, const Access& now, const Clock& clock) {
  return earlier.block == now.block && clock.has_seen(earlier.thread, earlier.epoch);
}

const Access* conflict(const std::vector<Access>& history, const Access& access, const Clock& clock) {
  for (const Access& earlier : history) {
    if ((earlier.bytes & access.bytes) && !is_ordered(earlier, access, clock)) return &earlier;
  }
  return nullptr;
}

// Forgets the bytes of ordered accesses that `access` covers: whatever conflicts with them conflicts with it too.
void supersede(std::vector<Access>& history, const Access& access, const Clock& clock) {
  std::erase_if(history, [&](Access& earlier) {
    if (is_ordered(earlier, access, clock)) earlier.bytes &= ~access.bytes;
    return earlier.bytes == 0;
  });
}

}  // namespace

std::optional<Access> Shadow::record(Access access, const Clock& clock, uintptr_t address, std::size_t bytes) {
  std::size_t offset = address - base_;
  const std::size_t end = offset + bytes;
  while (offset < end) {
    const std::size_t first = offset % granule_bytes;
    const std::size_t count = std::min(granule_bytes - first, end - offset);
    access.bytes = static_cast<uint16_t>(((1u << count) - 1) << first);
    if (auto earlier = record(granules_[offset / granule_bytes], access, clock)) return earlier;
    offset += count;
  }
  return std::nullopt;
}

std::optional<Access> Shadow::record(Granule& granule, const Access& access, const Clock& clock) {
  if (const Access* earlier = conflict(granule.writes, access, clock)) return *earlier;
  if (access.is_write) {
    if (const Access* earlier = conflict(granule.reads, access, clock)) return *earlier;
    supersede(granule.writes, access, clock);
    supersede(granule.reads, access, clock);
    granule.writes.push_back(access);
    return std::nullopt;
  }
  // Many threads may read the same bytes: look for superseded reads only when the list is full, not at every read.
  if (!granule.reads.empty() && same_thread(granule.reads.back(), access)) {
    Access& last = granule.reads.back();
    if (last.epoch == access.epoch && last.code == access.code) {
      last.bytes |= access.bytes;
      return std::nullopt;
    }
  }
  if (granule.reads.size() == granule.reads.capacity()) {
    supersede(granule.reads, access, clock);
    granule.reads.reserve(2 *
                          granule.reads.size());  // or a list of live reads that just fits would be searched each time
  }
  granule.reads.push_back(access);
  return std::nullopt;
}

}  // namespace emulator
