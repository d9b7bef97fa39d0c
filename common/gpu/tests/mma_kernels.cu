#include "gpu/tests/mma_kernels.h"

#include "gpu/gpu.h"

namespace mma {
namespace {

namespace wmma = nvcuda::wmma;

using wmma::col_major, wmma::row_major;

template <int M, int N, class Layout>
using A = wmma::fragment<wmma::matrix_a, M, N, 16, half, Layout>;
template <int M, int N, class Layout>
using B = wmma::fragment<wmma::matrix_b, M, N, 16, half, Layout>;
template <int M, int N, class T>
using Sums = wmma::fragment<wmma::accumulator, M, N, 16, T>;

template <int M, int N>
constexpr bool has_elements_as_in_cuda =
    A<M, N, row_major>::num_elements == 16 && B<M, N, col_major>::num_elements == 16 &&
    Sums<M, N, float>::num_elements == 8 && Sums<M, N, half>::num_elements == 8;
static_assert(has_elements_as_in_cuda<16, 16> && has_elements_as_in_cuda<32, 8> && has_elements_as_in_cuda<8, 32>);

using SquareA = A<16, 16, row_major>;
using SquareB = B<16, 16, row_major>;
using SquareSums = Sums<16, 16, float>;

__host__ __device__ constexpr wmma::layout_t layout(bool is_column_major) {
  return is_column_major ? wmma::mem_col_major : wmma::mem_row_major;
}

template <int M, int N, class LayoutA, class LayoutB, class T>
__global__ void multiply_kernel(Product p, T* d, const half* a, const half* b, const T* c) {
  Sums<M, N, T> sums;
  wmma::load_matrix_sync(sums, c, p.ldc, layout(p.c_is_column_major));
  for (int k = 0; k < p.k; k += 16) {
    A<M, N, LayoutA> tile_a;
    B<M, N, LayoutB> tile_b;
    wmma::load_matrix_sync(tile_a, a + (p.a_is_column_major ? k * p.lda : k), p.lda);
    wmma::load_matrix_sync(tile_b, b + (p.b_is_column_major ? k : k * p.ldb), p.ldb);
    wmma::mma_sync(sums, tile_a, tile_b, sums);
  }
  wmma::store_matrix_sync(d + threadIdx.x / 32 * p.d_elements, sums, p.ldd, layout(p.d_is_column_major));
}

template <class D, class C>
__global__ void multiply_mixed_kernel(D* d, const half* a, const half* b, const C* c) {
  SquareA tile_a;
  SquareB tile_b;
  Sums<16, 16, C> before;
  Sums<16, 16, D> after;
  wmma::load_matrix_sync(tile_a, a, 16);
  wmma::load_matrix_sync(tile_b, b, 16);
  wmma::load_matrix_sync(before, c, 16, wmma::mem_row_major);
  wmma::mma_sync(after, tile_a, tile_b, before);
  wmma::store_matrix_sync(d, after, 16, wmma::mem_row_major);
}

__global__ void fill_kernel(float* d, float value) {
  SquareSums sums;
  wmma::fill_fragment(sums, value);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void scale_sums_kernel(float* d, const float* c, float factor) {
  SquareSums sums;
  wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
  for (int i = 0; i < sums.num_elements; ++i) sums.x[i] *= factor;
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void add_fragments_kernel(float* d, const float* c) {
  SquareSums one, other;
  wmma::load_matrix_sync(one, c, 16, wmma::mem_row_major);
  wmma::load_matrix_sync(other, c, 16, wmma::mem_row_major);
  for (int i = 0; i < one.num_elements; ++i) one.x[i] += other.x[i];
  wmma::store_matrix_sync(d, one, 16, wmma::mem_row_major);
}

__device__ half scaled(half value, float factor) { return __float2half(__half2float(value) * factor); }

__global__ void scale_inputs_kernel(float* d, const half* a, const half* b, float of_a, float of_b) {
  SquareA tile_a;
  SquareB tile_b;
  SquareSums sums;
  wmma::load_matrix_sync(tile_a, a, 16);
  wmma::load_matrix_sync(tile_b, b, 16);
  wmma::fill_fragment(sums, 0.0f);
  for (int i = 0; i < tile_a.num_elements; ++i) tile_a.x[i] = scaled(tile_a.x[i], of_a);
  for (int i = 0; i < tile_b.num_elements; ++i) tile_b.x[i] = scaled(tile_b.x[i], of_b);
  wmma::mma_sync(sums, tile_a, tile_b, sums);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void transpose_kernel(float* d, const float* c) {
  SquareSums sums;
  wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_col_major);
}

struct Tiles {
  alignas(128) half a[16][16];
  alignas(128) half b[16][16];
  alignas(128) float d[16][16];
};

// By way of shared memory. `first` and `last`: whether a barrier stands before the loads and after the store.
__global__ void multiply_in_shared_kernel(float* d, const half* a, const half* b, bool first, bool last) {
  auto& tiles = shared_storage<Tiles>();
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = lane; i < 256; i += 32) {
    tiles.a[i / 16][i % 16] = a[i];
    tiles.b[i / 16][i % 16] = b[i];
  }
  if (first) __syncwarp();
  SquareA tile_a;
  SquareB tile_b;
  SquareSums sums;
  wmma::load_matrix_sync(tile_a, tiles.a[0], 16);
  wmma::load_matrix_sync(tile_b, tiles.b[0], 16);
  wmma::fill_fragment(sums, 0.0f);
  wmma::mma_sync(sums, tile_a, tile_b, sums);
  wmma::store_matrix_sync(tiles.d[0], sums, 16, wmma::mem_row_major);
  if (last) __syncwarp();
  for (int i = lane; i < 256; i += 32) d[i] = tiles.d[i / 16][i % 16];
}

struct Padded {
  alignas(128) half a[16 * 128];
  alignas(128) float d[16 * 128];
};

__global__ void load_and_store_in_shared_kernel(float* d, int half_ld, int float_ld) {
  auto& padded = shared_storage<Padded>();
  SquareA tile_a;
  SquareSums sums;
  wmma::load_matrix_sync(tile_a, padded.a, half_ld);
  wmma::fill_fragment(sums, 1.0f);
  wmma::store_matrix_sync(padded.d, sums, float_ld, wmma::mem_row_major);
  d[threadIdx.x] = 0;
}

__global__ void add_row_by_known_map_kernel(float* d, const float* c, const float* row) {
  SquareSums sums;
  wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = 0; i < sums.num_elements; ++i) sums.x[i] += row[i / 4 * 8 + lane % 4 * 2 + i % 2];
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void are_neighbours_equal_kernel(float* d, const float* c) {
  SquareSums sums;
  wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
  d[threadIdx.x] = sums.x[0] == sums.x[1];
}

__global__ void scale_in_one_lane_kernel(float* d, const half* a, const half* b) {
  SquareA tile_a;
  SquareB tile_b;
  SquareSums sums;
  wmma::load_matrix_sync(tile_a, a, 16);
  wmma::load_matrix_sync(tile_b, b, 16);
  wmma::fill_fragment(sums, 0.0f);
  for (int i = 0; i < tile_a.num_elements; ++i) {
    if (threadIdx.x == 3) tile_a.x[i] = scaled(tile_a.x[i], 2);
  }
  wmma::mma_sync(sums, tile_a, tile_b, sums);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void forget_to_fill_kernel(float* d, const half* a, const half* b) {
  SquareA tile_a;
  SquareB tile_b;
  SquareSums sums;
  wmma::load_matrix_sync(tile_a, a, 16);
  wmma::load_matrix_sync(tile_b, b, 16);
  wmma::mma_sync(sums, tile_a, tile_b, sums);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void load_from_kernel(float* d, const float* c, int offset, int ld) {
  SquareSums sums;
  wmma::load_matrix_sync(sums, c + offset, ld, wmma::mem_row_major);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void store_to_kernel(float* d, int offset, int ld) {
  SquareSums sums;
  wmma::fill_fragment(sums, 1.0f);
  wmma::store_matrix_sync(d + offset, sums, ld, wmma::mem_row_major);
}

__global__ void lane_returns_early_kernel(float* d, const float* c) {
  SquareSums sums;
  if (threadIdx.x == 5) return;
  wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void half_of_the_lanes_kernel(float* d, const float* c) {
  if (threadIdx.x < 16) {
    SquareSums sums;
    wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
    wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
  }
  __syncthreads();
}

__global__ void load_against_syncwarp_kernel(float* d, const float* c) {
  SquareSums sums;
  if (threadIdx.x == 31) {
    __syncwarp();
  } else {
    wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
  }
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void load_two_matrices_kernel(float* d, const float* c) {
  SquareSums sums;
  wmma::load_matrix_sync(sums, c + threadIdx.x / 16 * 256, 16, wmma::mem_row_major);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void lane_misses_a_load_kernel(float* d, const half* a, const half* b) {
  SquareA tile_a;
  SquareB tile_b;
  SquareSums sums;
  wmma::load_matrix_sync(tile_a, a, 16);
  if (threadIdx.x != 7) wmma::load_matrix_sync(tile_b, b, 16);
  wmma::fill_fragment(sums, 0.0f);
  wmma::mma_sync(sums, tile_a, tile_b, sums);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__device__ void store_product(float* d, const Tiles& tiles, const half* b) {
  SquareA tile_a;
  SquareB tile_b;
  SquareSums sums;
  wmma::load_matrix_sync(tile_a, tiles.a[0], 16);
  wmma::load_matrix_sync(tile_b, b, 16);
  wmma::fill_fragment(sums, 0.0f);
  wmma::mma_sync(sums, tile_a, tile_b, sums);
  wmma::store_matrix_sync(d, sums, 16, wmma::mem_row_major);
}

__global__ void multiply_copied_kernel(float* d, const half* a, const half* b, bool waits, bool meets) {
  auto& tiles = shared_storage<Tiles>();
  const int lane = static_cast<int>(threadIdx.x);
  cp_async<16>(&tiles.a[lane / 2][lane % 2 * 8], a + 8 * lane);
  cp_async_commit_group();
  if (waits) cp_async_wait_group<0>();
  if (meets) __syncwarp();
  store_product(d, tiles, b);
}

__global__ void write_behind_product_kernel(float* d, const half* a, const half* b, bool meets) {
  auto& tiles = shared_storage<Tiles>();
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = lane; i < 256; i += 32) tiles.a[i / 16][i % 16] = a[i];
  __syncwarp();
  store_product(d, tiles, b);
  if (meets) __syncwarp();
  if (lane == 9) tiles.a[5][3] = __float2half(0);
}

__global__ void block_of_40_threads_kernel(float* d, const float* c) {
  SquareSums sums;
  wmma::load_matrix_sync(sums, c, 16, wmma::mem_row_major);
  wmma::store_matrix_sync(d + threadIdx.x / 32 * 256, sums, 16, wmma::mem_row_major);
}

// One of the 24 kernels: first the shape, then the layouts.
template <int M, int N, class LayoutA, class T>
void multiply_as(const Product& p, T* d, const half* a, const half* b, const T* c) {
  launch(
      p.b_is_column_major ? multiply_kernel<M, N, LayoutA, col_major, T> : multiply_kernel<M, N, LayoutA, row_major, T>,
      {1, 64}, p, d, a, b, c);
}

template <int M, int N, class T>
void multiply_as(const Product& p, T* d, const half* a, const half* b, const T* c) {
  p.a_is_column_major ? multiply_as<M, N, col_major>(p, d, a, b, c) : multiply_as<M, N, row_major>(p, d, a, b, c);
}

template <class T>
void multiply_any(const Product& p, T* d, const half* a, const half* b, const T* c) {
  p.m == 16 ? multiply_as<16, 16>(p, d, a, b, c)
            : (p.m == 32 ? multiply_as<32, 8>(p, d, a, b, c) : multiply_as<8, 32>(p, d, a, b, c));
}

}  // namespace

void multiply(const Product& p, float* d, const half* a, const half* b, const float* c) { multiply_any(p, d, a, b, c); }
void multiply(const Product& p, half* d, const half* a, const half* b, const half* c) { multiply_any(p, d, a, b, c); }

void multiply_to_float(float* d, const half* a, const half* b, const half* c) {
  launch(multiply_mixed_kernel<float, half>, {1, 32}, d, a, b, c);
}
void multiply_to_half(half* d, const half* a, const half* b, const float* c) {
  launch(multiply_mixed_kernel<half, float>, {1, 32}, d, a, b, c);
}

void fill(float* d, float value) { launch(fill_kernel, {1, 32}, d, value); }
void scale_sums(float* d, const float* c, float factor) { launch(scale_sums_kernel, {1, 32}, d, c, factor); }
void add_fragments(float* d, const float* c) { launch(add_fragments_kernel, {1, 32}, d, c); }
void scale_inputs(float* d, const half* a, const half* b, float of_a, float of_b) {
  launch(scale_inputs_kernel, {1, 32}, d, a, b, of_a, of_b);
}
void transpose(float* d, const float* c) { launch(transpose_kernel, {1, 32}, d, c); }
void multiply_in_shared(float* d, const half* a, const half* b, bool first, bool last) {
  launch(multiply_in_shared_kernel, {1, 32, sizeof(Tiles)}, d, a, b, first, last);
}

void load_and_store_in_shared(float* d, int half_ld, int float_ld) {
  launch(load_and_store_in_shared_kernel, {1, 32, sizeof(Padded)}, d, half_ld, float_ld);
}

void add_row_by_known_map(float* d, const float* c, const float* row) {
  launch(add_row_by_known_map_kernel, {1, 32}, d, c, row);
}
void are_neighbours_equal(float* d, const float* c) { launch(are_neighbours_equal_kernel, {1, 32}, d, c); }
void scale_in_one_lane(float* d, const half* a, const half* b) { launch(scale_in_one_lane_kernel, {1, 32}, d, a, b); }
void forget_to_fill(float* d, const half* a, const half* b) { launch(forget_to_fill_kernel, {1, 32}, d, a, b); }
void load_from(float* d, const float* c, int offset, int ld) { launch(load_from_kernel, {1, 32}, d, c, offset, ld); }
void store_to(float* d, int offset, int ld) { launch(store_to_kernel, {1, 32}, d, offset, ld); }
void lane_returns_early(float* d, const float* c) { launch(lane_returns_early_kernel, {1, 32}, d, c); }
void half_of_the_lanes(float* d, const float* c) { launch(half_of_the_lanes_kernel, {1, 32}, d, c); }
void load_against_syncwarp(float* d, const float* c) { launch(load_against_syncwarp_kernel, {1, 32}, d, c); }
void load_two_matrices(float* d, const float* c) { launch(load_two_matrices_kernel, {1, 32}, d, c); }
void lane_misses_a_load(float* d, const half* a, const half* b) { launch(lane_misses_a_load_kernel, {1, 32}, d, a, b); }
void multiply_copied(float* d, const half* a, const half* b, bool waits, bool meets) {
  launch(multiply_copied_kernel, {1, 32, sizeof(Tiles)}, d, a, b, waits, meets);
}
void write_behind_product(float* d, const half* a, const half* b, bool meets) {
  launch(write_behind_product_kernel, {1, 32, sizeof(Tiles)}, d, a, b, meets);
}
void block_of_40_threads(float* d, const float* c) { launch(block_of_40_threads_kernel, {1, 40}, d, c); }

}  // namespace mma
