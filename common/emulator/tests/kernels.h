#pragma once

// Small kernels that keep a rule or break it. Each function launches one of them.

#include <cstddef>

#include "gpu/half.h"
#include "gpu/types.h"

namespace kernels {

/// Called by kernels, compiled without access hooks: tells the test who is running.
void note(unsigned block, unsigned thread);
/// The same: uses the processor, and no memory.
void compute_for_a_tenth_of_a_second();

// Accesses. Global buffers have 64 elements unless said otherwise.
void copy_with_memcpy(int* output, const int* input, std::size_t bytes);
void read_at(int* output, const int* input, long index);
void write_at(int* output, long index);
void write_through(int* pointer);
void read_a_table(int* output);
void copy_a_table(int* output, std::size_t bytes);    // from 5 ints that the program holds
void copy_own_stack(int* output, std::size_t bytes);  // from 4 ints of the thread's own
void write_a_host_variable();
void read_a_host_variable(int* output);
void write_a_builtin_variable();
void write_to_no_shared_memory();  // where it would begin, if the launch had asked for any
void read_another_threads_stack(int* output);
void read_past_shared(int* output);
void read_another_blocks_shared(int* output);
void load_vector(uint4* output, const int* input, long index);  // a 16-byte load at input + index
void copy_a_pair(int* output, const int* input);                // a struct of 16 bytes that is aligned to 8
void poisoned_shared(float* output);

// Order. `block_threads` threads in one block.
void exchange_through_shared(int* output, bool barrier, int block_threads);
void refill_shared(int* output, bool second_barrier, int block_threads);
void exchange_in_warp(int* output, bool barrier);
void shuffle_does_not_order(int* output);
void neighbouring_halves(half* output);
void blocks_write_the_same(int* output);
void blocks_write_apart(int* output);

// Meeting. 96 threads: three warps.
void early_return(int* output, int leaving);
void barrier_in_branch(int* output);
void barrier_on_two_lines(int* output);
void one_trip_more(int* output);
void barrier_against_shuffle(int* output);
void lane_not_in_mask(int* output);
void different_operations(int* output);
void different_operations_on_one_line(int* output);
void different_lines(int* output);
void different_masks(int* output);
void shuffle_from_lane_that_left(int* output);
void shuffle_with_wrong_width(int* output, int source, int width);  // 32 threads
void vote_after_lanes_left(int* output);
void groups_of_eight(int* output);
void partial_warp(int* output);

// The machine.
void note_order(unsigned blocks, unsigned threads);
void long_run(int* output, int steps, bool barrier);  // so many tenths of a second, after each a barrier or a write
void storage_too_small();
void loop_with_accesses(int* output);
void loop_with_votes(int* output);

}  // namespace kernels
