#include "emulator/diagnosis.h"

#include <algorithm>
#include <string>

#include "emulator/source.h"

namespace emulator {
namespace {

using std::to_string;

const char* kind_of(const Access& access) { return access.is_write ? "write" : "read"; }

std::string what(const Access& access, std::size_t bytes) {
  return std::string(kind_of(access)) + " of " + bytes_of(bytes);
}

Report::Side side_of_earlier(const Access& earlier) {
  const std::string what = std::string("earlier ") + kind_of(earlier) + " by ";
  if (!earlier.copy) return {{}, earlier.code, what + describe(earlier.block, earlier.agent)};
  return {earlier.copy->site, nullptr,
          what + "a copy that " + describe(earlier.block, earlier.copy->issuer) + " requested"};
}

// " in group 2 of its thread", of a cp.async: groups are counted from 0.
std::string group_of(const Copy& copy) {
  return copy.kind == Copy::Kind::cp_async ? " in group " + to_string(copy.group) + " of its thread" : "";
}

// "copy #3, 128 bytes for phase 1 of full[1], requested by warp 0, lane 0; still in flight"
Report::Side side_of_copy(const Copy& copy) {
  std::string note = name_of(copy) + ", " + bytes_of(copy.bytes);
  if (copy.barrier) {
    note += " for phase " + to_string(copy.phase) + " of " + name_of(*copy.block, *copy.barrier);
  } else {
    note += group_of(copy);
  }
  note += ", requested by " + describe_in_block(copy.issuer);
  if (!copy.landed) note += "; still in flight";
  return {copy.site, nullptr, note};
}

// What the reader's warp did about the barrier that the copy reports to. Returns whether that explains the mistake.
bool explain_waits(Report& report, const Thread& thread, const Copy& copy) {
  const Block& block = *copy.block;
  const Barrier& barrier = *copy.barrier;
  const std::string name = name_of(block, barrier);
  const auto events = block.timeline.events();
  const auto is_wait_of = [&](const Event& event, bool of_thread) {
    return event.is_wait() && event.barrier == &barrier &&
           (of_thread ? event.thread == thread.index : event.thread / warp_size == thread.warp());
  };
  auto last = std::find_if(events.rbegin(), events.rend(), [&](const Event& e) { return is_wait_of(e, true); });
  if (last == events.rend()) {
    last = std::find_if(events.rbegin(), events.rend(), [&](const Event& e) { return is_wait_of(e, false); });
  }
  const Slot slot = slot_of(block, barrier);
  const auto tile = static_cast<int64_t>(copy.phase) * slot.count + slot.index;
  bool explained = false;
  if (last == events.rend()) {
    report.details.push_back("this warp has never waited for " + name);
  } else {
    const std::string who = last->thread == thread.index ? "" : " by lane " + to_string(last->thread % warp_size);
    const int64_t found = last->value;
    std::string text = "the last wait for " + name + who + " (" + place(last->here) + ") was for parity " +
                       to_string((found + 2) % 2) + ", and ";
    if (found < 0) {
      text += "on a barrier in its first phase parity 1 is complete from the start";
    } else if (found >= static_cast<int64_t>(copy.phase)) {
      text +=
          "saw this copy's phase complete; but nothing orders that wait before this access: let this thread wait, "
          "too, or meet the one that has waited";
    } else {
      text += "phase " + to_string(found) + " was complete long ago: that is an earlier tile's";
      explained = true;
    }
    report.details.push_back(text);
  }
  report.rule =
      "wait for the phase that the copy belongs to: slot = k % stages, parity = (k / stages) & 1, with one counter "
      "k that is never reset";
  if (slot.count > 1) {
    const std::string stages = to_string(slot.count);
    report.details.push_back("this copy brings tile k = " + to_string(tile) + ": slot = k % " + stages + " = " +
                             to_string(slot.index) + ", parity = (k / " + stages +
                             ") & 1 = " + to_string(copy.phase & 1));
  }
  return explained;
}

// Whether no copy before this one went to the same bytes.
bool is_first_into(const Copy& copy) {
  const Block& block = *copy.block;
  return std::ranges::none_of(block.copies.begin(), block.copies.begin() + copy.number - 1, [&](const auto& earlier) {
    return earlier->destination < copy.destination + copy.bytes &&
           copy.destination < earlier->destination + earlier->bytes;
  });
}

// What the reader and the thread that requested a cp.async have waited for: too few groups, or not both of them.
void explain_groups(Report& report, const Thread& reader, const Thread& issuer, const Copy& copy) {
  const std::string who = describe_in_block(issuer.index);
  const auto& wait = issuer.last_group_wait;
  if (wait && wait->requested >= copy.epoch && !wait->covers(copy.group)) {
    const int awaited = std::max(wait->committed - wait->pending, 0);
    report.sides.push_back({wait->here, nullptr,
                            "last wait of " + who + ": N = " + to_string(wait->pending) + ", " +
                                to_string(wait->committed) + (wait->committed == 1 ? " group" : " groups") +
                                " committed by then, so for " + (awaited == 0 ? "none" : to_string(awaited)) +
                                " of them"});
    report.rule =
        "cp_async_wait_group<N>() leaves the N groups committed last in flight: count the commits behind the tile "
        "that you are about to read, empty ones too";
    return;
  }
  const auto& own = reader.last_group_wait;
  if (own && own->covers(copy.group)) {
    report.sides.push_back(
        {own->here, nullptr,
         describe_in_block(reader.index) + " has waited for its own copies, and not met " + who + " behind this line"});
  } else {
    report.details.push_back(who + " has not waited since it requested this copy");
  }
  report.rule =
      "cp_async_wait_group is for a thread's own copies: each thread waits, and behind the wait stands "
      "__syncthreads(), before anybody reads what others have requested";
}

void add_timeline(Report& report, const Copy& copy) {
  if (copy.barrier) add_story(report, *copy.block, *copy.barrier);
}

// A load or store of bytes that a copy fills, and the thread does not know that they have come.
Report explain_in_flight(const Thread& thread, const Region& region, uintptr_t address, std::size_t bytes,
                         const Access& access, const Copy& copy) {
  Report report;
  const Thread& issuer = copy.block->threads[static_cast<std::size_t>(copy.issuer)];
  const bool issuer_has_waited = copy.kind == Copy::Kind::cp_async && &issuer != &thread &&
                                 copy.block->index == thread.block->index &&
                                 issuer.clock.has_seen(copy.stream, copy.epoch);
  report.sides = {side_of_access(thread, region, address, bytes, access), side_of_copy(copy)};
  if (issuer_has_waited) {
    report.name = "visible-to-issuer-only";
    report.headline = std::string("this ") + kind_of(access) +
                      " uses what another thread's cp.async brought: only that thread has waited for it";
    report.rule =
        "cp_async_wait_group makes a thread's own copies visible to itself; __syncthreads() behind it makes them "
        "visible to the others: wait, then barrier";
  } else if (access.is_write) {
    report.name = "write-in-flight";
    report.headline = "this write goes to bytes that a copy in flight is filling";
    report.rule = "from a copy's request to the wait for it, its destination belongs to the copy";
    add_timeline(report, copy);
  } else if (copy.kind == Copy::Kind::cp_async) {
    report.name = "read-in-flight";
    report.headline = "this read does not wait for the cp.async that fills its bytes";
    explain_groups(report, thread, issuer, copy);
  } else {
    report.name = "read-in-flight";
    report.headline = "this read does not wait for the copy that fills its slot";
    if (explain_waits(report, thread, copy)) {
      for (const std::string& line : tell(*copy.block, *copy.barrier, 5)) report.details.push_back(line);
    } else {
      add_timeline(report, copy);
    }
  }
  return report;
}

}  // namespace

Report::Side side_of_access(const Thread& thread, const Region& region, uintptr_t address, std::size_t bytes,
                            const Access& access) {
  return {{},
          access.code,
          what(access, bytes) + " at byte " + to_string(address - region.base) + " of " + region.name + "     " +
              describe(thread)};
}

Report explain_access(const Thread& thread, const Region& region, uintptr_t address, std::size_t bytes,
                      const Access& access, const Conflict& conflict) {
  const Access& earlier = conflict.earlier;
  const bool same_block = earlier.block == thread.block->index;
  if (earlier.copy && same_block && earlier.is_write) {
    return explain_in_flight(thread, region, address, bytes, access, *earlier.copy);
  }
  if (earlier.copy && same_block) {
    return {"source-changed-in-flight",
            "this write changes what a copy in flight is reading",
            {side_of_access(thread, region, address, bytes, access), side_of_copy(*earlier.copy)},
            {},
            "from a copy's request to the wait for it, its source must not change"};
  }
  Report report{"data-race",
                "two threads use the same bytes, at least one writes, and nothing orders them",
                {side_of_access(thread, region, address, bytes, access), side_of_earlier(earlier)},
                {},
                !same_block ? "blocks of one launch run in any order and at the same time: give each block its own "
                              "part of the output"
                : thread.block->barrier_count == 0
                    ? "between one thread's write and another's access stands a barrier that both execute: "
                      "__syncthreads(), or __syncwarp() inside a warp; a shuffle orders no memory"
                    : "a barrier stands between the two: __syncwarp() inside a warp, __syncthreads(), or an mbarrier, "
                      "where the first arrives after its access and the second waits before its own"};
  if (same_block && thread.block->barrier_count > 0) {
    report.details.push_back(tell_arrival_since(*thread.block, earlier.agent, earlier.epoch));
    for (const int waiter : {earlier.agent, thread.index}) {
      const std::string wait = tell_last_wait(*thread.block, waiter);
      if (!wait.empty()) report.details.push_back(wait);
    }
  }
  if (same_block && thread.seen_through_volatile[earlier.agent] >= earlier.epoch) {
    report.name = "volatile-orders-nothing";
    report.headline =
        "these two accesses are ordered only by a volatile or relaxed flag, and such a flag orders nothing";
    report.rule =
        "a volatile variable shows its value to others, and says nothing about the writes before it: use an "
        "mbarrier, or store_release and load_acquire";
  }
  return report;
}

Report explain_request(const Thread& thread, const Region& region, const Copy& copy, bool is_write,
                       const Conflict& conflict) {
  const Access& earlier = conflict.earlier;
  const bool same_block = earlier.block == thread.block->index;
  Report report;
  const std::byte* const first = is_write ? copy.destination : copy.segments.front().source;
  const std::string part = copy.kind == Copy::Kind::tensor && !is_write
                               ? "from"
                               : (is_write ? "to byte " : "from byte ") +
                                     to_string(reinterpret_cast<uintptr_t>(first) - region.base) + " of";
  report.sides.push_back({copy.site, nullptr,
                          name_of(copy) + ", " + bytes_of(copy.bytes) + group_of(copy) + " " + part + " " +
                              region.name + "     " + describe(thread)});
  report.sides.push_back(earlier.copy && same_block ? side_of_copy(*earlier.copy) : side_of_earlier(earlier));
  if (!same_block) {
    report.name = "data-race";
    report.headline = "this copy and another block use the same bytes, at least one writes, and nothing orders them";
    report.rule =
        "blocks of one launch run in any order and at the same time: give each block its own part of the output";
    return report;
  }
  add_timeline(report, copy);
  if (conflict.order == Order::unfenced) {
    const bool was_write = earlier.is_write;
    report.name = was_write ? "unfenced-store" : "unfenced-read";
    report.headline =
        was_write ? "no proxy fence stands between an ordinary write and the bulk copy that uses these bytes"
                  : "no proxy fence stands between the last read of this slot and the bulk copy that refills it";
    report.rule = was_write
                      ? "whoever wrote with ordinary stores calls fence_proxy_async() before the barrier behind which "
                        "the copy is requested"
                      : "each thread that has read a slot with ordinary loads calls fence_proxy_async(), and then "
                        "comes to the barrier behind which the slot is free";
    return report;
  }
  if (earlier.copy) {
    report.name = "write-in-flight";
    report.headline = "this copy goes to bytes that another copy in flight is filling";
    const Copy& other = *earlier.copy;
    report.rule = other.issuer != copy.issuer && other.site.line == copy.site.line && other.phase == copy.phase
                      ? "a copy is requested once, by one thread: choose it (lane == 0, or elect_sync()) before the "
                        "request"
                      : "a slot is refilled when its tile has been waited for and read: no more copies than slots are "
                        "in flight";
  } else if (!is_write) {
    report.name = "source-changed-in-flight";
    report.headline = "this copy reads what another thread writes, and nothing orders them";
    report.rule = "what a copy reads has been written before its request, with a barrier between";
  } else if (earlier.is_write) {
    report.name = "write-in-flight";
    report.headline = "this copy goes to bytes that a thread writes, and nothing orders them";
    report.rule =
        "between the last ordinary write to a slot and the request that refills it stands a barrier: the empty "
        "barrier of the slot, or __syncthreads()";
  } else if (is_first_into(copy)) {
    report.name = "overwrite-while-read";
    report.headline = "this copy fills bytes that a thread reads, and nothing says which comes first";
    report.rule =
        "whoever reads a tile waits for the copy that brings it; whoever requests a copy waits for those who "
        "read its destination";
  } else {
    report.name = "overwrite-while-read";
    report.headline = "this copy refills a slot that a thread may still be reading";
    report.rule =
        "between the reads of a slot and the request that refills it stands a barrier: __syncwarp() in one warp, "
        "__syncthreads(), or an empty barrier (parity ((k / stages) & 1) ^ 1)";
  }
  return report;
}

Report explain_overwritten_barrier(const Thread& thread, const Barrier& barrier, const Access& access, Here here) {
  const Block& block = *thread.block;
  const bool is_copy = access.copy != nullptr;
  return {
      "barrier-overwritten",
      is_copy ? "this copy overwrites an mbarrier that is in use"
              : std::string("this ordinary ") + kind_of(access) + " touches an mbarrier that is in use",
      {{here, access.code, describe(thread)},
       {barrier.init_site, nullptr,
        name_of(block, barrier) + ", byte " + to_string(barrier.address - block.shared.base) +
            " of shared memory, initialised by " + describe_in_block(barrier.initialiser)}},
      {},
      "the 8 bytes of an mbarrier belong to the hardware from mbarrier_init to mbarrier_inval: keep them apart from "
      "everything else"};
}

}  // namespace emulator
