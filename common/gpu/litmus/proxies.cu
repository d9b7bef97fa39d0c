// Litmus tests of the fences between ordinary accesses and bulk copies. PTX asks for them; is there harm without?
//
// Harm needs an access that is still on its way when the copy lands. So all warps stand in a long queue for shared
// memory: each store and load of a warp goes to one bank with all its lanes, which takes 32 turns, and nobody waits for
// what is on its way.

#include "gpu/litmus/experiment.h"

namespace litmus {
namespace {

constexpr int many_threads = GPU_IS_REAL ? 512 : 96;
constexpr int warps = many_threads / 32;

// 4 KB: a row for each lane. In one column all lanes meet in the same 4 banks.
struct Slot {
  alignas(128) uint4 row[32][8];
};

// A column for each warp, to be written to and never read.
struct Queue {
  alignas(128) uint4 row[32][16];
};
static_assert(warps <= 16);

GPU_FUNCTION void stand_in(Queue& queue, int stores) {
#if !GPU_IS_REAL
  stores = 1;  // the emulator has no queue
#endif
#pragma unroll 8
  for (int i = 0; i < stores; ++i) {  // each in another row, or the compiler would store only once
    queue.row[(threadIdx.x + i) % 32][threadIdx.x / 32] = uint4{0, 0, 0, 0};
  }
}

// Computes `pointer` here and not later, behind the accesses.
GPU_FUNCTION void compute_now([[maybe_unused]] const uint32_t*& pointer) {
#if GPU_IS_REAL
  asm volatile("" : "+l"(pointer));
#endif
}

GPU_FUNCTION bool is_word(const uint4& four, const Trial& trial, uint32_t part, uint32_t index) {
  const uint32_t first = trial.first_word(part) + 4 * index;
  return four.x == input_word(first) && four.y == input_word(first + 1) && four.z == input_word(first + 2) &&
         four.w == input_word(first + 3);
}

enum class Access { read, write };
enum class HandOver { warp, mbarrier, block };  // from the threads that use the slot to the one that requests the copy

template <Access access, HandOver hand_over, bool fenced>
struct Overwrite {
  static constexpr int threads = many_threads;
  struct Shared {
    Slot slot;
    Queue queue;
    Mbarrier full, used;
  };

  static __device__ void run(Shared& shared, const Trial& trial) {
    // Warp 0 requests the copies. The slot is used by warp 0 itself, or by the first half of the others, or by all of
    // them; who is left only stands in the queue.
    constexpr uint32_t users = hand_over == HandOver::warp       ? 1
                               : hand_over == HandOver::mbarrier ? warps / 2
                                                                 : warps - 1;
    const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const uint32_t user = hand_over == HandOver::warp ? warp : warp - 1;
    const bool uses = user < users;

    if (threadIdx.x == 0) mbarrier_init(shared.used, 32 * users);
    begin(shared.full, 1);
    if (threadIdx.x == 0) {
      mbarrier_arrive_expect_tx(shared.full, sizeof shared.slot);
      cp_async_bulk(&shared.slot, trial.source(0), sizeof shared.slot, shared.full);
    }
    expect(trial, ends(shared.full, 0), 2);
    if (threadIdx.x == 0) mbarrier_arrive_expect_tx(shared.full, sizeof shared.slot);  // of the copy to come
    const uint32_t* source = trial.source(1);
    compute_now(source);
    __syncthreads();

    uint4 seen[8];
    if (uses) {
      stand_in(shared.queue, 8);
      if constexpr (access == Access::read) {
        for (int column = 0; column < 8; ++column) seen[column] = shared.slot.row[lane][column];
      } else {  // each user has columns of its own
        for (uint32_t column = user; column < 8; column += users) shared.slot.row[lane][column] = uint4{0, 0, 0, 0};
      }
      if constexpr (fenced) fence_proxy_async();
    } else if (warp != 0) {
      stand_in(shared.queue, 64);
    }

    if constexpr (hand_over == HandOver::warp) {
      if (warp == 0) __syncwarp();
    } else if constexpr (hand_over == HandOver::mbarrier) {
      if (uses) mbarrier_arrive(shared.used);
      if (threadIdx.x == 0) mbarrier_wait_parity(shared.used, 0);
    } else {
      __syncthreads();
    }
    if (threadIdx.x == 0) cp_async_bulk(&shared.slot, source, sizeof shared.slot, shared.full);

    if (access == Access::read && uses) {
#pragma unroll
      for (uint32_t column = 0; column < 8; ++column) {
        expect(trial, is_word(seen[column], trial, 0, 8 * lane + column), 1);
      }
    }
    expect(trial, ends(shared.full, 1), 2);
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < 256; i += threads) {
      expect(trial, is_word(shared.slot.row[i / 8][i % 8], trial, 1, i), access == Access::read ? 3 : 1);
    }
    end(shared.full);
    if (threadIdx.x == 0) mbarrier_inval(shared.used);
  }
};

template <Access access, HandOver hand_over, bool fenced>
bool add_overwrite(const char* name, const char* sentence) {
  constexpr bool reads = access == Access::read;
  return register_row(
      {name,
       fenced ? Kind::assertion : Kind::observation,
       sentence,
       {"right", reads ? "the reader sees the copy" : "the store stands over the copy", "never ends", "a wrong copy"},
       fenced ? "" : (reads ? "unfenced-read" : "unfenced-store"),
       launch_experiment<Overwrite<access, hand_over, fenced>>});
}

const bool l14[] = {
    add_overwrite<Access::read, HandOver::warp, false>(
        "L14-read-warp", "a warp reads a slot with ordinary loads, then requests a copy into it"),
    add_overwrite<Access::read, HandOver::warp, true>(
        "L14-read-warp-fenced", "a warp reads a slot, calls fence_proxy_async, then requests a copy into it"),
    add_overwrite<Access::read, HandOver::mbarrier, false>(
        "L14-read-mbarrier", "warps read a slot and arrive at an mbarrier; who waits for them requests a copy into it"),
    add_overwrite<Access::read, HandOver::mbarrier, true>(
        "L14-read-mbarrier-fenced", "warps read a slot, call fence_proxy_async and arrive; who waits requests a copy"),
    add_overwrite<Access::read, HandOver::block, false>(
        "L14-read-block", "warps read a slot; after __syncthreads() another one requests a copy into it"),
    add_overwrite<Access::read, HandOver::block, true>(
        "L14-read-block-fenced", "warps read a slot and call fence_proxy_async; after __syncthreads() comes the copy"),
    add_overwrite<Access::write, HandOver::warp, false>(
        "L14-write-warp", "a warp writes to a slot with ordinary stores, then requests a copy into it"),
    add_overwrite<Access::write, HandOver::warp, true>(
        "L14-write-warp-fenced", "a warp writes to a slot, calls fence_proxy_async, then requests a copy into it"),
    add_overwrite<Access::write, HandOver::mbarrier, false>(
        "L14-write-mbarrier", "warps write to a slot and arrive at an mbarrier; who waits for them requests a copy"),
    add_overwrite<Access::write, HandOver::mbarrier, true>(
        "L14-write-mbarrier-fenced", "warps write to a slot, call fence_proxy_async and arrive; who waits requests"),
    add_overwrite<Access::write, HandOver::block, false>(
        "L14-write-block", "warps write to a slot; after __syncthreads() another one requests a copy into it"),
    add_overwrite<Access::write, HandOver::block, true>(
        "L14-write-block-fenced", "warps write to a slot and call fence_proxy_async; after __syncthreads() the copy"),
};

enum class InitVisible { fence_and_block, block, nothing };  // what stands between the init and the copy that reports

template <InitVisible between>
struct InitThenCopy {
  static constexpr int threads = many_threads;
  struct Shared {
    Queue queue;
    alignas(16) uint32_t tile[4];
    Mbarrier bar;
  };

  static __device__ void run(Shared& shared, const Trial& trial) {
    const uint32_t requester = between == InitVisible::nothing ? 0 : 32;
    const uint32_t* source = trial.source(0);
    compute_now(source);
    stand_in(shared.queue, 8);
    if (threadIdx.x == 0) {
      mbarrier_init(shared.bar, 1);
      if constexpr (between == InitVisible::fence_and_block) fence_mbarrier_init();
    } else if (threadIdx.x >= 64) {
      stand_in(shared.queue, 64);
    }
    if constexpr (between != InitVisible::nothing) __syncthreads();
    if (threadIdx.x == requester) {
      mbarrier_arrive_expect_tx(shared.bar, sizeof shared.tile);
      cp_async_bulk(shared.tile, source, sizeof shared.tile, shared.bar);
      expect(trial, ends(shared.bar, 0), 1);
      expect(trial, holds(shared.tile, 4, trial, 0), 2);
      expect(trial, !mbarrier_test_wait_parity(shared.bar, 1), 3);
    }
    end(shared.bar);
  }
};

template <InitVisible between>
bool add_init(const char* name, Kind kind, const char* sentence) {
  return register_row({name,
                       kind,
                       sentence,
                       {"the copy reports", "the report is lost", "ends before the bytes are there", "two phases end"},
                       kind == Kind::assertion ? "" : "unfenced-init",
                       launch_experiment<InitThenCopy<between>>});
}

const bool l26[] = {
    add_init<InitVisible::fence_and_block>(
        "L26-fenced", Kind::assertion,
        "mbarrier_init, fence_mbarrier_init and __syncthreads(), then a copy reports to the barrier"),
    add_init<InitVisible::block>("L26-block", Kind::observation,
                                 "mbarrier_init and __syncthreads(), no fence, then a copy reports to the barrier"),
    add_init<InitVisible::nothing>("L26-nothing", Kind::observation,
                                   "mbarrier_init, and the same thread at once requests a copy that reports to it"),
};

}  // namespace
}  // namespace litmus
