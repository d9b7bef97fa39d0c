#pragma once

// Products of matrices by WMMA, and what can be done wrong with fragments. One source, two builds. Each function
// launches a kernel of one warp unless said otherwise.

#include "gpu/half.h"
#include "gpu/types.h"

namespace mma {

/// d = a * b + c, with `a` of m x k elements, `b` of k x n, c and d of m x n.
struct Product {
  int m, n, k;  // m x n is 16 x 16, 32 x 8 or 8 x 32; k is a multiple of 16
  bool a_is_column_major, b_is_column_major, c_is_column_major, d_is_column_major;
  int lda, ldb, ldc, ldd;  // elements from the beginning of a row (column) to that of the next
  int d_elements;          // of each `d`, padding included
};

// Two warps compute the same, the second one into the second of two `d`.
void multiply(const Product& product, float* d, const half* a, const half* b, const float* c);
void multiply(const Product& product, half* d, const half* a, const half* b, const half* c);

// The others use 16 x 16 x 16, row-major, without padding.
void multiply_to_float(float* d, const half* a, const half* b, const half* c);  // c is of halves, d of floats
void multiply_to_half(half* d, const half* a, const half* b, const float* c);   // the reverse

void fill(float* d, float value);
void scale_sums(float* d, const float* c, float factor);                                 // d = factor * c
void add_fragments(float* d, const float* c);                                            // d = c + c, of two fragments
void scale_inputs(float* d, const half* a, const half* b, float of_a, float of_b);       // d = (of_a * a) * (of_b * b)
void transpose(float* d, const float* c);                                                // loads rows, stores columns
void multiply_in_shared(float* d, const half* a, const half* b, bool first, bool last);  // see the body

// The only accesses to shared memory: a matrix_a of halves is loaded (rows `half_ld` apart), an accumulator of floats
// is stored (rows `float_ld` apart).
void load_and_store_in_shared(float* d, int half_ld, int float_ld);

// Wrong.
void add_row_by_known_map(float* d, const float* c, const float* row);  // the map of an A100 or H100
void are_neighbours_equal(float* d, const float* c);                    // d[lane]: whether x[0] == x[1] in that lane
void scale_in_one_lane(float* d, const half* a, const half* b);         // lane 3 doubles its elements of a
void forget_to_fill(float* d, const half* a, const half* b);
void load_from(float* d, const float* c, int offset, int ld);  // from c + offset
void store_to(float* d, int offset, int ld);
void lane_returns_early(float* d, const float* c);
void half_of_the_lanes(float* d, const float* c);
void load_against_syncwarp(float* d, const float* c);
void load_two_matrices(float* d, const float* c);                 // the upper lanes from c + 256
void lane_misses_a_load(float* d, const half* a, const half* b);  // lane 7 that of b
void block_of_40_threads(float* d, const float* c);

// `a` comes to shared memory by cp.async. `waits`: each lane waits for its copies; `meets`: and then a barrier follows.
void multiply_copied(float* d, const half* a, const half* b, bool waits, bool meets);
// Lane 9 writes one half of `a` in shared memory behind a product that uses it, and a barrier or none stands between.
void write_behind_product(float* d, const half* a, const half* b, bool meets);

}  // namespace mma
