#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "emulator/hash.h"

namespace emulator {

/// What accesses to shared memory cost. A request is one load or store instruction of a warp. Shared memory serves it
/// in wavefronts: passes in which each of the 32 banks delivers one 4-byte word, to as many lanes as want it.
struct SharedCost {
  uint64_t requests = 0;
  uint64_t wavefronts = 0;
  uint64_t ideal_wavefronts = 0;  // of the same requests, if no two words shared a bank

  uint64_t bank_conflicts() const { return wavefronts - ideal_wavefronts; }
};

/// Counts the wavefronts of kernel code, from one call per lane and access.
///
/// Lanes are fibers that run one after the other, so it must be guessed which of their accesses are one instruction:
/// the k-th execution of a piece of code by a lane belongs to the k-th by each other lane of its warp. This is exact
/// where the lanes of a warp execute the code equally often, or not at all; elsewhere it is an estimate. And it is the
/// source's accesses that are counted: nvcc may join two of them into one.
///
/// The hardware's rules: 32 banks of 4 bytes, and a word that several lanes want is read once (CUDA C++ Programming
/// Guide, "Shared Memory" of compute capability 5.0 and later). Wider accesses are served in groups of lanes, 128 bytes
/// at a time: two halves for 8 bytes a lane, four quarters for 16. A load takes two of these groups in one if all lanes
/// i and i^1, or all lanes i and i^2, ask for the same; a lane that is not there asks for anything. No manual says
/// this; it was measured with Nsight Compute on sm_75 and sm_80, and an NVIDIA engineer described it so
/// (forums.developer.nvidia.com/t/77228).
class Wavefronts {
 public:
  /// One access by lane 0..31 of a warp: `bytes` at `offset` in its block's shared memory. `code` is the address of the
  /// access in the program. What no instruction can access at once counts as several: copies of structs, for instance.
  void record(int block, int warp, int lane, const void* code, uintptr_t offset, std::size_t bytes, bool is_write);

  /// The cost of all accesses so far. Call it when no block is running: accesses that some lanes of a warp did not
  /// execute are counted here, as they are.
  SharedCost finish();

 private:
  static constexpr int lanes = 32;
  static constexpr int banks = 32;
  static constexpr std::size_t word_bytes = 4;
  static constexpr std::size_t wavefront_bytes = banks * word_bytes;
  static constexpr std::size_t most_bytes = 16;  // of a lane in one instruction

  // One instruction of a warp, as far as its lanes have executed it.
  struct Request {
    uint32_t mask = 0;  // the lanes that have
    std::array<uint32_t, lanes> offsets;
  };
  struct SiteKey {
    int block, warp;
    const void* code;
    std::size_t bytes;
    bool is_write;
    bool operator==(const SiteKey&) const = default;
  };
  struct SiteHash {
    std::size_t operator()(const SiteKey& key) const;
  };
  // A warp's executions of one piece of code.
  struct Site {
    std::array<uint32_t, lanes> executions{};  // of each lane
    uint32_t counted = 0;                      // requests of which all lanes have come
    std::deque<Request> open;                  // those after
  };

  void record_instruction(const SiteKey& key, int lane, uintptr_t offset);
  void count(const SiteKey& key, const Request& request);
  int wavefronts_of(const Request& request, int first_lane, int group);

  std::unordered_map<SiteKey, Site, SiteHash> sites_;
  SharedCost cost_;
  std::vector<uint64_t> last_group_;  // [word]: the last group of lanes that wanted it
  uint64_t group_number_ = 0;
};

}  // namespace emulator
