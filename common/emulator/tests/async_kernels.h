#pragma once

// A kernel that does what a list says, so that a test can write a small asynchronous program as a table, draw one at
// random, or try all its schedules; and a kernel that copies a box of a tensor.

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "gpu/tensor_map.h"

namespace async_kernels {

/// What a step does with its operands a, b, c, d. A word is 4 bytes: 0 to 255 are the block's shared memory, 256 and on
/// global memory. A bar is one of the block's four mbarriers. An answer is what the step leaves behind for the test.
enum class Op {
  // word a
  store,           // a = b
  load,            // answers its value
  volatile_store,  // a = b
  volatile_load,   // answers
  store_release,   // a = b
  load_acquire,    // answers
  add,             // a += b; answers what was there
  exchange,        // a = b; answers what was there
  compare_swap,    // a = c if it is b; answers what was there
  spin_acquire,    // until a is b, by load_acquire
  spin_volatile,   // until a is b, by volatile reads
  ask_volatile,    // up to c times, whether a is b; answers whether it was
  spin_lock,       // until an atomic exchange of 1 finds 0
  // fences
  thread_fence,
  proxy_fence,
  init_fence,
  // meetings
  block_barrier,
  warp_barrier,  // lanes of mask a
  barrier_sync,  // named barrier a, b threads
  barrier_arrive,
  elect,   // among the lanes of mask a; answers whether this one is elected
  ballot,  // among the lanes of mask a, with predicate b; answers
  // bar a
  init,           // b arrivals
  invalidate,     //
  arrive,         // b times; answers the token
  arrive_expect,  // b bytes; answers the token
  expect,         // b bytes
  drop,           // answers the token
  test_token,     // of this thread's step b; answers
  test_parity,    // b; answers
  try_parity,     // b; answers
  wait_parity,    // b
  spin_parity,    // b, by a loop of tries
  ask_parity,     // b, up to c tries; answers
  // copies
  bulk,           // from word b to word a, c bytes, reports to bar d
  cp_async_4,     // from word b to word a, c bytes of it, the rest zeros
  cp_async_8,     //
  cp_async_16,    //
  commit,         //
  wait_group,     // all but the last a, at most 3
  wait_all,       //
  arrive_copied,  // cp_async_mbarrier_arrive at bar a
  arrive_noinc,   //
  // control
  skip_unless,  // the thread's last answer is a: pass over its next b steps
  leave,
  keep,  // word a + thread = the thread's last answer
  look,  // the test looks at shared memory, see below
};

/// In place of a thread: all threads, or those of a warp. Their answers go nowhere but into Op::keep.
constexpr int everybody = -1;
constexpr int warp(int number) { return -2 - number; }

struct Step {
  int thread = 0;  // in the grid
  Op op{};
  long a = 0, b = 0, c = 0, d = 0;
};

/// The word of a byte of shared memory's part that holds the mbarriers: bar i begins at word bar_word(i).
constexpr int bar_word(int bar) { return 256 + 2 * bar; }
/// The first word of global memory.
constexpr int global = 1024;

struct Program {
  static constexpr int most_steps = 64;
  Step steps[most_steps];
  int size = 0;
  int threads = 1;  // in a block
  int blocks = 1;
  bool in_order = false;  // a __syncthreads() after each step: they happen one after another

  Program() = default;
  Program(int block_threads, std::initializer_list<Step> list) : threads(block_threads) {
    for (const Step& step : list) add(step);
  }
  void add(const Step& step) { steps[size++] = step; }
};

/// Runs `program`. `memory` is the global words; answers[i] is set where step i answers.
void run(const Program& program, int* memory, int64_t* answers);

/// Called by Op::look, compiled without access hooks: the test reads the block's shared memory behind the emulator's
/// back. `words` is where it begins.
void look(const int* words);

/// Fills shared memory of `box_words` words with `filler`, copies the box of `map` at the coordinates `at` (`rank` of
/// them) to its byte `offset`, waits for `bytes` bytes, and copies all words to `output`.
void copy_box(const TensorMap& map, int rank, const int (&at)[5], int offset, int bytes, int* output);
constexpr int box_words = 2048;
constexpr int filler = 0x5a5a5a5a;

}  // namespace async_kernels
