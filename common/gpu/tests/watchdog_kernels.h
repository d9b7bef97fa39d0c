#pragma once

// Kernels that wait for mbarriers: in time, and in vain.

namespace waiting {

/// 64 threads pass a token round for `rounds` phases of two mbarriers; `output[0]` counts what they saw in order.
void ping_pong(int* output, int rounds);

/// Thread 0 comes to TODO(9.8), and the 63 others of its block wait for it.
void wait_for_a_todo();

/// Two blocks of 256 threads. Of each, warps 1 to 6 wait for one barrier at `first_line`, and lane 3 of warp 7 for a
/// second one at `second_line`; nobody arrives.
void wait_in_vain();
extern const int first_line, second_line;

}  // namespace waiting
