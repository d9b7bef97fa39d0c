// The worked example of docs/emulator.md, "What is ordered": a ring of one slot, a producer and a consumer.

#include <doctest/doctest.h>

#include <array>

#include "emulator/clock.h"

namespace {

using emulator::Clock;

constexpr int producer = 0, consumer = 1, full = 2;  // agents: two threads, and the copies that report to `full`

using Row = std::array<uint32_t, 3>;

// The last epoch of each agent that `knows` says yes to.
template <class Question>
Row row(const Question& knows) {
  Row row{};
  for (int agent = 0; agent < 3; ++agent) {
    while (knows(agent, row[static_cast<std::size_t>(agent)] + 1)) ++row[static_cast<std::size_t>(agent)];
  }
  return row;
}

// A thread's own column of `seen` is not asked for: what it did itself is always ordered.
Row seen(const Clock& clock, int self) {
  return row([&](int agent, uint32_t epoch) { return agent != self && clock.has_seen(agent, epoch); });
}

Row fenced(const Clock& clock) {
  return row([&](int agent, uint32_t epoch) { return clock.has_fenced(agent, epoch); });
}

}  // namespace

TEST_CASE("the clocks of the page's example are those of the table") {
  Clock p(producer), c(consumer);
  Clock::join({&p, &c});  // __syncthreads() after mbarrier_init
  CHECK(p.epoch() == 2);
  CHECK(seen(c, consumer) == Row{1, 0, 0});

  emulator::Gathering arrivals;
  arrivals.release_from(p);  // the producer expects bytes and arrives at full
  CHECK(p.epoch() == 3);
  emulator::Knowledge phase = arrivals.take();  // the copy lands: phase 0 of full is complete, epoch 1 of its copies
  phase.seen.raise(full, 1);
  phase.fenced.raise(full, 1);
  emulator::Published published;
  published.publish(phase);

  CHECK(!c.has_seen(full, 1));  // read-in-flight, if the consumer read now
  published.acquire_by(c);      // it waits
  CHECK(seen(c, consumer) == Row{2, 0, 1});
  CHECK(fenced(c) == Row{0, 0, 1});
  CHECK(c.epoch() == 2);  // the read's epoch
  c.fence_proxy();
  CHECK(c.epoch() == 3);
  CHECK(fenced(c) == Row{2, 2, 1});
  arrivals.release_from(c);  // it arrives at empty
  CHECK(c.epoch() == 4);
  emulator::Published freed;
  freed.publish(arrivals.take());

  CHECK(!p.has_seen(consumer, 2));  // overwrite-while-read, if the next copy were requested now
  freed.acquire_by(p);              // the producer waits for empty
  CHECK(seen(p, producer) == Row{0, 3, 1});
  CHECK(fenced(p) == Row{2, 2, 1});
  CHECK(p.has_seen(consumer, 2));    // ordered behind the read,
  CHECK(p.has_fenced(consumer, 2));  // and behind its fence
}

TEST_CASE("without the consumer's fence the producer has seen the read, and may not refill the slot") {
  Clock p(producer), c(consumer);
  Clock::join({&p, &c});
  emulator::Gathering arrivals;
  arrivals.release_from(c);
  emulator::Published freed;
  freed.publish(arrivals.take());
  freed.acquire_by(p);
  CHECK(p.has_seen(consumer, 2));
  CHECK(!p.has_fenced(consumer, 2));
}
