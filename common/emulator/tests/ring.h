#pragma once

namespace ring {

/// How a ring is run, and what is wrong with it.
struct Ring {
  int consumers = 2;  // threads
  int tiles = 5;
  enum class Mistake { none, parity_never_flips, no_fence } mistake = Mistake::none;
};

/// A producer thread copies tiles of 32 ints through two slots; each consumer adds up its share of each tile:
/// output[c] = sum over tiles t and i = c and c + 16 of input[32 t + i].
void two_stages(const Ring& ring, int* output, const int* input);

/// 8 warps and 4 slots of 1024 ints: warp 0's first lane requests, then all 256 threads read 4 ints each of every tile.
/// output[thread] = their sum. `tiles` tiles.
void four_stages(int tiles, int* output, const int* input);

}  // namespace ring
