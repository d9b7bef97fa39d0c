#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/shadow.h"

namespace emulator {

/// Whether all of [address, address + size) lies in [base, base + bytes). No sum can overflow, however wrong the size.
inline bool lies_in(uintptr_t address, std::size_t size, uintptr_t base, std::size_t bytes) {
  return address - base < bytes && size <= bytes - (address - base);
}

/// A range of addresses that kernels may use, with its history in the current run.
struct Region {
  std::string name;
  uintptr_t base = 0;
  std::size_t bytes = 0;
  std::unique_ptr<Shadow> shadow;  // made at the first access
  std::vector<std::byte> before;   // the content before the first write of a run; empty: nothing has been written

  bool contains(uintptr_t address, std::size_t size) const { return lies_in(address, size, base, bytes); }
  /// How far `address` is from the region; 0 inside.
  std::size_t distance(uintptr_t address) const;
  Shadow& history();
  /// Keeps the content, if this is the run's first write.
  void keep_content();
};

/// The registered global memory.
class GlobalMemory {
 public:
  void add(uintptr_t base, std::size_t bytes, std::string name);
  void remove(uintptr_t base);
  /// The region that holds all of [address, address + size), or null.
  Region* find(uintptr_t address, std::size_t size);
  /// Forgets all accesses: a new run begins.
  void forget();
  /// Gives every region the content that it had before the run.
  void restore();
  const std::vector<Region>& regions() const { return regions_; }

 private:
  std::vector<Region> regions_;
  std::size_t last_ = 0;  // where to look first: accesses come in runs
};

GlobalMemory& global_memory();

/// Whether [address, address + size) is constant data of the program itself: tables and literals in a kernel file.
bool is_program_constant(uintptr_t address, std::size_t size);

/// Where an address outside all regions lies, for people: "4 bytes past the end of `output` (1024 bytes)".
std::string describe_address(uintptr_t address, const std::vector<const Region*>& regions);

}  // namespace emulator
