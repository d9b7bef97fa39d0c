#pragma once

namespace shared_reads {

constexpr int threads = 32;

/// One warp: each thread writes a word of shared memory, and after a barrier reads the warp's words in turn, `reads`
/// times in all. output[thread] = their sum.
void run(int reads, int* output);

}  // namespace shared_reads
