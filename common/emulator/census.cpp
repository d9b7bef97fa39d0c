// Nobody can run, somebody waits: who has come, who is missing, and where the missing are.

#include <algorithm>
#include <map>
#include <string>

#include "emulator/machine.h"
#include "emulator/source.h"

namespace emulator {
namespace {

// "warps 0-5, warp 6 lanes 0-7": the threads' indices must be sorted.
std::string list_threads(const std::vector<int>& threads, int block_threads) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto range = [](int first, int last) {
    return first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last);
  };
  std::size_t i = 0;
  while (i < threads.size()) {
    std::size_t end = i + 1;
    while (end < threads.size() && threads[end] == threads[end - 1] + 1) ++end;
    int first = threads[i];
    const int last = threads[end - 1];
    while (first <= last) {
      const int warp = first / warp_size;
      const int warp_end = std::min((warp + 1) * warp_size, block_threads) - 1;
      if (first % warp_size == 0 && last >= warp_end) {
        const int last_warp = last == block_threads - 1 ? last / warp_size : (last + 1) / warp_size - 1;
        add((warp == last_warp ? "warp " : "warps ") + range(warp, last_warp));
        first = (last_warp + 1) * warp_size;
      } else {
        const int part_end = std::min(last, warp_end);
        add("warp " + std::to_string(warp) + (first == part_end ? " lane " : " lanes ") +
            range(first % warp_size, part_end % warp_size));
        first = part_end + 1;
      }
    }
    i = end;
  }
  return text;
}

struct Group {
  std::string what;
  Here site{};
  std::vector<int> threads;
};

// The block's waiting threads, by what they wait for and where.
std::vector<Group> waiting_groups(const Block& block) {
  std::vector<Group> groups;
  for (const Thread& thread : block.threads) {
    if (thread.state != Thread::State::waiting) continue;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& other) {
      return other.site.line == thread.wait_site.line && other.what == thread.wait_for;
    });
    if (group == groups.end()) group = groups.insert(group, {thread.wait_for, thread.wait_site, {}});
    group->threads.push_back(thread.index);
  }
  return groups;
}

std::vector<int> threads_that_left(const Block& block) {
  std::vector<int> left;
  for (const Thread& thread : block.threads) {
    if (thread.state == Thread::State::left) left.push_back(thread.index);
  }
  return left;
}

}  // namespace

Report explain_standstill(const Machine& machine) {
  const auto stuck = std::find_if(machine.blocks().begin(), machine.blocks().end(), [](const auto& block) {
    return block->left != static_cast<int>(block->threads.size());
  });
  const Block& block = **stuck;
  const int threads = static_cast<int>(block.threads.size());
  const std::vector<Group> groups = waiting_groups(block);
  const std::vector<int> left = threads_that_left(block);
  const bool only_barriers =
      std::all_of(groups.begin(), groups.end(), [](const Group& group) { return group.what == "__syncthreads()"; });

  Report report;
  if (only_barriers) {
    report.name = "divergent-barrier";
    report.headline = left.empty()
                          ? "threads of one block wait in __syncthreads() on different lines"
                          : "some threads of this block left the kernel without coming to this __syncthreads()";
    report.rule =
        "every thread of the block executes the same __syncthreads(), the same number of times: no return before it, "
        "no branch around it, the same number of loop trips for all";
  } else {
    report.name = "deadlock";
    report.headline = "no thread of this block can go on: each waits for another that waits, too";
    report.rule = "every thread that a barrier or a mask names has to come, each time";
  }
  for (const Group& group : groups) {
    report.sides.push_back({group.site, nullptr,
                            std::to_string(group.threads.size()) + " of " + std::to_string(threads) +
                                " threads wait in " + group.what + ": " + list_threads(group.threads, threads)});
  }
  if (left.empty()) return report;
  report.details.push_back("block " + std::to_string(block.index) + ": " + std::to_string(left.size()) + " of " +
                           std::to_string(threads) + " threads have left the kernel: " + list_threads(left, threads));
  if (const void* code = block.threads[left.front()].last_code) {
    report.details.push_back("last seen there: " + to_string(source_line(code)));
  }
  return report;
}

}  // namespace emulator
