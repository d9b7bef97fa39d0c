#include "gpu/watchdog.h"

#include <cstdio>
#include <map>
#include <new>
#include <set>
#include <tuple>
#include <utility>

#include "gpu/error.h"

namespace watchdog {

Options& options() {
  static Options options;
  return options;
}

namespace {

Board* the_board = nullptr;

// Those who wait at one line for the same parity of the barriers in the same place of their blocks.
struct Group {
  uint32_t threads = 0;
  std::set<uint64_t> blocks;
  std::set<uint32_t> warps;
  uint64_t state = 0;  // of one of their barriers
};

std::string number_of(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// "warp 3", "warps 0-2 and 5"
std::string list_of_warps(const std::set<uint32_t>& warps) {
  std::string text;
  for (auto first = warps.begin(); first != warps.end();) {
    auto last = first;
    auto next = std::next(first);
    while (next != warps.end() && *next == *last + 1) last = next++;
    if (!text.empty()) text += next == warps.end() ? " and " : ", ";
    text += std::to_string(*first) + (last == first ? "" : "-" + std::to_string(*last));
    first = next;
  }
  return (warps.size() == 1 ? "warp " : "warps ") + text;
}

std::string line_of(const Group& group, uint32_t barrier, uint32_t parity) {
  const std::string blocks = group.blocks.size() == 1 ? "block " + std::to_string(*group.blocks.begin())
                                                      : std::to_string(group.blocks.size()) + " blocks, the first is " +
                                                            std::to_string(*group.blocks.begin());
  char state[32];
  std::snprintf(state, sizeof state, "0x%016llx", static_cast<unsigned long long>(group.state));
  return number_of(group.threads, "thread") + " (" + blocks + "; " + list_of_warps(group.warps) +
         (group.threads == 1 ? ") waits" : ") wait") + " for parity " + std::to_string(parity) +
         " of the barrier at byte " + std::to_string(barrier) + " of shared memory" +
         "\n         it is in a phase of parity " + std::to_string(parity) + "; its state is " + state;
}

}  // namespace

Board& board() {
  if (!the_board) {
    void* memory = nullptr;
    GPU_CHECK(cudaHostAlloc(&memory, sizeof(Board), cudaHostAllocMapped));
    the_board = new (memory) Board{};
  }
  return *the_board;
}

std::string report() { return the_board ? report(*the_board, options()) : ""; }

std::string report(const Board& board, const Options& options) {
  if (board.threads == 0) return "";
  std::map<std::pair<std::string, int>, std::map<std::pair<uint32_t, uint32_t>, Group>> places;
  uint32_t recorded = 0;
  for (const Record& record : board.records) {
    if (record.is_complete == 0) continue;
    Group& group = places[{record.file, record.line}][{record.barrier, record.parity}];
    ++group.threads;
    group.blocks.insert(record.block);
    group.warps.insert(record.thread / 32);
    group.state = record.state;
    ++recorded;
  }
  char patience[32];
  std::snprintf(patience, sizeof patience, "%g s", 1e-9 * static_cast<double>(options.patience_ns));
  std::string text = "error[timeout]: " + number_of(board.threads, "thread") + " waited more than " + patience +
                     " for the end of an mbarrier's phase, so the kernel was stopped";
  for (const auto& [place, groups] : places) {
    text += "\n   " + place.first + ":" + std::to_string(place.second);
    for (const auto& [barrier, group] : groups) text += "\n      " + line_of(group, barrier.first, barrier.second);
  }
  if (recorded < board.threads) text += "\n   and " + number_of(board.threads - recorded, "thread") + " more";
  return text +
         "\n   rule: a phase ends when every arrival and every byte that it expects has come"
         "\n   what to do: run it on the emulator, which says what is missing. This process can use the GPU no more";
}

}  // namespace watchdog
