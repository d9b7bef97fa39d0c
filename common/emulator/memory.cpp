#include "emulator/memory.h"

#include <link.h>

#include <algorithm>

#include "emulator/control.h"

namespace emulator {

std::size_t Region::distance(uintptr_t address) const {
  if (address < base) return base - address;
  return address - base < bytes ? 0 : address - base - bytes + 1;
}

Shadow& Region::history() {
  if (!shadow) shadow = std::make_unique<Shadow>(base, bytes);
  return *shadow;
}

void GlobalMemory::add(uintptr_t base, std::size_t bytes, std::string name) {
  regions_.push_back({std::move(name), base, bytes, nullptr, {}});
}

void GlobalMemory::remove(uintptr_t base) {
  std::erase_if(regions_, [&](const Region& region) { return region.base == base; });
}

Region* GlobalMemory::find(uintptr_t address, std::size_t size) {
  if (last_ < regions_.size() && regions_[last_].contains(address, size)) return &regions_[last_];
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    if (!regions_[i].contains(address, size)) continue;
    last_ = i;
    return &regions_[i];
  }
  return nullptr;
}

void GlobalMemory::forget() {
  for (Region& region : regions_) {
    if (region.shadow) region.shadow->restart(region.base);
    region.before.clear();
  }
}

void GlobalMemory::restore() {
  for (const Region& region : regions_) {
    if (!region.before.empty()) std::ranges::copy(region.before, reinterpret_cast<std::byte*>(region.base));
  }
}

void Region::keep_content() {
  if (!before.empty()) return;
  const auto* content = reinterpret_cast<const std::byte*>(base);
  before.assign(content, content + bytes);
}

GlobalMemory& global_memory() {
  static GlobalMemory memory;
  return memory;
}

void register_memory(const void* data, std::size_t bytes, std::string name) {
  global_memory().add(reinterpret_cast<uintptr_t>(data), bytes, std::move(name));
}

void unregister_memory(const void* data) { global_memory().remove(reinterpret_cast<uintptr_t>(data)); }

bool is_program_constant(uintptr_t address, std::size_t size) {
  struct Search {
    uintptr_t address;
    std::size_t size;
    bool found;
  } search{address, size, false};
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* data) {
        auto& s = *static_cast<Search*>(data);
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          const auto& segment = object->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W)) continue;
          if (lies_in(s.address, s.size, object->dlpi_addr + segment.p_vaddr, segment.p_memsz)) s.found = true;
        }
        return 1;  // the first object is the program itself
      },
      &search);
  return search.found;
}

std::string describe_address(uintptr_t address, const std::vector<const Region*>& regions) {
  const Region* nearest = nullptr;
  for (const Region* region : regions) {
    if (!nearest || region->distance(address) < nearest->distance(address)) nearest = region;
  }
  constexpr std::size_t near = 1 << 20;  // further off, the pointer itself is wrong rather than the index
  if (!nearest || nearest->distance(address) > near) {
    return "this address belongs to no buffer of the launch: the pointer itself is wrong";
  }
  const std::string size = " (" + std::to_string(nearest->bytes) + " bytes)";
  if (address < nearest->base) {
    return std::to_string(nearest->base - address) + " bytes before the start of " + nearest->name + size;
  }
  if (address - nearest->base >= nearest->bytes) {
    const std::size_t past = address - nearest->base - nearest->bytes;
    return (past == 0 ? "directly" : std::to_string(past) + " bytes") + " past the end of " + nearest->name + size;
  }
  return "at the last bytes of " + nearest->name + size + ", and running over its end";
}

}  // namespace emulator
