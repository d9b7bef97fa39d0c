#include "gpu/tests/watchdog_kernels.h"

#include "gpu/gpu.h"

namespace waiting {
namespace {

struct Storage {
  int value;
  alignas(64) Mbarrier first;  // at byte 64
  alignas(64) Mbarrier second;
};

GPU_FUNCTION Storage& set_up(uint32_t first_count, uint32_t second_count) {
  auto& shared = shared_storage<Storage>();
  if (threadIdx.x == 0) {
    shared.value = 0;
    mbarrier_init(shared.first, first_count);
    mbarrier_init(shared.second, second_count);
  }
  __syncthreads();
  return shared;
}

__global__ void ping_pong_kernel(int* output, int rounds) {
  Storage& shared = set_up(1, 1);
  int seen = 0;
  for (int round = 0; round < rounds; ++round) {
    const uint32_t parity = round & 1;
    if (threadIdx.x == 0) {
      shared.value = round + 1;
      mbarrier_arrive(shared.first);
      mbarrier_wait_parity(shared.second, parity);
      seen += shared.value == -round - 1;
    } else if (threadIdx.x == 32) {
      mbarrier_wait_parity(shared.first, parity);
      seen += shared.value == round + 1;
      shared.value = -round - 1;
      mbarrier_arrive(shared.second);
    }
  }
  if (threadIdx.x % 32 == 0) atomicAdd(output, seen);
}

__global__ void todo_kernel() {
  Storage& shared = set_up(1, 1);
  if (threadIdx.x == 0) {
    TODO(9.8);
  } else {
    mbarrier_wait_parity(shared.first, 0);
  }
}

__global__ void vain_kernel() {
  Storage& shared = set_up(1, 1);
  const unsigned warp = threadIdx.x / 32;
  if (warp >= 1 && warp <= 6) mbarrier_wait_parity(shared.first, 0);
  if (threadIdx.x == 7 * 32 + 3) mbarrier_wait_parity(shared.second, 0);
}
constexpr int end_of_vain_kernel = __LINE__;

}  // namespace

const int first_line = end_of_vain_kernel - 3;
const int second_line = end_of_vain_kernel - 2;

void ping_pong(int* output, int rounds) { launch(ping_pong_kernel, {1, 64, sizeof(Storage)}, output, rounds); }
void wait_for_a_todo() { launch(todo_kernel, {1, 64, sizeof(Storage)}); }
void wait_in_vain() { launch(vain_kernel, {2, 256, sizeof(Storage)}); }

}  // namespace waiting
