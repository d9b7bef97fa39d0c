// The access history (Shadow and Clock) against a model that forgets nothing: what the one reports, the other must
// know. Threads of two blocks load and store, ordinary and strong; they ask for copies, which are agents of their own;
// and they learn of each other by barriers of the block, by mbarriers, by releases and acquires, and by waits for
// copies.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "emulator/clock.h"
#include "emulator/shadow.h"

namespace {

using emulator::Access;
using emulator::Clock;
using emulator::Gathering;
using emulator::Knowledge;
using emulator::Order;
using emulator::Policy;
using emulator::Published;
using emulator::Shadow;

constexpr int blocks = 2;
constexpr int block_threads = 3;
constexpr int block_bars = 2;
constexpr int threads = blocks * block_threads;
// Agents of a block: its threads, their streams of cp.async, and the streams of its mbarriers' bulk copies.
constexpr int block_agents = 2 * block_threads + block_bars;
constexpr int agents = blocks * block_agents;
constexpr uintptr_t base = 4096;
constexpr std::size_t part = 24;  // bytes: each block's own, and then one for all
constexpr std::size_t bytes = (blocks + 1) * part;

int thread_agent(int thread) { return thread / block_threads * block_agents + thread % block_threads; }
int cp_async_agent(int thread) { return thread_agent(thread) + block_threads; }
int bar_agent(int block, int bar) { return block * block_agents + 2 * block_threads + bar; }
int block_of(int agent) { return agent / block_agents; }

struct Event {
  int agent = 0;
  int number = 0;  // of the agent's events
  std::size_t begin = 0, end = 0;
  bool is_write = false, is_strong = false, is_bulk = false;
  const void* code = nullptr;
  const emulator::Copy* copy = nullptr;  // only its address counts here
};

// How many events of each agent happened before, and how many of them before a proxy fence.
struct Known {
  std::array<int, agents> seen{}, fenced{};

  void join(const Known& other) {
    for (int a = 0; a < agents; ++a) {
      seen[a] = std::max(seen[a], other.seen[a]);
      fenced[a] = std::max(fenced[a], other.fenced[a]);
    }
  }
  // Fences are for the copies of the own block.
  void join_from_another_block(const Known& other) {
    for (int a = 0; a < agents; ++a) seen[a] = std::max(seen[a], other.seen[a]);
  }
};

// Every access there ever was, and what each thread knows before its next step.
struct Model {
  std::vector<Event> events;
  std::array<int, agents> count{};
  std::array<Known, threads> known{};

  Known released_by(int thread) const {
    Known all = known[thread];
    all.seen[thread_agent(thread)] = count[thread_agent(thread)];
    return all;
  }
  void fence(int thread) {
    Known& mine = known[thread];
    mine.seen[thread_agent(thread)] = count[thread_agent(thread)];
    for (int a = 0; a < agents; ++a) mine.fenced[a] = std::max(mine.fenced[a], mine.seen[a]);
  }
  void join(const std::vector<int>& members) {
    Known all;
    for (const int member : members) all.join(released_by(member));
    for (const int member : members) known[member] = all;
  }

  /// How `a` stands to `b`, which `thread` does or asks for.
  Order order(const Event& a, const Event& b, int thread, Policy policy) const {
    const Known& mine = known[thread];
    const bool is_own = a.agent == thread_agent(thread);
    if (!is_own && mine.seen[a.agent] <= a.number) return Order::unordered;
    const bool crosses_proxies = b.is_bulk && !a.is_bulk && block_of(a.agent) == block_of(b.agent);
    const bool demanded = a.is_write || policy != Policy::guide;
    return crosses_proxies && demanded && mine.fenced[a.agent] <= a.number ? Order::unfenced : Order::ordered;
  }
  bool may_conflict(const Event& a, const Event& b) const {
    return a.begin < b.end && b.begin < a.end && (a.is_write || b.is_write) && !(a.is_strong && b.is_strong);
  }
};

// The emulator's side of what the threads use to learn of each other.
struct Bar {
  Gathering gathering;
  Published last_complete;
  uint32_t phase = 0;
  bool has_arrivals = false;
  Known gathered, published;  // the model's side
};

struct Flag {
  std::map<int, Knowledge> released;  // by block
  std::map<int, Known> model;
};

class Round {
 public:
  Round(std::mt19937& random, Policy policy) : random_(random), policy_(policy) {
    for (int t = 0; t < threads; ++t) clocks_.emplace_back(t % block_threads);
  }

  /// One step of somebody. False: the history has reported a conflict, and so has the model.
  bool step() {
    const int thread = below(threads), block = thread / block_threads;
    const int number = below(block_bars);
    Bar& bar = bars_[block * block_bars + number];
    const int stream = bar_agent(block, number);
    Flag& flag = flags_[below(2)];
    switch (below(20)) {
      case 0:
        block_barrier(block);
        break;
      case 1:
        arrive(thread, bar);
        break;
      case 2:
        complete(bar, stream);
        break;
      case 3:
      case 4:
        wait(thread, bar);
        break;
      case 5:
        release(thread, flag);
        break;
      case 6:
      case 7:
        acquire(thread, flag);
        break;
      case 8:
        clocks_[thread].fence_proxy();
        model_.fence(thread);
        break;
      case 9:
        wait_for_copies(thread);
        break;
      case 10:
        arrive_after_copies(thread, bar);
        break;
      case 11:
      case 12:
      case 13:
        return bulk_copy(thread, stream, bar);
      case 14:
        return copy(thread, cp_async_agent(thread), static_cast<uint32_t>(model_.count[cp_async_agent(thread)] + 1));
      default:
        return load_or_store(thread);
    }
    return true;
  }

  Order reported = Order::ordered;

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  void block_barrier(int block) {  // or of a warp: among some threads of a block, in any order
    std::vector<int> members;
    for (int t = 0; t < block_threads; ++t) {
      if (below(3) != 0) members.push_back(block * block_threads + t);
    }
    if (members.empty()) return;
    std::shuffle(members.begin(), members.end(), random_);
    model_.join(members);
    std::vector<Clock*> meeting;
    for (const int member : members) meeting.push_back(&clocks_[member]);
    Clock::join(meeting);
  }

  // Waits for the phase before, as the rules demand of somebody, and arrives.
  void arrive(int thread, Bar& bar) {
    wait(thread, bar);
    bar.gathering.release_from(clocks_[thread]);
    bar.gathered.join(model_.released_by(thread));
    bar.has_arrivals = true;
  }

  void wait(int thread, Bar& bar) {
    bar.last_complete.acquire_by(clocks_[thread]);
    model_.known[thread].join(bar.published);
  }

  void complete(Bar& bar, int stream) {
    if (!std::exchange(bar.has_arrivals, false)) return;
    Knowledge knowledge = bar.gathering.take();
    ++bar.phase;
    knowledge.seen.raise(stream % block_agents, bar.phase);
    knowledge.fenced.raise(stream % block_agents, bar.phase);
    bar.last_complete.publish(std::move(knowledge));
    bar.published = bar.gathered;
    bar.gathered = {};
    bar.published.seen[stream] = bar.published.fenced[stream] = model_.count[stream];
  }

  void release(int thread, Flag& flag) {
    const int block = thread / block_threads;
    if (below(3) != 0) {  // a store replaces, an atomic update adds
      flag.released.clear();
      flag.model.clear();
    }
    flag.model[block].join(model_.released_by(thread));
    clocks_[thread].release(flag.released[block]);
  }

  void acquire(int thread, const Flag& flag) {
    const int here = thread / block_threads;
    for (const auto& [home, knowledge] : flag.released) clocks_[thread].acquire_from(home, knowledge, here);
    for (const auto& [home, known] : flag.model) {
      if (home == here) {
        model_.known[thread].join(known);
      } else {
        model_.known[thread].join_from_another_block(known);
      }
    }
  }

  void wait_for_copies(int thread) {  // all but the last few
    const int agent = cp_async_agent(thread), all = model_.count[agent];
    const int complete = std::max(0, all - below(3));
    clocks_[thread].see_copies(agent % block_agents, static_cast<uint32_t>(complete));
    int& seen = model_.known[thread].seen[agent];
    seen = std::max(seen, complete);
  }

  void arrive_after_copies(int thread, Bar& bar) {
    const int agent = cp_async_agent(thread);
    bar.gathering.add(agent % block_agents, static_cast<uint32_t>(model_.count[agent]));
    int& seen = bar.gathered.seen[agent];
    seen = std::max(seen, model_.count[agent]);
    arrive(thread, bar);  // see bulk_copy
  }

  // Who waits for a copy knows the copy, and not what its requester knew; but the history forgets what the copy has
  // overwritten. Where the requester arrives at the barrier, too, there is no difference.
  bool bulk_copy(int thread, int stream, Bar& bar) {
    const bool goes_on = copy(thread, stream, bar.phase + 1);
    arrive(thread, bar);
    return goes_on;
  }

  bool copy(int thread, int agent, uint32_t epoch) {
    Event event = make_event(thread, agent);
    event.is_bulk = agent % block_agents >= 2 * block_threads;
    event.is_write = below(3) != 0;
    event.copy = reinterpret_cast<const emulator::Copy*>(16 * (model_.events.size() + 1));
    if (event.is_bulk) {  // within its block's part
      const std::size_t first = part * static_cast<std::size_t>(thread / block_threads);
      event.begin = first + event.begin % part;
      event.end = std::min(first + part, event.begin + 16);
    }
    return record(thread, event, epoch);
  }

  bool load_or_store(int thread) {
    Event event = make_event(thread, thread_agent(thread));
    event.is_write = below(3) == 0;
    event.is_strong = below(4) == 0;
    event.code = &sites_[2 * event.is_strong + below(2)];
    return record(thread, event, clocks_[thread].epoch());
  }

  Event make_event(int thread, int agent) {
    Event event;
    event.agent = agent;
    event.number = model_.count[agent];
    // Of the own block, or of all.
    const auto where = static_cast<std::size_t>(below(2) ? thread / block_threads : blocks);
    event.begin = part * where + static_cast<std::size_t>(below(part));
    event.end = std::min(part * (where + 1), event.begin + 1 + static_cast<std::size_t>(below(20)));
    return event;
  }

  bool record(int thread, const Event& event, uint32_t epoch) {
    std::vector<std::pair<Event, Order>> conflicts;
    for (const Event& earlier : model_.events) {
      if (!model_.may_conflict(earlier, event)) continue;
      const Order order = model_.order(earlier, event, thread, policy_);
      if (order != Order::ordered) conflicts.emplace_back(earlier, order);
    }
    if (!conflicts.empty() && below(40) != 0) return true;  // a run ends with its first conflict: put most of them off

    Access access;
    access.block = thread / block_threads;
    access.agent = event.agent % block_agents;
    access.epoch = epoch;
    access.is_write = event.is_write;
    access.is_strong = event.is_strong;
    access.is_async = event.is_bulk;
    access.code = event.code;
    access.copy = event.copy;
    const bool has_written = std::ranges::any_of(model_.events, [&](const Event& earlier) {
      return earlier.is_write && earlier.begin < event.end && event.begin < earlier.end;
    });
    REQUIRE(shadow_.has_written(base + event.begin, event.end - event.begin) == has_written);
    const auto found = shadow_.record(access, clocks_[thread], policy_, base + event.begin, event.end - event.begin);
    REQUIRE(found.has_value() == !conflicts.empty());
    if (found) {
      const Access& earlier = found->earlier;
      REQUIRE(std::any_of(conflicts.begin(), conflicts.end(), [&](const auto& conflict) {
        const auto& [e, order] = conflict;
        return e.agent == earlier.block * block_agents + earlier.agent && e.is_write == earlier.is_write &&
               e.is_strong == earlier.is_strong && e.code == earlier.code && e.copy == earlier.copy &&
               order == found->order;
      }));
      reported = found->order;
      return false;
    }
    model_.events.push_back(event);
    ++model_.count[event.agent];
    return true;
  }

  std::mt19937& random_;
  Policy policy_;
  Model model_;
  Shadow shadow_{base, bytes};
  std::vector<Clock> clocks_;
  std::array<Bar, blocks * block_bars> bars_;
  std::array<Flag, 2> flags_;
  std::array<char, 4> sites_{};
};

}  // namespace

TEST_CASE("the history reports a conflict exactly where a complete record of all accesses has one") {
  std::mt19937 random(1);
  std::map<Policy, std::map<Order, int>> reported;
  for (int round = 0; round < 12000; ++round) {
    const Policy policy = std::array{Policy::strict, Policy::guide, Policy::hardware}[round % 3];
    CAPTURE(round);
    Round run(random, policy);
    int steps = 0;
    while (steps < 200 && run.step()) ++steps;
    ++reported[policy][run.reported];
  }
  for (const Policy policy : {Policy::strict, Policy::guide, Policy::hardware}) {
    CHECK(reported[policy][Order::unordered] > 800);
    CHECK(reported[policy][Order::unfenced] > 100);
  }
}

TEST_CASE("what has been gathered is handed over once, and who comes again brings all that it knows again") {
  Clock first(0), second(1);
  Knowledge from_elsewhere;
  from_elsewhere.seen.raise(2, 5);
  from_elsewhere.fenced.raise(2, 3);
  first.acquire(from_elsewhere);
  Gathering gathering;
  gathering.release_from(first);
  CHECK(gathering.take().seen[0] == 1);
  gathering.release_from(second);
  const Knowledge of_second = gathering.take();
  CHECK(of_second.seen[0] == 0);
  CHECK(of_second.seen[1] == 1);
  gathering.release_from(first);
  const Knowledge again = gathering.take();
  CHECK(again.seen[0] == 2);
  CHECK(again.seen[1] == 0);
  CHECK(again.seen[2] == 5);
  CHECK(again.fenced[2] == 3);
}
