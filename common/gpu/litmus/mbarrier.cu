// Litmus tests of the mbarrier: when a phase ends, who sees it, and what happens where its rules are broken.

#include "gpu/litmus/experiment.h"

namespace litmus {
namespace {

struct OneBarrier {
  alignas(16) uint32_t tile[128];
  alignas(16) uint32_t second_tile[128];
  Mbarrier bar;
};

struct PhaseEnds {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 2);
    if (threadIdx.x == 0) {
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 1);
      mbarrier_arrive(shared.bar);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 1);
      mbarrier_arrive_expect_tx(shared.bar, 16);
      delay(1000);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 2);
      cp_async_bulk(shared.tile, trial.source(0), 16, shared.bar);
      expect(trial, ends(shared.bar, 0), 3);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 1), 4);
    }
    end(shared.bar);
  }
};
const bool l01 = register_row(
    {"L01",
     Kind::assertion,
     "a phase ends when no arrival and no byte is outstanding, and not before",
     {"as promised", "ends with an arrival outstanding", "ends with bytes outstanding", "never ends", "two phases end"},
     "",
     launch_experiment<PhaseEnds>});

struct FreshParity {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    expect(trial, mbarrier_test_wait_parity(shared.bar, 1) && mbarrier_try_wait_parity(shared.bar, 1), 1);
    expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 2);
    end(shared.bar);
  }
};
const bool l02 = register_row({"L02",
                               Kind::assertion,
                               "on a fresh barrier parity 1 is complete and parity 0 is not",
                               {"as promised", "parity 1 is not complete", "parity 0 is complete"},
                               "",
                               launch_experiment<FreshParity>});

struct TokenAndParity {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 2);
    if (threadIdx.x == 0) {
      for (uint32_t phase = 0; phase < 4; ++phase) {
        const uint64_t token = mbarrier_arrive(shared.bar);
        expect(trial, !mbarrier_test_wait(shared.bar, token), 1);
        expect(trial, !mbarrier_test_wait_parity(shared.bar, phase & 1), 2);
        const uint64_t last_token = mbarrier_arrive(shared.bar);
        expect(trial, mbarrier_test_wait(shared.bar, token) && mbarrier_test_wait(shared.bar, last_token), 3);
        expect(trial, mbarrier_test_wait_parity(shared.bar, phase & 1), 4);
      }
    }
    end(shared.bar);
  }
};
const bool l03 = register_row(
    {"L03",
     Kind::assertion,
     "a wait by the token of an arrival and a wait by the parity of its phase say the same",
     {"as promised", "the token is early", "the parity is early", "the token is late", "the parity is late"},
     "",
     launch_experiment<TokenAndParity>});

struct ArriveCount {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 5);
    if (threadIdx.x == 0) {
      mbarrier_arrive(shared.bar, 4);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 1);
      mbarrier_arrive(shared.bar);
      expect(trial, ends(shared.bar, 0), 2);
      mbarrier_arrive(shared.bar, 5);
      expect(trial, ends(shared.bar, 1), 2);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 3);
    }
    end(shared.bar);
  }
};
const bool l04 = register_row({"L04",
                               Kind::assertion,
                               "an arrival with a count stands for so many arrivals",
                               {"as promised", "too early", "never ends", "two phases end"},
                               "",
                               launch_experiment<ArriveCount>});

struct CopyBeforeExpect {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) {
      for (uint32_t phase = 0; phase < 2; ++phase) {
        cp_async_bulk(shared.tile, trial.source(phase), sizeof shared.tile, shared.bar);
        delay(3000);  // the bytes land, though nobody expects them yet
        expect(trial, !mbarrier_test_wait_parity(shared.bar, phase), 1);
        mbarrier_arrive_expect_tx(shared.bar, sizeof shared.tile);
        expect(trial, ends(shared.bar, phase), 2);
        expect(trial, holds(shared.tile, 128, trial, phase), 3);
        expect(trial, !mbarrier_test_wait_parity(shared.bar, phase ^ 1), 4);
        fence_proxy_async();
      }
    }
    end(shared.bar);
  }
};
const bool l05 =
    register_row({"L05",
                  Kind::assertion,
                  "bytes may land before they are expected, while an arrival is outstanding",
                  {"as promised", "ends too early", "never ends", "ends before the bytes are there", "two phases end"},
                  "",
                  launch_experiment<CopyBeforeExpect>});

struct ExpectWithoutCopy {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) mbarrier_arrive_expect_tx(shared.bar, 16);
    mbarrier_wait_parity(shared.bar, 0);
    expect(trial, false, 1);
    end(shared.bar);
  }
};
const bool l06 = register_row({"L06",
                               Kind::assertion,
                               "a phase that expects bytes which never come never ends: the watchdog reports it",
                               {"timeout", "the phase ends"},
                               "bytes-mismatch",
                               launch_experiment<ExpectWithoutCopy>});

struct TwoCopiesOneExpect {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) {
      mbarrier_arrive_expect_tx(shared.bar, sizeof shared.tile + sizeof shared.second_tile);
      cp_async_bulk(shared.tile, trial.source(0), sizeof shared.tile, shared.bar);
      delay(3000);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 1);
      cp_async_bulk(shared.second_tile, trial.source(1), sizeof shared.second_tile, shared.bar);
      expect(trial, ends(shared.bar, 0), 2);
      expect(trial, holds(shared.tile, 128, trial, 0) && holds(shared.second_tile, 128, trial, 1), 3);
    }
    end(shared.bar);
  }
};
const bool l07 = register_row({"L07",
                               Kind::assertion,
                               "one expectation may announce the bytes of two copies",
                               {"as promised", "ends after one copy", "never ends", "ends before the bytes are there"},
                               "",
                               launch_experiment<TwoCopiesOneExpect>});

struct ArriveDrop {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 3);
    if (threadIdx.x == 0) {
      mbarrier_arrive(shared.bar, 2);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 1);
      mbarrier_arrive_drop(shared.bar);
      expect(trial, ends(shared.bar, 0), 2);
      for (uint32_t phase = 1; phase < 4; ++phase) {  // two arrivals each from here on
        mbarrier_arrive(shared.bar);
        expect(trial, !mbarrier_test_wait_parity(shared.bar, phase & 1), 3);
        mbarrier_arrive(shared.bar);
        expect(trial, ends(shared.bar, phase & 1), 4);
      }
    }
    end(shared.bar);
  }
};
const bool l08 = register_row({"L08",
                               Kind::assertion,
                               "arrive_drop counts in its own phase and lowers the count of all later ones by one",
                               {"as promised", "its phase ends before it", "its phase never ends",
                                "a later phase needs fewer", "a later phase needs more"},
                               "",
                               launch_experiment<ArriveDrop>});

struct TryWait {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) expect(trial, !mbarrier_try_wait_parity(shared.bar, 0), 1);
    end(shared.bar);
  }
};
const bool l16 = register_row({"L16",
                               Kind::assertion,
                               "try_wait for a phase that does not end returns, and returns false",
                               {"false", "true"},
                               "",
                               launch_experiment<TryWait>});

struct TryWaitTime {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) {
      const uint64_t start = now();
      mbarrier_try_wait_parity(shared.bar, 0);
      const uint64_t time = now() - start;
      expect(trial, time < 1'000'000'000, 4);
      expect(trial, time < 10'000'000, 3);
      expect(trial, time < 100'000, 2);
      expect(trial, time < 1'000, 1);
    }
    end(shared.bar);
  }
};
const bool l16_time =
    register_row({"L16-time",
                  Kind::observation,
                  "how long try_wait waits for a phase that does not end",
                  {"less than 1 us", "1 us to 100 us", "100 us to 10 ms", "10 ms to 1 s", "more than 1 s"},
                  "",
                  launch_experiment<TryWaitTime>});

struct LateWaiter {
  static constexpr int threads = 64;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) {
      for (uint32_t phase = 0; phase < 2; ++phase) {
        mbarrier_arrive(shared.bar);
        expect(trial, ends(shared.bar, phase), 2);
      }
    } else if (threadIdx.x == 32) {
      delay(20000);
      expect(trial, ends(shared.bar, 0), 1);  // phase 0 ended long ago, and so did phase 1
    }
    end(shared.bar);
  }
};
const bool l19 = register_row({"L19",
                               Kind::observation,
                               "a thread waits for the parity of a phase only after the next phase has ended, too",
                               {"passes", "blocks", "the phases do not end"},
                               "deadlock or phase-lapped",
                               launch_experiment<LateWaiter>});

struct ArrivalsAlone {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) {
      for (int phase = 0; phase < 5; ++phase) mbarrier_arrive(shared.bar);
      expect(trial, mbarrier_test_wait_parity(shared.bar, 0) && !mbarrier_test_wait_parity(shared.bar, 1), 1);
    }
    end(shared.bar);
  }
};
const bool l23 = register_row({"L23",
                               Kind::observation,
                               "arrivals end phase after phase, and nobody ever waits",
                               {"each phase ends", "the parity is another one"},
                               "phase-not-observed",
                               launch_experiment<ArrivalsAlone>});

struct InitAgain {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 2);
    if (threadIdx.x == 0) {
      mbarrier_arrive(shared.bar);
      mbarrier_init(shared.bar, 2);
      mbarrier_arrive(shared.bar);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 1);
      mbarrier_arrive(shared.bar);
      expect(trial, ends(shared.bar, 0), 2);
    }
    end(shared.bar);
  }
};
const bool l24 = register_row({"L24",
                               Kind::observation,
                               "mbarrier_init on a live barrier, no copy on its way",
                               {"starts afresh", "remembers the arrival", "never ends"},
                               "init-on-live-barrier",
                               launch_experiment<InitAgain>});

struct InitAgainInFlight {
  static constexpr int threads = 32;
  using Shared = OneBarrier;
  static __device__ void run(Shared& shared, const Trial& trial) {
    begin(shared.bar, 1);
    if (threadIdx.x == 0) {
      mbarrier_arrive_expect_tx(shared.bar, sizeof shared.tile);
      cp_async_bulk(shared.tile, trial.source(0), sizeof shared.tile, shared.bar);
      mbarrier_init(shared.bar, 1);
      mbarrier_arrive_expect_tx(shared.bar, sizeof shared.second_tile);
      cp_async_bulk(shared.second_tile, trial.source(1), sizeof shared.second_tile, shared.bar);
      expect(trial, ends(shared.bar, 0), 2);
      expect(trial, holds(shared.second_tile, 128, trial, 1), 1);
      delay(20000);  // both have landed
    }
    end(shared.bar);
  }
};
const bool l24_copy = register_row({"L24-copy",
                                    Kind::observation,
                                    "mbarrier_init on a live barrier, a copy that reports to it on its way",
                                    {"ends with the second copy", "ends before the second copy is there", "never ends"},
                                    "init-on-live-barrier",
                                    launch_experiment<InitAgainInFlight>});

}  // namespace
}  // namespace litmus
