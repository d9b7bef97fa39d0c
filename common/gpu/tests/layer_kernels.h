#pragma once

// What the layer's functions do, observed by small kernels. One source, two builds: what the emulator does must be what
// a GPU does.

#include "gpu/types.h"

namespace layer {

/// One result per lane of one warp. `input` and `output` are device pointers to 32 ints.
void shuffle(int* output, const int* input, int source, int width);
void shuffle_up(int* output, const int* input, int delta, int width);
void shuffle_down(int* output, const int* input, int delta, int width);
void shuffle_xor(int* output, const int* input, int lane_mask, int width);
void votes(int* output, const int* input);  // ballot, all, any in output[0..2]

/// Every thread writes its own index of a grid of several dimensions: output[i] == i.
void indices(int* output);

/// Reverses 1024 ints through shared memory, with more than 48 KB of it.
void reverse(int* output, const int* input);

/// Adds up 32 ints of a warp through shared memory and __syncwarp.
void warp_sum(int* output, const int* input);

/// Both halves of a * b + c, as floats, for the three floats a, b, c.
void half2_fma(float* output, const float* input);

/// Sums, differences and products of all 65536 halves (as bits, 0 to 65535), in the lower half, and `with` in the
/// other: 3 x 65536 pairs of halves. In the upper half the same with the operands exchanged.
void half2_arithmetic(int* output, int with);

/// Pairs of 32 floats, each float with its right neighbour (lane 31 with lane 0), as bits: 32 times by
/// __floats2half2_rn, 32 times by __float22half2_rn, 32 times put together of two halves, 32 times the latter with its
/// halves exchanged.
void halves_in_pairs(int* output, const int* input);

/// __byte_perm(0x83024150, 0xf7869504, selector) for each of 65536 selectors.
void byte_permutations(int* output);

/// Writes 0 to 17, by make_float2, make_float4, make_int2, make_int4, make_uint2 and make_uint4, after reading `input`,
/// the same numbers, by __ldg.
void vectors(int* output, const int* input);

/// The half nearest to each of 32 floats, as float again.
void round_to_half(float* output, const float* input);

/// The ints next to each of 32 floats, which `input` holds as bits: 32 times rounded down, 32 times up, toward zero, to
/// the nearest.
void round_to_int(int* output, const int* input);

/// Executes TODO(9.9) in every thread.
void open_todo();

/// Launches a kernel with parameters of several sizes, with arguments of other types than theirs: writes 32 sums of
/// them all.
void parameters(int* output);

/// Launches a kernel with this shape, for launches that must be refused.
void launch_empty(dim3 grid, dim3 block, unsigned long shared_bytes);

/// Allows a kernel so much shared memory.
void allow_shared(unsigned long bytes);

/// How many blocks of a kernel that does nothing the device holds.
int resident(int block_threads, unsigned long shared_bytes);

}  // namespace layer
