#include "emulator/tests/async_kernels.h"

#include "gpu/gpu.h"

namespace async_kernels {
namespace {

struct Storage {
  alignas(128) int words[256];
  Mbarrier bars[4];
};

// One thread's way through the list.
struct Walk {
  Storage& shared;
  int* memory;
  int thread;                            // in the grid
  int64_t answers[Program::most_steps];  // its own
  int64_t last;

  int* word(long index) { return index < global ? &shared.words[index] : memory + (index - global); }
};

template <class T>
GPU_FUNCTION volatile T* as_volatile(T* pointer) {
  return pointer;
}

GPU_FUNCTION void copy_16_or_less(const Step& step, void* to, const void* from) {
  const auto bytes = static_cast<uint32_t>(step.c);
  if (step.op == Op::cp_async_4) cp_async<4>(to, from, bytes);
  if (step.op == Op::cp_async_8) cp_async<8>(to, from, bytes);
  if (step.op == Op::cp_async_16) cp_async<16>(to, from, bytes);
}

GPU_FUNCTION void wait_for_groups(long pending) {
  if (pending == 0) cp_async_wait_group<0>();
  if (pending == 1) cp_async_wait_group<1>();
  if (pending == 2) cp_async_wait_group<2>();
  if (pending == 3) cp_async_wait_group<3>();
}

// Returns whether the step has an answer, which is then in walk.last.
GPU_FUNCTION bool execute(const Step& step, Walk& walk) {
  const int a = static_cast<int>(step.a), b = static_cast<int>(step.b), c = static_cast<int>(step.c);
  const auto mask = static_cast<unsigned>(step.a), count = static_cast<unsigned>(step.b);
  Mbarrier* const bars = walk.shared.bars;
  int64_t& answer = walk.last;
  switch (step.op) {
    case Op::store:
      *walk.word(a) = b;
      return false;
    case Op::load:
      answer = *walk.word(a);
      return true;
    case Op::volatile_store:
      *as_volatile(walk.word(a)) = b;
      return false;
    case Op::volatile_load:
      answer = *as_volatile(walk.word(a));
      return true;
    case Op::store_release:
      store_release(walk.word(a), b);
      return false;
    case Op::load_acquire:
      answer = load_acquire(walk.word(a));
      return true;
    case Op::add:
      answer = atomicAdd(walk.word(a), b);
      return true;
    case Op::exchange:
      answer = atomicExch(walk.word(a), b);
      return true;
    case Op::compare_swap:
      answer = atomicCAS(walk.word(a), b, c);
      return true;
    case Op::spin_acquire:
      while (load_acquire(walk.word(a)) != b) {
      }
      return false;
    case Op::spin_volatile:
      while (*as_volatile(walk.word(a)) != b) {
      }
      return false;
    case Op::ask_volatile:
      answer = 0;
      for (int tries = 0; tries < c && !answer; ++tries) answer = *as_volatile(walk.word(a)) == b;
      return true;
    case Op::spin_lock:
      while (atomicExch(walk.word(a), 1) != 0) {
      }
      return false;

    case Op::thread_fence:
      __threadfence();
      return false;
    case Op::proxy_fence:
      fence_proxy_async();
      return false;
    case Op::init_fence:
      fence_mbarrier_init();
      return false;

    case Op::block_barrier:
      __syncthreads();
      return false;
    case Op::warp_barrier:
      __syncwarp(mask);
      return false;
    case Op::barrier_sync:
      barrier_sync(a, b);
      return false;
    case Op::barrier_arrive:
      barrier_arrive(a, b);
      return false;
    case Op::elect:
      answer = elect_sync(mask);
      return true;
    case Op::ballot:
      answer = __ballot_sync(mask, b);
      return true;

    case Op::init:
      mbarrier_init(bars[a], count);
      return false;
    case Op::invalidate:
      mbarrier_inval(bars[a]);
      return false;
    case Op::arrive:
      answer = static_cast<int64_t>(mbarrier_arrive(bars[a], count));
      return true;
    case Op::arrive_expect:
      answer = static_cast<int64_t>(mbarrier_arrive_expect_tx(bars[a], count));
      return true;
    case Op::expect:
      mbarrier_expect_tx(bars[a], count);
      return false;
    case Op::drop:
      answer = static_cast<int64_t>(mbarrier_arrive_drop(bars[a]));
      return true;
    case Op::test_token:
      answer = mbarrier_test_wait(bars[a], static_cast<uint64_t>(walk.answers[b]));
      return true;
    case Op::test_parity:
      answer = mbarrier_test_wait_parity(bars[a], count);
      return true;
    case Op::try_parity:
      answer = mbarrier_try_wait_parity(bars[a], count);
      return true;
    case Op::wait_parity:
      mbarrier_wait_parity(bars[a], count);
      return false;
    case Op::spin_parity:
      while (!mbarrier_try_wait_parity(bars[a], count)) {
      }
      return false;
    case Op::ask_parity:
      answer = 0;
      for (int tries = 0; tries < c && !answer; ++tries) answer = mbarrier_try_wait_parity(bars[a], count);
      return true;

    case Op::bulk:
      cp_async_bulk(walk.word(a), walk.word(b), static_cast<uint32_t>(c), bars[step.d]);
      return false;
    case Op::cp_async_4:
    case Op::cp_async_8:
    case Op::cp_async_16:
      copy_16_or_less(step, walk.word(a), walk.word(b));
      return false;
    case Op::commit:
      cp_async_commit_group();
      return false;
    case Op::wait_group:
      wait_for_groups(step.a);
      return false;
    case Op::wait_all:
      cp_async_wait_all();
      return false;
    case Op::arrive_copied:
      cp_async_mbarrier_arrive(bars[a]);
      return false;
    case Op::arrive_noinc:
      cp_async_mbarrier_arrive_noinc(bars[a]);
      return false;

    case Op::look:
      look(walk.shared.words);
      return false;
    case Op::keep:
      *walk.word(a + walk.thread) = static_cast<int>(answer);
      return false;
    case Op::skip_unless:
    case Op::leave:
      return false;
  }
  return false;
}

__global__ void run_kernel(Program program, int* memory, int64_t* answers) {
  const int thread = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  Walk walk{shared_storage<Storage>(), memory, thread, {}, 0};
  long passed_over = 0;
  for (int i = 0; i < program.size; ++i) {
    const Step& step = program.steps[i];
    const bool is_alone = step.thread == thread;
    if (is_alone || step.thread == everybody || step.thread == warp(thread / 32)) {
      if (--passed_over < 0) {
        if (step.op == Op::leave) return;
        if (step.op == Op::skip_unless && walk.last != step.a) passed_over = step.b;
        const bool has_answer = execute(step, walk);
        if (has_answer && is_alone) answers[i] = walk.answers[i] = walk.last;
      }
    }
    if (program.in_order) __syncthreads();
  }
}

struct Box {
  alignas(128) int words[box_words];
  Mbarrier full;
};

struct Place {
  int at[5];
};

__global__ void copy_box_kernel(const __grid_constant__ TensorMap map, int rank, Place place, int offset, int bytes,
                                int* output) {
  auto& shared = shared_storage<Box>();
  for (int& word : shared.words) word = filler;
  mbarrier_init(shared.full, 1);
  fence_proxy_async();
  int* const to = shared.words + offset / 4;
  const int* const at = place.at;
  if (rank == 1) cp_async_bulk_tensor_1d(to, map, at[0], shared.full);
  if (rank == 2) cp_async_bulk_tensor_2d(to, map, at[0], at[1], shared.full);
  if (rank == 3) cp_async_bulk_tensor_3d(to, map, at[0], at[1], at[2], shared.full);
  if (rank == 4) cp_async_bulk_tensor_4d(to, map, at[0], at[1], at[2], at[3], shared.full);
  if (rank == 5) cp_async_bulk_tensor_5d(to, map, at[0], at[1], at[2], at[3], at[4], shared.full);
  mbarrier_arrive_expect_tx(shared.full, static_cast<uint32_t>(bytes));
  mbarrier_wait_parity(shared.full, 0);
  for (int i = 0; i < box_words; ++i) output[i] = shared.words[i];
}

}  // namespace

void run(const Program& program, int* memory, int64_t* answers) {
  const LaunchShape shape{static_cast<unsigned>(program.blocks), static_cast<unsigned>(program.threads),
                          sizeof(Storage)};
  launch(run_kernel, shape, program, memory, answers);
}

void copy_box(const TensorMap& map, int rank, const int (&at)[5], int offset, int bytes, int* output) {
  launch(copy_box_kernel, {1, 1, sizeof(Box)}, map, rank, Place{{at[0], at[1], at[2], at[3], at[4]}}, offset, bytes,
         output);
}

}  // namespace async_kernels
