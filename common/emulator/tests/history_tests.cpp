// The access history (Shadow and Clock) against a model that forgets nothing: what the one reports, the other must
// know.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "emulator/clock.h"
#include "emulator/shadow.h"

namespace {

using emulator::Access;
using emulator::Clock;
using emulator::Shadow;

constexpr int blocks = 2;
constexpr int block_threads = 3;
constexpr int threads = blocks * block_threads;
constexpr uintptr_t base = 4096;
constexpr std::size_t bytes = 40;  // two granules and a half

struct Event {
  int thread;  // block * block_threads + index in the block
  int number;  // of the thread's events
  std::size_t begin, end;
  bool is_write;
  const void* code;
};

// Every access there ever was; and for each thread, how many events of each other happened before its next.
struct Model {
  std::vector<Event> events;
  std::array<int, threads> count{};
  std::array<std::array<int, threads>, threads> seen{};

  bool conflicts(const Event& a, const Event& b) const {
    return a.thread != b.thread && a.begin < b.end && b.begin < a.end && (a.is_write || b.is_write) &&
           a.number >= seen[b.thread][a.thread];
  }
  void join(const std::vector<int>& members) {
    std::array<int, threads> all{};
    for (const int member : members) {
      seen[member][member] = count[member];
      for (int t = 0; t < threads; ++t) all[t] = std::max(all[t], seen[member][t]);
    }
    for (const int member : members) seen[member] = all;
  }
};

}  // namespace

TEST_CASE("the history reports a race exactly where a complete record of all accesses has one") {
  std::mt19937 random(1);
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  const std::array<char, 2> sites{};
  int races = 0;
  for (int round = 0; round < 2000; ++round) {
    Model model;
    Shadow shadow(base, bytes);
    std::vector<Clock> clocks;
    for (int t = 0; t < threads; ++t) clocks.emplace_back(t % block_threads);
    for (int step = 0; step < 150; ++step) {
      if (below(4) == 0) {  // a barrier among some threads of a block, in any order
        std::vector<int> members;
        const int block = below(blocks);
        for (int t = 0; t < block_threads; ++t) {
          if (below(3) != 0) members.push_back(block * block_threads + t);
        }
        if (members.empty()) continue;
        std::shuffle(members.begin(), members.end(), random);
        model.join(members);
        std::vector<Clock*> meeting;
        for (const int member : members) meeting.push_back(&clocks[member]);
        Clock::join(meeting);
        continue;
      }
      const int thread = below(threads);
      const std::size_t begin = below(bytes), end = std::min<std::size_t>(bytes, begin + 1 + below(20));
      const Event event{thread, model.count[thread], begin, end, below(3) == 0, &sites[below(2)]};
      std::vector<Event> conflicts;
      std::copy_if(model.events.begin(), model.events.end(), std::back_inserter(conflicts),
                   [&](const Event& earlier) { return model.conflicts(earlier, event); });
      if (!conflicts.empty() && below(10) != 0) continue;  // a run ends with its first race: put most of them off

      const Clock& clock = clocks[thread];
      Access access;
      access.block = thread / block_threads;
      access.agent = thread % block_threads;
      access.epoch = clock.epoch();
      access.is_write = event.is_write;
      access.code = event.code;
      const auto reported = shadow.record(access, clock, emulator::Policy::strict, base + begin, end - begin);
      REQUIRE(reported.has_value() == !conflicts.empty());
      if (reported) {
        REQUIRE(std::any_of(conflicts.begin(), conflicts.end(), [&](const Event& earlier) {
          const Access& found = reported->earlier;
          return earlier.thread == found.block * block_threads + found.agent && earlier.is_write == found.is_write &&
                 earlier.code == found.code;
        }));
        ++races;
        break;
      }
      model.events.push_back(event);
      ++model.count[thread];
    }
  }
  CHECK(races > 500);
}
