// Litmus tests of asynchronous copies: who counts what, what lands, and which groups are waited for.

#include "gpu/litmus/experiment.h"

namespace litmus {
namespace {

// 16 bytes for each lane of a warp.
struct Slots {
  alignas(16) uint32_t slot[32][4];
  Mbarrier bar;
};

GPU_FUNCTION bool holds_slot(const Slots& shared, uint32_t lane, const Trial& trial, uint32_t part) {
  for (uint32_t i = 0; i < 4; ++i) {
    if (shared.slot[lane][i] != input_word(trial.first_word(part) + 4 * lane + i)) return false;
  }
  return true;
}

struct ArriveAfterCopies {
  static constexpr int threads = 32;
  using Shared = Slots;
  static __device__ void run(Shared& shared, const Trial& trial) {
    const uint32_t lane = threadIdx.x;
    begin(shared.bar, 32);
    cp_async<16>(shared.slot[lane], trial.source(0) + 4 * lane);
    cp_async_mbarrier_arrive(shared.bar);
    mbarrier_arrive(shared.bar);
    expect(trial, ends(shared.bar, 0), 1);
    expect(trial, holds_slot(shared, lane ^ 1, trial, 0), 2);
    expect(trial, !mbarrier_test_wait_parity(shared.bar, 1), 3);
    end(shared.bar);
  }
};
const bool l09 = register_row({"L09",
                               Kind::assertion,
                               "cp_async_mbarrier_arrive adds its own arrival: the barrier's count leaves it out",
                               {"as promised", "never ends", "ends before the bytes are there", "two phases end"},
                               "",
                               launch_experiment<ArriveAfterCopies>});

struct ArriveAfterCopiesNoinc {
  static constexpr int threads = 32;
  using Shared = Slots;
  static __device__ void run(Shared& shared, const Trial& trial) {
    const uint32_t lane = threadIdx.x;
    begin(shared.bar, 33);
    cp_async<16>(shared.slot[lane], trial.source(0) + 4 * lane);
    cp_async_mbarrier_arrive_noinc(shared.bar);
    if (lane == 0) {
      delay(3000);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 0), 3);
      mbarrier_arrive(shared.bar);
    }
    expect(trial, ends(shared.bar, 0), 1);
    expect(trial, holds_slot(shared, lane ^ 1, trial, 0), 2);
    end(shared.bar);
  }
};
const bool l09_noinc = register_row({"L09-noinc",
                                     Kind::assertion,
                                     "cp_async_mbarrier_arrive_noinc is one of the arrivals that the count names",
                                     {"as promised", "never ends", "ends before the bytes are there", "ends too early"},
                                     "",
                                     launch_experiment<ArriveAfterCopiesNoinc>});

struct EmptyGroups {
  static constexpr int threads = 32;
  using Shared = Slots;
  static __device__ void run(Shared& shared, const Trial& trial) {
    const uint32_t lane = threadIdx.x;
    cp_async_commit_group();
    cp_async_wait_group<0>();
    cp_async<16>(shared.slot[lane], trial.source(0) + 4 * lane);
    cp_async_commit_group();
    cp_async_commit_group();
    cp_async_wait_group<1>();  // all but the empty group
    expect(trial, holds_slot(shared, lane, trial, 0), 1);
    cp_async<16>(shared.slot[lane], trial.source(1) + 4 * lane);
    cp_async_wait_all();  // committed or not
    expect(trial, holds_slot(shared, lane, trial, 1), 2);
  }
};
const bool l10 = register_row({"L10",
                               Kind::assertion,
                               "an empty group of cp.async counts as a group, and is complete",
                               {"as promised", "wait_group<1> waits for too little", "wait_all waits for too little"},
                               "",
                               launch_experiment<EmptyGroups>});

template <bool aligned>
struct OverhangingBox {
  static constexpr int threads = box_columns * box_rows;
  struct Shared {
    alignas(128) uint32_t box[box_rows][box_columns];
    Mbarrier bar;
  };
  static __device__ void run(Shared& shared, const Trial& trial) {
    // Every way to lie inside, to hang over, and to miss the tensor, in an order without pattern. Of the innermost
    // dimension only each fourth column is aligned to 16 bytes.
    constexpr uint32_t columns = map_columns / 4 + box_columns / 4 + 2, rows = map_rows + box_rows + 3;
    const uint32_t place = trial.number * 31 % (columns * rows);
    const int column = 4 * static_cast<int>(place % columns) - box_columns - 4 + (aligned ? 0 : 1);
    const int row = static_cast<int>(place / columns) - box_rows - 1;
    begin(shared.bar, 1);
    if (threadIdx.x == 0) {
      mbarrier_arrive_expect_tx(shared.bar, sizeof shared.box);
      cp_async_bulk_tensor_2d(shared.box, trial.repeats.map, column, row, shared.bar);
    }
    expect(trial, ends(shared.bar, 0), 1);
    const int x = static_cast<int>(threadIdx.x) % box_columns, y = static_cast<int>(threadIdx.x) / box_columns;
    const int source_x = column + x, source_y = row + y;
    if (source_x >= 0 && source_x < map_columns && source_y >= 0 && source_y < map_rows) {
      expect(trial, shared.box[y][x] == input_word(static_cast<uint32_t>(source_y * map_columns + source_x)), 2);
    } else {
      expect(trial, shared.box[y][x] == 0, 3);
    }
    expect(trial, !mbarrier_test_wait_parity(shared.bar, 1), 4);
    end(shared.bar);
  }
};
const bool l11 = register_row(
    {"L11",
     Kind::assertion,
     "a box that hangs over the tensor's edge counts all its bytes and arrives filled with zeros",
     {"as promised", "never ends", "wrong inside the tensor", "not zero outside the tensor", "two phases end"},
     "",
     launch_experiment<OverhangingBox<true>>});
const bool l11_unaligned = register_row(
    {"L11-unaligned",
     Kind::observation,
     "a box that begins at a column which is not aligned to 16 bytes",
     {"as if aligned", "never ends", "wrong inside the tensor", "not zero outside the tensor", "two phases end"},
     "misaligned-copy",
     launch_experiment<OverhangingBox<false>>});

}  // namespace
}  // namespace litmus
