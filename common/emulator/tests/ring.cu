#include "emulator/tests/ring.h"

#include "gpu/gpu.h"

namespace ring {
namespace {

template <int Stages, int Ints>
struct Storage {
  alignas(128) int tile[Stages][Ints];
  Mbarrier full[Stages];
  Mbarrier empty[Stages];
};

__global__ void two_stages_kernel(Ring ring, int* output, const int* input) {
  constexpr int stages = 2;
  auto& shared = shared_storage<Storage<stages, 32>>();
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < stages; ++stage) {
      mbarrier_init(shared.full[stage], 1);
      mbarrier_init(shared.empty[stage], ring.consumers);
    }
    fence_mbarrier_init();
  }
  __syncthreads();
  const bool is_producer = threadIdx.x == 0;
  int sum = 0;
  for (int k = 0; k < ring.tiles; ++k) {
    const int slot = k % stages;
    uint32_t parity = k / stages & 1;
    if (is_producer) {
      mbarrier_wait_parity(shared.empty[slot], parity ^ 1);
      mbarrier_arrive_expect_tx(shared.full[slot], 128);
      cp_async_bulk(shared.tile[slot], input + 32 * k, 128, shared.full[slot]);
    } else {
      if (ring.mistake == Ring::Mistake::parity_never_flips) parity = 0;
      mbarrier_wait_parity(shared.full[slot], parity);
      for (int i = static_cast<int>(threadIdx.x) - 1; i < 32; i += 16) sum += shared.tile[slot][i];
      if (ring.mistake != Ring::Mistake::no_fence) fence_proxy_async();
      mbarrier_arrive(shared.empty[slot]);
    }
  }
  if (!is_producer) output[threadIdx.x - 1] = sum;
}

__global__ void four_stages_kernel(int tiles, int* output, const int* input) {
  constexpr int stages = 4;
  auto& shared = shared_storage<Storage<stages, 1024>>();
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < stages; ++stage) {
      mbarrier_init(shared.full[stage], 1);
      mbarrier_init(shared.empty[stage], 8);
    }
    fence_mbarrier_init();
  }
  __syncthreads();
  const auto request = [&](int k) {
    mbarrier_arrive_expect_tx(shared.full[k % stages], 4096);
    cp_async_bulk(shared.tile[k % stages], input + 1024 * k, 4096, shared.full[k % stages]);
  };
  if (threadIdx.x == 0) {
    for (int k = 0; k < stages && k < tiles; ++k) request(k);
  }
  int sum = 0;
  for (int k = 0; k < tiles; ++k) {
    const int slot = k % stages;
    mbarrier_wait_parity(shared.full[slot], k / stages & 1);
    for (int i = 0; i < 4; ++i) sum += shared.tile[slot][256 * i + threadIdx.x];
    fence_proxy_async();
    __syncwarp();
    if (threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty[slot]);
    if (threadIdx.x == 0 && k + stages < tiles) {
      mbarrier_wait_parity(shared.empty[slot], k / stages & 1);
      request(k + stages);
    }
  }
  output[threadIdx.x] = sum;
}

}  // namespace

void two_stages(const Ring& ring, int* output, const int* input) {
  const LaunchShape shape{1, static_cast<unsigned>(1 + ring.consumers), sizeof(Storage<2, 32>)};
  launch(two_stages_kernel, shape, ring, output, input);
}

void four_stages(int tiles, int* output, const int* input) {
  launch(four_stages_kernel, {1, 256, sizeof(Storage<4, 1024>)}, tiles, output, input);
}

}  // namespace ring
