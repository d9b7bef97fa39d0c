#pragma once

// What the kernels of this folder share: a ring that is filled by bulk copies, and a pipeline of cp.async copies. A bug
// spells out the part that it gets wrong, and takes the rest from here.

#include <cstdint>

#include "emulator/tests/bugs/collection.h"
#include "gpu/gpu.h"

namespace bugs {

constexpr int stages = 2;

// ---- The ring that most kernels use: thread 0 produces, the 32 lanes of warp 1 consume.

struct Ring {
  alignas(128) int slot[stages][tile_ints];
  Mbarrier full[stages];   // one arrival, with the tile's bytes
  Mbarrier empty[stages];  // one arrival from each consumer
};

constexpr unsigned ring_threads = 64;

GPU_FUNCTION bool is_producer() { return threadIdx.x == 0; }
GPU_FUNCTION bool is_consumer() { return threadIdx.x >= 32; }
GPU_FUNCTION int lane() { return static_cast<int>(threadIdx.x % 32); }

/// Tile k's slot, and the parity of the slot's phase in which it arrives.
GPU_FUNCTION int slot_of(int k) { return k % stages; }
GPU_FUNCTION uint32_t parity_of(int k) { return (k / stages) & 1; }

/// Thread 0 makes the barriers, and everybody may use them afterwards. All threads of the block call it.
GPU_FUNCTION void prepare(Ring& ring) {
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; ++s) {
      mbarrier_init(ring.full[s], 1);
      mbarrier_init(ring.empty[s], 32);
    }
    fence_mbarrier_init();
  }
  __syncthreads();
}

/// Asks for tile k, whose slot must be free.
GPU_FUNCTION void request(Ring& ring, int k, const int* input) {
  const int s = slot_of(k);
  mbarrier_arrive_expect_tx(ring.full[s], tile_bytes);
  cp_async_bulk(ring.slot[s], input + k * tile_ints, tile_bytes, ring.full[s]);
}

/// The producer's step for tile k.
GPU_FUNCTION void produce(Ring& ring, int k, const int* input) {
  mbarrier_wait_parity(ring.empty[slot_of(k)], parity_of(k) ^ 1);
  request(ring, k, input);
}

/// Writes a lane's element of tile k, which has arrived.
GPU_FUNCTION void use(const Ring& ring, int k, int* output) {
  output[k * tile_ints + lane()] = ring.slot[slot_of(k)][lane()];
}

/// Hands the slot of tile k back to the producer.
GPU_FUNCTION void release(Ring& ring, int k) {
  fence_proxy_async();
  mbarrier_arrive(ring.empty[slot_of(k)]);
}

/// A consumer's step for tile k.
GPU_FUNCTION void consume(Ring& ring, int k, int* output) {
  mbarrier_wait_parity(ring.full[slot_of(k)], parity_of(k));
  use(ring, k, output);
  release(ring, k);
}

// ---- The pipeline of the cp.async kernels: eight threads copy a tile, 16 bytes each; warp 1 reads it.

struct Slots {
  alignas(16) int slot[stages][tile_ints];
};

/// Starts this thread's part of the copy of tile k, if there is such a tile. Commits nothing.
GPU_FUNCTION void fetch(Slots& slots, int k, const int* input) {
  const int first = 4 * static_cast<int>(threadIdx.x);
  if (first < tile_ints && k < tiles) cp_async<16>(&slots.slot[slot_of(k)][first], input + k * tile_ints + first);
}

/// The readers write their elements of tile k.
GPU_FUNCTION void use(const Slots& slots, int k, int* output) {
  if (is_consumer()) output[k * tile_ints + lane()] = slots.slot[slot_of(k)][lane()];
}

/// Launches a kernel with one block, whose shared memory is a Storage.
template <auto Kernel, class Storage = Ring, unsigned Threads = ring_threads>
void start(int* output, int* input) {
  launch(Kernel, {1, Threads, sizeof(Storage)}, output, input);
}

}  // namespace bugs
