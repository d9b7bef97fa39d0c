#include "emulator/wavefronts.h"

#include <algorithm>

namespace emulator {

std::size_t Wavefronts::SiteHash::operator()(const SiteKey& key) const {
  const uint64_t warp = uint64_t{static_cast<uint32_t>(key.block)} << 32 | static_cast<uint32_t>(key.warp);
  const uint64_t instruction = reinterpret_cast<uintptr_t>(key.code) << 6 | key.bytes << 1 | key.is_write;
  return combine(warp, instruction);
}

void Wavefronts::record(int block, int warp, int lane, const void* code, uintptr_t offset, std::size_t bytes,
                        bool is_write) {
  while (bytes > 0) {
    std::size_t size = most_bytes;
    while (size > bytes || offset % size != 0) size /= 2;
    record_instruction({block, warp, code, size, is_write}, lane, offset);
    offset += size;
    bytes -= size;
  }
}

void Wavefronts::record_instruction(const SiteKey& key, int lane, uintptr_t offset) {
  Site& site = sites_[key];
  const std::size_t index = site.executions[lane]++ - site.counted;
  if (index == site.open.size()) site.open.emplace_back();
  Request& request = site.open[index];
  request.mask |= 1u << lane;
  request.offsets[lane] = static_cast<uint32_t>(offset);
  while (!site.open.empty() && site.open.front().mask == ~0u) {
    count(key, site.open.front());
    site.open.pop_front();
    ++site.counted;
  }
}

SharedCost Wavefronts::finish() {
  for (const auto& [key, site] : sites_) {
    for (const Request& request : site.open) count(key, request);
  }
  sites_.clear();
  return cost_;
}

void Wavefronts::count(const SiteKey& key, const Request& request) {
  const auto come_in_pairs = [&](int distance) {
    for (int lane = 0; lane < lanes; ++lane) {
      const int partner = lane ^ distance;
      const bool both = (request.mask >> lane & request.mask >> partner & 1) != 0;
      if (both && request.offsets[lane] != request.offsets[partner]) return false;
    }
    return true;
  };
  int group = lanes;  // served together
  if (key.bytes > word_bytes) {
    group = wavefront_bytes / key.bytes;
    if (!key.is_write && (come_in_pairs(1) || come_in_pairs(2))) group *= 2;
  }
  ++cost_.requests;
  for (int first_lane = 0; first_lane < lanes; first_lane += group) {
    const int wavefronts = wavefronts_of(request, first_lane, group);
    cost_.wavefronts += wavefronts;
    cost_.ideal_wavefronts += wavefronts > 0;
  }
}

int Wavefronts::wavefronts_of(const Request& request, int first_lane, int group) {
  ++group_number_;
  std::array<int, banks> words{};  // that a bank must deliver
  for (int lane = first_lane; lane < first_lane + group; ++lane) {
    if ((request.mask >> lane & 1) == 0) continue;
    // The accesses are aligned: those of several words conflict in all of them, or in none. The first one will do.
    const std::size_t word = request.offsets[lane] / word_bytes;
    if (word >= last_group_.size()) last_group_.resize(word + 1);
    if (last_group_[word] == group_number_) continue;
    last_group_[word] = group_number_;
    ++words[word % banks];
  }
  return *std::max_element(words.begin(), words.end());
}

}  // namespace emulator
