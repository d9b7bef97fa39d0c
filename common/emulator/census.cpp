// Nobody can run, somebody waits: who has come, who is missing, and where the missing are.

#include <algorithm>
#include <set>
#include <string>
#include <utility>

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

// The mbarrier that a waiting thread waits for or polls, if any, and the phase that it wants complete.
const Barrier* awaited_barrier(const Thread& thread) {
  if (thread.barrier) return thread.barrier;
  return thread.is_polling && thread.polled == thread.asked ? thread.asked : nullptr;
}

uint64_t awaited_phase(const Thread& thread) { return thread.barrier ? thread.phase : thread.asked_phase; }

struct Group {
  std::string what;
  Here site{};
  const void* code = nullptr;
  const Barrier* barrier = nullptr;
  bool is_poll = false;
  std::vector<int> threads;
};

// The block's waiting threads, by what they wait for and where.
std::vector<Group> waiting_groups(const Block& block) {
  std::vector<Group> groups;
  for (const Thread& thread : block.threads) {
    if (thread.state != Thread::State::waiting) continue;
    const Barrier* const barrier = awaited_barrier(thread);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& other) {
      return other.site.line == thread.wait_site.line && other.what == thread.wait_for &&
             other.code == thread.wait_code && other.barrier == barrier;
    });
    if (group == groups.end()) {
      group =
          groups.insert(group, {thread.wait_for, thread.wait_site, thread.wait_code, barrier, thread.is_polling, {}});
    }
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

// "warp 0, lane 0", or the whole warps, of the threads that have arrived at `barrier` as far as the timeline tells.
std::vector<int> arrived_before(const Block& block, const Barrier& barrier) {
  std::set<int> threads;
  for (const Event& event : block.timeline.events()) {
    if (event.barrier == &barrier && event.is_arrival()) threads.insert(event.thread);
  }
  return {threads.begin(), threads.end()};
}

// What somebody who has arrived at a barrier before does now.
std::string now_doing(const Block& block, const Thread& thread) {
  if (thread.state == Thread::State::left) return "which has left the kernel since";
  if (const Barrier* barrier = awaited_barrier(thread))
    return "which now waits for " + name_of(block, *barrier) + " (" + place(thread.wait_site) + ")";
  return std::string("which now waits in ") + thread.wait_for +
         (thread.wait_site.file ? " (" + place(thread.wait_site) + ")" : "");
}

// The wait-for table: what each barrier that somebody waits for still lacks, and who could bring it.
std::string explain_barrier(const Block& block, const Barrier& barrier, int threads) {
  std::string text = name_of(block, barrier) + " is in phase " + std::to_string(barrier.phase) + " (parity " +
                     std::to_string(barrier.phase & 1) + "): ";
  text += std::to_string(barrier.expected - barrier.pending) + " of " + std::to_string(barrier.expected) +
          (barrier.expected == 1 ? " arrival has" : " arrivals have") + " come";
  if (barrier.expected_bytes || barrier.requested_bytes) {
    text += ", " + std::to_string(barrier.expected_bytes) + " bytes expected, " +
            std::to_string(barrier.expected_bytes - barrier.tx) + " landed";
  }
  const std::vector<int> arrived = arrived_before(block, barrier);
  if (barrier.pending == 0) return text;
  if (arrived.empty()) return text + "; nobody has ever arrived at it";
  return text + "; so far " + list_threads(arrived, threads) + " arrived at it, " +
         now_doing(block, block.threads[static_cast<std::size_t>(arrived.front())]);
}

// "full[0] <- warp 0 <- empty[0] <- warp 1 <- full[0]", if those who wait for each other stand in a circle.
std::string find_cycle(const Block& block, const Thread& start) {
  std::vector<const Barrier*> path;
  std::string text;
  const Thread* thread = &start;
  while (thread->state == Thread::State::waiting) {
    const Barrier* barrier = awaited_barrier(*thread);
    if (!barrier || barrier->pending == 0) return "";
    text += describe_in_block(thread->index) + " waits for " + name_of(block, *barrier);
    if (std::ranges::find(path, barrier) != path.end()) return path.size() == 1 ? "" : text;
    path.push_back(barrier);
    const std::vector<int> arrived = arrived_before(block, *barrier);
    if (arrived.empty()) return "";
    thread = &block.threads[static_cast<std::size_t>(arrived.back())];
    text += ", where " + describe_in_block(thread->index) + " should arrive; ";
  }
  return "";
}

// Where the bytes of the barrier's phase were announced, and where its copies were requested.
std::string explain_bytes(const Block& block, const Barrier& barrier) {
  const std::vector<Event> events = block.timeline.events();
  std::string text;
  for (const auto& [kind, what] : {std::pair{Event::Kind::expected, "bytes were expected at "},
                                   std::pair{Event::Kind::requested, "copies were requested at "}}) {
    const auto last = std::find_if(events.rbegin(), events.rend(),
                                   [&](const Event& e) { return e.kind == kind && e.barrier == &barrier; });
    if (last != events.rend()) text += (text.empty() ? "" : ", ") + (what + place(last->here));
  }
  return text;
}

bool has_wrong_bytes(const Group& group) {
  return group.barrier && group.barrier->pending == 0 && group.barrier->tx != 0;
}

// A wait that skips a phase: the thread has seen phase q, and waits for q + 2 or later, while q + 1 is complete.
std::string explain_skipped_phase(const Block& block, const Group& group) {
  if (!group.barrier) return "";
  for (const int index : group.threads) {
    const auto i = static_cast<std::size_t>(index);
    const int64_t seen = group.barrier->last_observed.empty() ? -1 : group.barrier->last_observed[i];
    const auto awaited = static_cast<int64_t>(awaited_phase(block.threads[i]));
    if (awaited < seen + 2) continue;
    const std::string next = std::to_string(seen + 1), parity = std::to_string((seen + 1) & 1);
    std::string text = "suspicious: " + describe_in_block(index) +
                       (seen < 0 ? " has seen no phase" : " saw phase " + std::to_string(seen)) + " of " +
                       name_of(block, *group.barrier) + (seen < 0 ? " yet" : " last") + "; the next one, phase " +
                       next + ", is complete, and a wait for parity " + parity + " would pass";
    if (const Slot slot = slot_of(block, *group.barrier); slot.count > 1) {
      const std::string stages = std::to_string(slot.count);
      text += ". It brings tile k = " + std::to_string((seen + 1) * slot.count + slot.index) + ": slot = k % " +
              stages + " = " + std::to_string(slot.index) + ", parity = (k / " + stages + ") & 1 = " + parity;
    }
    return text;
  }
  return "";
}

// Two roles, each of which waits for the other to begin: no barrier that is waited for has ever seen an arrival.
std::string explain_false_start(const Block& block, const std::vector<Group>& groups) {
  std::set<const Barrier*> fresh;
  for (const Group& group : groups) {
    if (!group.barrier || group.barrier->phase > 0 || !arrived_before(block, *group.barrier).empty()) return "";
    fresh.insert(group.barrier);
  }
  if (fresh.size() < 2) return "";
  return "suspicious: nobody has arrived anywhere, so nobody begins. Whoever fills the slots begins: in its first lap "
         "nothing has to be freed, and on a fresh barrier a wait for parity 1 passes, one for parity 0 does not";
}

// Whether a thread of the group has missed whole phases since its last wait: it saw phase q, and waits for q + 3 or
// later.
bool is_lapped(const Block& block, const Group& group) {
  if (!group.barrier || group.barrier->last_observed.empty()) return false;
  return std::ranges::any_of(group.threads, [&](int index) {
    const int64_t seen = group.barrier->last_observed[static_cast<std::size_t>(index)];
    const auto awaited = static_cast<int64_t>(awaited_phase(block.threads[static_cast<std::size_t>(index)]));
    return seen >= 0 && awaited >= seen + 3;
  });
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
  const auto is_block_barrier = [](const Group& group) { return group.what == "__syncthreads()"; };
  // Whoever has left never comes: that alone holds the block barrier up, whatever the others wait for.
  const bool barrier_diverged =
      std::ranges::all_of(groups, is_block_barrier) || (!left.empty() && std::ranges::any_of(groups, is_block_barrier));
  const bool all_poll = std::ranges::all_of(groups, [](const Group& group) { return group.is_poll && !group.barrier; });

  const auto wrong_bytes = std::ranges::find_if(groups, has_wrong_bytes);
  const auto lapped = std::ranges::find_if(groups, [&](const Group& group) { return is_lapped(block, group); });

  Report report;
  if (barrier_diverged) {
    report.name = "divergent-barrier";
    report.headline = left.empty()
                          ? "threads of one block wait in __syncthreads() on different lines"
                          : "some threads of this block left the kernel without coming to this __syncthreads()";
    report.rule =
        "every thread of the block executes the same __syncthreads(), the same number of times: no return before it, "
        "no branch around it, the same number of loop trips for all";
  } else if (all_poll) {
    report.name = "livelock";
    report.headline = "all threads that are left poll in loops, and nobody is left to change what they poll";
    report.rule =
        "a loop that polls needs somebody who changes the value: a thread that has not left, and that does not itself "
        "wait for the one that polls";
  } else if (wrong_bytes != groups.end()) {
    report.name = "bytes-mismatch";
    report.headline = wrong_bytes->barrier->tx > 0
                          ? "this wait never ends: more bytes were expected than the phase's copies bring"
                          : "this wait never ends: the phase's copies bring more bytes than were expected";
    report.rule =
        "expect exactly the bytes that the phase's copies bring: full boxes, also where they hang over the tensor's "
        "edge, "
        "and all operands";
  } else if (lapped != groups.end()) {
    report.name = "phase-lapped";
    report.headline =
        "a thread came to its wait when the mbarrier was already two phases further, and sees the same parity";
    report.rule =
        "a wait sees only the phase that is running and the one before it: nobody may complete the next phase before "
        "all "
        "who wait have seen this one (let one lane wait and __syncwarp() after it, or count every waiter's arrival "
        "before "
        "the slot is used again)";
  } else {
    report.name = "deadlock";
    report.headline = "no thread of this block can go on: each waits for another that waits, too";
    report.rule =
        "every thread that a barrier counts or a mask names has to come, each time; if all have come who should, "
        "mbarrier_init counted too many";
  }
  constexpr std::size_t most_groups = 4;
  for (const Group& group : groups) {
    if (report.sides.size() == most_groups) {
      report.details.push_back("and " + std::to_string(groups.size() - most_groups) +
                               " more places where threads wait");
      break;
    }
    std::string note = std::to_string(group.threads.size()) + " of " + std::to_string(threads) + " threads wait in " +
                       group.what + ": " + list_threads(group.threads, threads);
    if (group.barrier) {
      const Thread& first = block.threads[static_cast<std::size_t>(group.threads.front())];
      note = list_threads(group.threads, threads) + ": waits for phase " + std::to_string(awaited_phase(first)) +
             " (parity " + std::to_string(awaited_phase(first) & 1) + ") of " + name_of(block, *group.barrier);
    }
    report.sides.push_back({group.site, group.code, note});
  }
  for (const Group& group : groups) {
    const std::string skipped = explain_skipped_phase(block, group);
    if (skipped.empty()) continue;
    report.details.push_back(skipped);
    break;
  }
  if (const std::string start = explain_false_start(block, groups); !start.empty()) report.details.push_back(start);
  for (const std::string& suspicion : {tell_stale_wait(block), tell_skipping_wait(block)}) {
    if (!suspicion.empty()) report.details.push_back(suspicion);
  }
  std::set<const Barrier*> told;
  for (const Group& group : groups) {
    if (group.barrier && told.insert(group.barrier).second && told.size() <= most_groups) {
      report.details.push_back(explain_barrier(block, *group.barrier, threads));
    }
  }
  if (wrong_bytes != groups.end()) report.details.push_back(explain_bytes(block, *wrong_bytes->barrier));
  for (std::size_t id = 0; id < block.named.size(); ++id) {
    const Rendezvous& named = block.named[id];
    if (named.waiting.empty()) continue;
    report.details.push_back("named barrier " + std::to_string(id) + ": " + std::to_string(named.arrived.size()) +
                             " of " + std::to_string(named.threads) + " threads have come");
  }
  for (const Thread& thread : block.threads) {
    if (const std::string cycle = find_cycle(block, thread); !cycle.empty()) {
      report.details.push_back("cycle: " + cycle);
      break;
    }
  }
  if (left.empty()) return report;
  report.details.push_back("block " + std::to_string(block.index) + ": " + std::to_string(left.size()) + " of " +
                           std::to_string(threads) + " threads have left the kernel: " + list_threads(left, threads));
  if (const void* code = block.threads[left.front()].last_code) {
    report.details.push_back("last seen there: " + to_string(source_line(code)));
  }
  return report;
}

Report explain_endless_run(const Machine& machine) {
  Report report = explain_standstill(machine);
  report.name = "livelock";
  report.headline = "the kernel has taken " + std::to_string(machine.options().most_steps) +
                    " steps and goes on: its threads repeat the same calls";
  report.rule =
      "a loop that waits for a value needs somebody who changes it, and a way to see the change: an mbarrier, or an "
      "atomic";
  return report;
}

}  // namespace emulator
