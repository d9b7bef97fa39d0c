#include "emulator/shadow.h"

#include <algorithm>

#include "emulator/hash.h"

namespace emulator {
namespace {

bool same_agent(const Access& a, const Access& b) { return a.block == b.block && a.agent == b.agent; }

// PTX, "Causality order": an ordinary access and a bulk copy need a proxy fence on the way from one to the other, and
// on a GPU the lack of it can be seen (docs/hardware-litmus.md, L14). The Guide's own example reads a tile and lets the
// next copy overwrite it behind a __syncthreads() alone.
bool needs_fence(const Access& earlier, const Access& now, Policy policy) {
  if (!now.is_async || earlier.is_async) return false;
  return earlier.is_write || policy != Policy::guide;
}

Order order_of(const Access& earlier, const Access& now, const Clock& clock, Policy policy) {
  if (earlier.block != now.block) {
    return clock.has_seen_elsewhere(earlier.block, earlier.agent, earlier.epoch) ? Order::ordered : Order::unordered;
  }
  if (!clock.has_seen(earlier.agent, earlier.epoch)) return Order::unordered;
  if (needs_fence(earlier, now, policy) && !clock.has_fenced(earlier.agent, earlier.epoch)) return Order::unfenced;
  return Order::ordered;
}

// `bytes` here and below: of the granule, those that `now` touches.
std::optional<Conflict> find_conflict(const std::vector<Access>& history, const Access& now, uint16_t bytes,
                                      const Clock& clock, Policy policy) {
  for (const Access& earlier : history) {
    if (!(earlier.bytes & bytes) || (earlier.is_strong && now.is_strong)) continue;
    const Order order = order_of(earlier, now, clock, policy);
    if (order != Order::ordered) return Conflict{earlier, order};
  }
  return std::nullopt;
}

// Forgets the bytes of ordered accesses that `now` covers: whatever conflicts with them conflicts with it too (unless
// only `now` is strong).
void supersede(std::vector<Access>& history, const Access& now, uint16_t bytes, const Clock& clock, Policy policy) {
  std::erase_if(history, [&](Access& earlier) {
    if (now.is_strong && !earlier.is_strong) return false;
    if (order_of(earlier, now, clock, policy) == Order::ordered) earlier.bytes &= ~bytes;
    return earlier.bytes == 0;
  });
}

uint64_t hash_of(const Access& access) {
  uint64_t hash = static_cast<uint64_t>(access.block) << 32 | static_cast<uint32_t>(access.agent);
  hash = combine(hash, static_cast<uint64_t>(access.epoch) << 32 | access.bytes << 3 | access.is_write << 2 |
                           access.is_strong << 1 | access.is_async);
  return combine(hash, reinterpret_cast<uintptr_t>(access.code));
}

}  // namespace

template <class Visit>
bool Shadow::any_granule(uintptr_t address, std::size_t bytes, Visit&& visit) const {
  std::size_t offset = address - base_;
  const std::size_t end = offset + bytes;
  while (offset < end) {
    const std::size_t first = offset % granule_bytes;
    const std::size_t count = std::min(granule_bytes - first, end - offset);
    if (visit(offset / granule_bytes, static_cast<uint16_t>(((1u << count) - 1) << first))) return true;
    offset += count;
  }
  return false;
}

std::optional<Conflict> Shadow::record(const Access& access, const Clock& clock, Policy policy, uintptr_t address,
                                       std::size_t bytes) {
  std::optional<Conflict> conflict;
  any_granule(address, bytes, [&](std::size_t index, uint16_t mask) {
    Granule& granule = granules_[index];
    if (granule.writes.empty() && granule.reads.empty()) used_.push_back(index);
    conflict = record(granule, access, mask, clock, policy);
    return conflict.has_value();
  });
  return conflict;
}

bool Shadow::has_written(uintptr_t address, std::size_t bytes) const {
  return any_granule(address, bytes, [&](std::size_t index, uint16_t mask) {
    return std::ranges::any_of(granules_[index].writes, [&](const Access& write) { return write.bytes & mask; });
  });
}

std::optional<Conflict> Shadow::record(Granule& granule, const Access& access, uint16_t bytes, const Clock& clock,
                                       Policy policy) {
  if (auto conflict = find_conflict(granule.writes, access, bytes, clock, policy)) return conflict;
  if (access.is_write) {
    if (auto conflict = find_conflict(granule.reads, access, bytes, clock, policy)) return conflict;
    supersede(granule.writes, access, bytes, clock, policy);
    supersede(granule.reads, access, bytes, clock, policy);
    granule.writes.push_back(access);
    granule.writes.back().bytes = bytes;
    return std::nullopt;
  }
  // Often one of the last readers comes again.
  constexpr std::size_t last_readers = 4;
  for (std::size_t i = granule.reads.size(), n = 0; i > 0 && n < last_readers; ++n) {
    Access& last = granule.reads[--i];
    if (same_agent(last, access) && last.epoch == access.epoch && last.code == access.code &&
        last.copy == access.copy) {
      last.bytes |= bytes;
      return std::nullopt;
    }
  }
  // Many threads may read the same bytes: look for superseded reads only when the list is full, not at every read.
  if (granule.reads.size() == granule.reads.capacity()) {
    supersede(granule.reads, access, bytes, clock, policy);
    // Or a list of live reads that just fits would be searched each time.
    granule.reads.reserve(std::max<std::size_t>(4, 2 * granule.reads.size()));
  }
  granule.reads.push_back(access);
  granule.reads.back().bytes = bytes;
  return std::nullopt;
}

void Shadow::restart(uintptr_t base) {
  base_ = base;
  for (const std::size_t index : used_) {
    granules_[index].writes.clear();
    granules_[index].reads.clear();
  }
  used_.clear();
}

uint64_t Shadow::hash() const {
  uint64_t result = 0;
  for (const std::size_t index : used_) {
    uint64_t granule = 0;  // a sum: the order in which the lists were filled does not matter
    for (const Access& access : granules_[index].writes) granule += hash_of(access);
    for (const Access& access : granules_[index].reads) granule += hash_of(access);
    result += combine(index, granule);
  }
  return result;
}

}  // namespace emulator
