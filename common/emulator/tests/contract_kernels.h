#pragma once

// Kernels that keep their accesses only under the compile contract of kernel files (cmake/Machine.cmake). Each function
// launches one of them, with one thread unless said otherwise.

#include <cstddef>

#include "gpu/half.h"
#include "gpu/types.h"

namespace contract {

/// An inline function as other people's headers have it: compiled with access hooks for kernels, without for tests.
inline int sum_of(const int* values, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += values[i];
  return sum;
}

// Elements.
void known_accesses(half* output, const half* input);            // 4 threads: see the body for what each does
void volatile_and_packed(int* output, const int* input);         // copies ints 0 and 3, the latter at byte 13
void copy_in_a_loop(int* output, const int* input);              // 64 ints
void clear_in_a_loop(half* output);                              // 64 halves
void write_neighbours(half* output);                             // 4 halves, one after the other, without a loop
void halves_seen_as_vector(uint4* output, half* values);         // values[i] = i, i < 8; *output = the 8 as a vector
void vector_seen_as_halves(half* output, uint4* values);         // the reverse: *values = halves 0 to 7
void half_between_vector_accesses(uint4* output, half* values);  // see the body
void vector_between_half_accesses(half* output, uint4* values);  // see the body

// Memory functions, with a size that the compiler knows: 1 to 16, 128 or 4096 bytes.
void copy_by_memcpy(std::size_t bytes, void* output, const void* input);
void copy_by_memmove(std::size_t bytes, void* output, const void* input);
void copy_a_table_by_memmove(std::size_t bytes, void* output);  // of 4096 bytes 0x5a, which the program holds
void fill_by_memset(std::size_t bytes, void* output);           // with 0x5a

// Structs of 16, 24, 64 or 256 bytes.
void copy_a_struct(std::size_t bytes, void* output, const void* input);
void clear_a_struct(std::size_t bytes, void* output);

/// output[i] = input[i] to the power of `exponent`, i < 2, by a function that takes and returns halves.
void call_with_halves(half* output, const half* input, int exponent);

// Flags. Two threads: thread 0 waits for `*flag`, thread 1 sets it or, `sets` being false, does nothing.
void wait_for_plain_flag(int* flag, bool sets);
void wait_for_plain_flag(bool* flag, bool sets);
void wait_for_volatile_flag(int* flag, bool sets);

// Inline functions that the test calls too, in calls that the compiler cannot take apart.
void larger_by_std_max(int* output, const int* input);  // of input[0] and input[1]
void sum_by_shared_header(int* output, const int* input, int count);

/// Copies an int in the last statement of a function, whose line a message must name.
void copy_at_the_end_of_a_function(int* output, const int* input);

}  // namespace contract
