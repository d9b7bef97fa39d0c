// The mbarrier's state machine and its rules (PTX ISA, "mbarrier" and "Phase of the mbarrier object").

#include <algorithm>
#include <string>

#include "emulator/machine.h"
#include "emulator/recorder.h"

namespace emulator {
namespace {

using std::to_string;

std::string who(const Thread& thread) { return describe(thread); }

std::string count_of(int64_t n, const char* one, const char* many) {
  return to_string(n) + " " + (n == 1 ? one : many);
}

// "phase 3 (parity 1): 1 of 2 arrivals outstanding, 128 bytes outstanding"
std::string state_of(const Block& block, const Barrier& barrier) {
  std::string text = name_of(block, barrier) + " is in phase " + to_string(barrier.phase) + " (parity " +
                     to_string(barrier.phase & 1) + "): " + to_string(barrier.pending) + " of " +
                     count_of(barrier.expected, "arrival", "arrivals") + " outstanding";
  if (barrier.tx > 0) text += ", " + bytes_of(static_cast<std::size_t>(barrier.tx)) + " outstanding";
  if (barrier.tx < 0) {
    text += ", " + bytes_of(static_cast<std::size_t>(-barrier.tx)) + " landed that nobody has expected";
  }
  return text;
}

Report about(const std::string& name, const std::string& headline, const Thread& thread, Here here,
             const std::string& note, const std::string& rule) {
  return {name, headline, {{here, nullptr, (note.empty() ? "" : note + "     ") + who(thread)}}, {}, rule};
}

Report with_barrier(Report report, const Block& block, const Barrier& barrier) {
  report.details.push_back(state_of(block, barrier));
  add_story(report, block, barrier);
  return report;
}

Report not_in_shared_memory(const Thread& thread, Here here) {
  return about("out-of-bounds", "this mbarrier does not lie in the block's shared memory", thread, here, "",
               "an mbarrier is a member of the shared storage");
}

Report misaligned_barrier(const Thread& thread, Here here, uintptr_t address) {
  return about("misaligned-access", "this mbarrier does not begin at a multiple of 8 bytes", thread, here,
               to_string(address % 8) + " bytes past a multiple of 8", "an mbarrier is 8 bytes, aligned to 8");
}

Report never_initialised(const Thread& thread, Here here, uintptr_t address) {
  Block& block = *thread.block;
  Report report = about("barrier-not-initialized", "there is no mbarrier here", thread, here,
                        "byte " + to_string(address - block.shared.base) + " of shared memory",
                        "mbarrier_init comes first, for each barrier of an array: one thread, then "
                        "fence_mbarrier_init() and __syncthreads(), then "
                        "everybody; after mbarrier_inval it must come again");
  if (const Barrier* before = address >= block.shared.base + 8 ? block.live_barrier(address - 8, 8) : nullptr) {
    report.details.push_back("these 8 bytes lie directly behind " + name_of(block, *before));
  }
  for (std::size_t i = block.barrier_count; i > 0; --i) {
    const Barrier& dead = *block.barriers[i - 1];
    if (dead.address != address) continue;
    report.sides.push_back({dead.inval_site, nullptr, name_of(block, dead) + " was invalidated here"});
    break;
  }
  return report;
}

Report not_visible(const Block& block, const Barrier& barrier, const Thread& thread, Here here) {
  Report report = about("barrier-not-initialized", "this thread may come to the mbarrier before its initialisation",
                        thread, here, "uses " + name_of(block, barrier), "");
  report.sides.push_back({barrier.init_site, nullptr, "initialised by " + describe(block.index, barrier.initialiser)});
  report.rule =
      "between mbarrier_init and the first use by another thread stands a barrier that both execute: "
      "fence_mbarrier_init(), then __syncthreads()";
  return report;
}

Report completes_without_its_copies(const Block& block, const Barrier& barrier) {
  const auto in_flight = [&](const Copy& copy) {
    return copy.barrier == &barrier && copy.phase == barrier.phase && !copy.landed;
  };
  const Copy* late = nullptr;
  for (std::size_t i = 0; i < block.copy_count && !late; ++i) {
    if (in_flight(*block.copies[i])) late = block.copies[i].get();
  }
  Report report{"bytes-mismatch",
                "a phase of this mbarrier ends while copies that were requested for it are still in flight",
                {{late->site, nullptr,
                  name_of(*late) + ", " + bytes_of(late->bytes) + " for phase " + to_string(barrier.phase) + " of " +
                      name_of(block, barrier) + "     " + describe(block.index, late->issuer)}},
                {"phase " + to_string(barrier.phase) + ": " + to_string(barrier.expected_bytes) +
                 " bytes were expected, and " + to_string(barrier.requested_bytes) + " bytes of copies requested"},
                "expect exactly the bytes that the phase's copies bring, full boxes also where they hang over the "
                "tensor's edge, and let the thread that expects them arrive last"};
  add_story(report, block, barrier);
  return report;
}

// Ends the phase if nothing is outstanding.
void try_complete(Block& block, Barrier& barrier) {
  if (barrier.pending != 0 || barrier.tx != 0) return;
  if (barrier.in_flight > 0) return machine->stop(completes_without_its_copies(block, barrier));
  ++machine->counts().barrier_phases;
  if (Recorder* const recorder = machine->recorder()) recorder->completed(block, barrier);
  block.timeline.add({Event::Kind::completed, -1, &barrier, nullptr, static_cast<int64_t>(barrier.phase), {}});
  Knowledge knowledge = barrier.gathering.take();
  ++barrier.phase;
  const auto epoch = static_cast<uint32_t>(barrier.phase);
  knowledge.seen.raise(barrier.stream, epoch);
  barrier.last_complete.publish(std::move(knowledge));
  barrier.pending = barrier.expected;
  barrier.observed = false;
  barrier.expected_bytes = 0;
  barrier.requested_bytes = 0;
  for (Thread* waiter : barrier.waiters) machine->make_runnable(*waiter);
  barrier.waiters.clear();
}

Report bad_count(const Thread& thread, Here here, const std::string& what, int64_t value, int64_t least) {
  return about("bad-count", what + " is out of range", thread, here,
               to_string(value) + "; possible are " + to_string(least) + " to " + to_string(Barrier::most),
               "an mbarrier counts 1 to 1048575 arrivals, and at most 1048575 bytes, in each phase");
}

// Where the thread has arrived at the barrier's current phase before; null if it has not.
const Event* arrival_before(const std::vector<Event>& events, const Barrier& barrier, const Thread& thread) {
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (event->barrier != &barrier) continue;
    if (event->kind == Event::Kind::completed) return nullptr;
    if (event->is_arrival() && event->thread == thread.index) return &*event;
  }
  return nullptr;
}

Report too_many_arrivals(const Block& block, const Barrier& barrier, const Thread& thread, Here here, uint32_t count) {
  Report report =
      about("too-many-arrivals", "more arrivals come to this phase than mbarrier_init counted", thread, here,
            "arrives " + (count == 1 ? "" : to_string(count) + " times ") + "at " + name_of(block, barrier),
            "the count of mbarrier_init is the number of arrivals in each phase, of all threads together: "
            "decide for each barrier who arrives, and how often");
  const std::vector<Event> events = block.timeline.events();
  if (const Event* before = arrival_before(events, barrier, thread)) {
    report.details.push_back("this thread has already arrived in this phase (" + place(before->here) +
                             "): is this one for a later tile?");
    report.rule =
        "mbarrier_init counts the arrivals of a phase, of all threads together; the arrival for a slot's next tile "
        "comes when this phase is complete and the slot is free again";
  }
  return with_barrier(std::move(report), block, barrier);
}

Report not_observed(const Block& block, const Barrier& barrier, const Thread& thread, Here here) {
  return with_barrier(
      about("phase-not-observed", "this arrival is for a phase whose predecessor nobody has waited for", thread, here,
            "arrives in phase " + to_string(barrier.phase) + " of " + name_of(block, barrier),
            "somebody's wait must find each phase complete before anybody arrives in the next one; if there are more "
            "arrivals than you meant, compare them with the count of mbarrier_init"),
      block, barrier);
}

void count_arrival(Block& block, Barrier& barrier, Thread& thread, uint32_t count, Here here) {
  ++machine->counts().barrier_arrivals;
  if (count < 1 || count > Barrier::most) machine->stop(bad_count(thread, here, "the number of arrivals", count, 1));
  if (machine->options().policy != Policy::hardware && barrier.phase > 0 && !barrier.observed) {
    machine->stop(not_observed(block, barrier, thread, here));
  }
  if (barrier.pending < count) machine->stop(too_many_arrivals(block, barrier, thread, here, count));
  if (Recorder* const recorder = machine->recorder()) {
    recorder->begins(Recorded::Kind::arrival, thread, barrier, barrier.phase, here);
  }
}

uint64_t arrive(Barrier& barrier, Thread& thread, uint32_t count) {
  const uint64_t token = barrier.phase;
  barrier.gathering.release_from(thread.clock);
  barrier.pending -= count;
  machine->note_change();
  try_complete(*thread.block, barrier);
  thread.trace = combine(thread.trace, token);
  return token;
}

void expect(Barrier& barrier, Thread& thread, uint32_t bytes, Here here) {
  if (bytes > Barrier::most) machine->stop(bad_count(thread, here, "the number of bytes", bytes, 0));
  barrier.tx += bytes;
  barrier.expected_bytes += bytes;
  machine->note_change();
  if (barrier.tx > Barrier::most) {
    machine->stop(bad_count(thread, here, "the sum of outstanding bytes", barrier.tx, 0));
  }
}

Report lapped(const Block& block, const Barrier& barrier, const Thread& thread, Here here, int64_t phase) {
  return with_barrier(
      about(
          "phase-lapped",
          "while this thread waited for a phase, the mbarrier went on to another one of the same parity", thread, here,
          "waited for phase " + to_string(phase) + " of " + name_of(block, barrier),
          "a wait sees only the phase that is running and the one before it: nobody may complete the next phase before "
          "all who wait have seen this one (let one lane wait and __syncwarp() after it, or count every waiter's "
          "arrival before the slot is used again)"),
      block, barrier);
}

// The thread's wait or question found the previous phase complete.
void observe(Barrier& barrier, Thread& thread, Here here) {
  Block& block = *thread.block;
  const auto phase = static_cast<int64_t>(barrier.phase) - 1;
  if (thread.asked == &barrier) thread.asked = nullptr;
  if (barrier.last_observed.empty()) barrier.last_observed.assign(block.threads.size(), -1);
  int64_t& last = barrier.last_observed[static_cast<std::size_t>(thread.index)];
  const auto kind = phase >= 0 && last == phase ? Event::Kind::waited_again
                    : phase > last + 1          ? Event::Kind::waited_later
                                                : Event::Kind::waited;
  block.timeline.add({kind, thread.index, &barrier, nullptr, phase, here});
  if (phase < 0) return;
  last = phase;
  barrier.observed = true;
  barrier.last_observed_by_any = phase;
  barrier.last_complete.acquire_by(thread.clock);
  thread.trace = combine(thread.trace, barrier.phase);
}

bool is_complete(const Barrier& barrier, uint32_t parity) { return (barrier.phase & 1) != parity; }

Report bad_parity(const Thread& thread, Here here, uint32_t parity) {
  return about("bad-count", "a parity is 0 or 1", thread, here, "it is " + to_string(parity),
               "the k-th tile of a ring has parity (k / stages) & 1");
}

// The beginning of every call: others may go first, then the barrier must be there.
Barrier& enter(void* bar, Thread& thread, Here here) {
  machine->pause(thread);
  return barrier_at(bar, thread, here);
}

void answer_complete(Barrier& barrier, Thread& thread, Here here) {
  if (Recorder* const recorder = machine->recorder()) recorder->answered(thread, barrier, here);
  observe(barrier, thread, here);
}

void answer_not_yet(const Barrier& barrier, Thread& thread, const char* what, Here here) {
  ++machine->counts().waits_blocked;
  if (thread.asked != &barrier) thread.asked_since = thread.time;
  thread.asked = &barrier;
  thread.asked_phase = barrier.phase;
  const auto phase = static_cast<int64_t>(barrier.phase);
  thread.block->timeline.add({Event::Kind::asked, thread.index, &barrier, nullptr, phase, here});
  thread.trace = combine(thread.trace, ~barrier.phase);
  machine->not_yet(thread, &barrier, barrier.phase, what, here, nullptr);
}

bool ask(void* bar, uint32_t parity, const char* what, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Barrier& barrier = enter(bar, thread, here);
  if (parity > 1) machine->stop(bad_parity(thread, here, parity));
  ++machine->counts().waits;
  // In a loop of questions: the last "not yet" was about a phase that has ended, and so has the next one.
  const bool is_late =
      thread.asked == &barrier && (thread.asked_phase & 1) == parity && barrier.phase > thread.asked_phase + 1;
  if (is_late) {
    machine->stop(lapped(*thread.block, barrier, thread, here, static_cast<int64_t>(thread.asked_phase)));
  }
  if (is_complete(barrier, parity)) {
    answer_complete(barrier, thread, here);
    return true;
  }
  answer_not_yet(barrier, thread, what, here);
  return false;
}

Report live_already(const Block& block, const Barrier& barrier, const Thread& thread, Here here) {
  Report report = about("init-on-live-barrier", "mbarrier_init on an mbarrier that is in use", thread, here,
                        "initialises " + name_of(block, barrier) + " again", "");
  report.sides.push_back(
      {barrier.init_site, nullptr, "initialised before by " + describe(block.index, barrier.initialiser)});
  report.rule =
      "an mbarrier is initialised once; it starts each next phase by itself, so wait for parity (k / stages) & 1 "
      "instead of starting over";
  return with_barrier(std::move(report), block, barrier);
}

// Whether everybody's last use of the barrier is ordered before this thread's next step.
bool all_have_finished(const Barrier& barrier, const Thread& thread) {
  for (std::size_t i = 0; i < barrier.last_used.size(); ++i) {
    if (!thread.clock.has_seen(static_cast<int>(i), barrier.last_used[i])) return false;
  }
  return true;
}

Report in_use(const Block& block, const Barrier& barrier, const Thread& thread, Here here) {
  return with_barrier(about("invalidated-in-use",
                            "mbarrier_inval on an mbarrier that others may still use: a thread, or a copy that will "
                            "report to",
                            thread, here, "invalidates " + name_of(block, barrier),
                            "before mbarrier_inval all have come out of their last wait, and a __syncthreads() stands "
                            "between"),
                      block, barrier);
}

Report drops_to_zero(const Block& block, const Barrier& barrier, const Thread& thread, Here here) {
  return with_barrier(
      about("dropped-to-zero", "after this mbarrier_arrive_drop no arrival is left for the phases to come", thread,
            here, "drops out of " + name_of(block, barrier),
            "mbarrier_arrive_drop says \"I leave for ever\": it lowers the count of all later phases. To go on to the "
            "next "
            "phase, arrive"),
      block, barrier);
}

}  // namespace

Barrier& barrier_at(const void* bar, Thread& thread, Here here) {
  Block& block = *thread.block;
  const auto address = reinterpret_cast<uintptr_t>(bar);
  if (!block.shared.contains(address, 8)) machine->stop(not_in_shared_memory(thread, here));
  if (address % 8) machine->stop(misaligned_barrier(thread, here, address));
  Barrier* const barrier = block.live_barrier(address, 8);
  if (!barrier) machine->stop(never_initialised(thread, here, address));
  if (!thread.clock.has_seen(barrier->initialiser, barrier->init_epoch)) {
    machine->stop(not_visible(block, *barrier, thread, here));
  }
  if (barrier->last_used.empty()) barrier->last_used.assign(block.threads.size(), 0);
  barrier->last_used[static_cast<std::size_t>(thread.index)] = thread.clock.epoch();
  return *barrier;
}

void complete_bytes(Barrier& barrier, const Copy& copy) {
  --barrier.in_flight;
  barrier.tx -= static_cast<int64_t>(copy.bytes);
  try_complete(*copy.block, barrier);
}

void arrive_after_copies(Barrier& barrier, Thread& thread, uint32_t epoch, Here here) {
  Block& block = *thread.block;
  if (!barrier.live) return machine->stop(never_initialised(thread, here, barrier.address));
  count_arrival(block, barrier, thread, 1, here);
  block.timeline.add({Event::Kind::arrived, thread.index, &barrier, nullptr, 1, here});
  barrier.gathering.add(thread.stream, epoch);
  --barrier.pending;
  machine->note_change();
  try_complete(block, barrier);
}

void mbarrier_init(void* bar, uint32_t count, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Block& block = *thread.block;
  machine->pause(thread);
  const auto address = reinterpret_cast<uintptr_t>(bar);
  if (!block.shared.contains(address, 8)) machine->stop(not_in_shared_memory(thread, here));
  if (address % 8) machine->stop(misaligned_barrier(thread, here, address));
  if (count < 1 || count > Barrier::most) machine->stop(bad_count(thread, here, "the count of arrivals", count, 1));
  if (const Barrier* old = block.live_barrier(address, 8)) machine->stop(live_already(block, *old, thread, here));

  if (block.barrier_count == block.barriers.size()) block.barriers.push_back(std::make_unique<Barrier>());
  Barrier& barrier = *block.barriers[block.barrier_count];
  barrier = Barrier{};
  barrier.address = address;
  barrier.live = true;
  barrier.init_site = here;
  barrier.initialiser = thread.index;
  barrier.init_epoch = thread.clock.epoch();
  thread.unfenced_inits.push_back(&barrier);
  barrier.stream = block.agents++;
  barrier.pending = barrier.expected = count;
  block.barrier_of_word[(address - block.shared.base) / 8] = static_cast<int>(block.barrier_count++);
  block.timeline.add({Event::Kind::initialised, thread.index, &barrier, nullptr, count, here});
}

void mbarrier_inval(void* bar, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Block& block = *thread.block;
  Barrier& barrier = enter(bar, thread, here);
  if (!barrier.waiters.empty() || barrier.in_flight > 0 || !all_have_finished(barrier, thread)) {
    machine->stop(in_use(block, barrier, thread, here));
  }
  barrier.live = false;
  barrier.inval_site = here;
  block.barrier_of_word[(barrier.address - block.shared.base) / 8] = -1;
  block.timeline.add({Event::Kind::invalidated, thread.index, &barrier, nullptr, 0, here});
}

uint64_t mbarrier_arrive(void* bar, uint32_t count, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Barrier& barrier = enter(bar, thread, here);
  count_arrival(*thread.block, barrier, thread, count, here);
  thread.block->timeline.add(
      {Event::Kind::arrived, thread.index, &barrier, nullptr, count, here, thread.clock.epoch()});
  return arrive(barrier, thread, count);
}

uint64_t mbarrier_arrive_expect_tx(void* bar, uint32_t bytes, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Barrier& barrier = enter(bar, thread, here);
  count_arrival(*thread.block, barrier, thread, 1, here);
  thread.block->timeline.add(
      {Event::Kind::expected, thread.index, &barrier, nullptr, bytes, here, thread.clock.epoch()});
  expect(barrier, thread, bytes, here);
  return arrive(barrier, thread, 1);
}

void mbarrier_expect_tx(void* bar, uint32_t bytes, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Barrier& barrier = enter(bar, thread, here);
  thread.block->timeline.add({Event::Kind::expected, thread.index, &barrier, nullptr, bytes, here});
  expect(barrier, thread, bytes, here);
}

uint64_t mbarrier_arrive_drop(void* bar, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Barrier& barrier = enter(bar, thread, here);
  count_arrival(*thread.block, barrier, thread, 1, here);
  if (barrier.expected == 1) machine->stop(drops_to_zero(*thread.block, barrier, thread, here));
  thread.block->timeline.add({Event::Kind::dropped, thread.index, &barrier, nullptr, 1, here, thread.clock.epoch()});
  --barrier.expected;
  return arrive(barrier, thread, 1);
}

bool mbarrier_test_wait(void* bar, uint64_t token, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Barrier& barrier = enter(bar, thread, here);
  ++machine->counts().waits;
  if (barrier.phase > token + 1) {
    machine->stop(lapped(*thread.block, barrier, thread, here, static_cast<int64_t>(token)));
  }
  if (barrier.phase == token + 1) {
    answer_complete(barrier, thread, here);
    return true;
  }
  answer_not_yet(barrier, thread, "mbarrier_test_wait()", here);
  return false;
}

bool mbarrier_test_wait_parity(void* bar, uint32_t parity, Here here) {
  return ask(bar, parity, "mbarrier_test_wait_parity()", here);
}

bool mbarrier_try_wait_parity(void* bar, uint32_t parity, Here here) {
  return ask(bar, parity, "mbarrier_try_wait_parity()", here);
}

void mbarrier_wait_parity(void* bar, uint32_t parity, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Barrier& barrier = enter(bar, thread, here);
  if (parity > 1) machine->stop(bad_parity(thread, here, parity));
  ++machine->counts().waits;
  const bool is_at_once = is_complete(barrier, parity);
  const RecordedWait recorded(thread, barrier, barrier.phase - is_at_once, here);
  if (!is_at_once) {
    ++machine->counts().waits_blocked;
    const uint64_t phase = barrier.phase;
    thread.block->timeline.add(
        {Event::Kind::blocked, thread.index, &barrier, nullptr, static_cast<int64_t>(phase), here});
    thread.begin_wait("mbarrier_wait_parity()", here);
    thread.barrier = &barrier;
    thread.phase = phase;
    barrier.waiters.push_back(&thread);
    machine->yield(thread);
    if (barrier.phase != phase + 1) {
      machine->stop(lapped(*thread.block, barrier, thread, here, static_cast<int64_t>(phase)));
    }
  }
  observe(barrier, thread, here);
}

}  // namespace emulator
