#pragma once

// Products of small matrices, made by a warp's 32 lanes together on the tensor cores: CUDA's "Warp Matrix Functions"
// (WMMA), for half inputs. On a GPU this is CUDA's own header; the emulator has the same names and rules.
//
// A fragment is what one lane holds of a matrix. Which elements those are is not specified, and differs between
// fragment types and from GPU to GPU. So do to all x[i] the same, in all lanes, or store the matrix and look there.

#include "gpu/platform.h"

#if GPU_IS_REAL
#include <mma.h>
#else
#include <type_traits>

#include "emulator/emulator.h"
#include "gpu/half.h"
#include "gpu/here.h"

namespace nvcuda::wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;

struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };

/// One lane's elements of a matrix: `Use` says which one in d = a * b + c, where `a` has M x K elements, `b` K x N, and
/// the accumulators c and d M x N. `a` and `b` are of halves and say how they lie in memory, accumulators are of halves
/// or floats. The content is NaN until the fragment is filled, loaded or computed.
template <class Use, int M, int N, int K, class T, class Layout = void>
class alignas(8) fragment {
  static constexpr bool accumulates = std::is_same_v<Use, accumulator>;
  static_assert(K == 16 && ((M == 16 && N == 16) || (M == 32 && N == 8) || (M == 8 && N == 32)),
                "the shapes M x N x K are 16x16x16, 32x8x16 and 8x32x16");
  static_assert(std::is_same_v<T, half> || (accumulates && std::is_same_v<T, float>),
                "matrix_a and matrix_b hold half, an accumulator half or float");
  static_assert(accumulates ? std::is_same_v<Layout, void>
                            : std::is_same_v<Layout, row_major> || std::is_same_v<Layout, col_major>,
                "matrix_a and matrix_b are row_major or col_major; an accumulator has no layout until it is stored");

 public:
  enum { num_elements = accumulates ? 8 : 16 };
  T x[num_elements];

  __forceinline__ fragment() { __builtin_memset(x, 0xff, sizeof x); }
};

namespace bodies {

template <class Fragment>
inline constexpr emulator::MatrixKind kind_of{};

template <class Use, int M, int N, int K, class T, class Layout>
inline constexpr emulator::MatrixKind kind_of<fragment<Use, M, N, K, T, Layout> >{
    std::is_same_v<Use, matrix_a>   ? emulator::MatrixKind::Use::a
    : std::is_same_v<Use, matrix_b> ? emulator::MatrixKind::Use::b
                                    : emulator::MatrixKind::Use::accumulator,
    M,
    N,
    K,
    sizeof(T),
    std::is_same_v<Layout, col_major>};

template <class Fragment>
GPU_FUNCTION emulator::MatrixFragment emulated(const Fragment& f) {
  return {&kind_of<Fragment>, const_cast<void*>(static_cast<const void*>(f.x))};
}

}  // namespace bodies

/// Sets every element of `f` to `value`.
template <class Use, int M, int N, int K, class T, class Layout>
GPU_FUNCTION void fill_fragment(fragment<Use, M, N, K, T, Layout>& f, const std::type_identity_t<T>& value) {
  for (T& element : f.x) element = value;
}

/// Loads a matrix_a or matrix_b, whose rows (columns, if it is col_major) begin `ldm` elements apart. All lanes of the
/// warp call it with the same arguments. `matrix` is aligned to 32 bytes, and `ldm` is a multiple of 8. It orders no
/// memory: __syncwarp() or __syncthreads() stands between the writes of other lanes and the load.
///      PTX wmma.load · sm_70
template <class Use, int M, int N, int K, class T, class Layout>
GPU_FUNCTION void load_matrix_sync(fragment<Use, M, N, K, T, Layout>& f, const std::type_identity_t<T>* matrix,
                                   unsigned ldm, Here here = Here::current()) {
  emulator::load_matrix(bodies::emulated(f), matrix, ldm, std::is_same_v<Layout, col_major>, here);
}

/// The same for an accumulator, whose layout is given here; of floats, `ldm` is a multiple of 4.
///      PTX wmma.load · sm_70
template <int M, int N, int K, class T>
GPU_FUNCTION void load_matrix_sync(fragment<accumulator, M, N, K, T>& f, const std::type_identity_t<T>* matrix,
                                   unsigned ldm, layout_t layout, Here here = Here::current()) {
  emulator::load_matrix(bodies::emulated(f), matrix, ldm, layout == mem_col_major, here);
}

/// Stores an accumulator, under the rules of load_matrix_sync.      PTX wmma.store · sm_70
template <int M, int N, int K, class T>
GPU_FUNCTION void store_matrix_sync(std::type_identity_t<T>* matrix, const fragment<accumulator, M, N, K, T>& f,
                                    unsigned ldm, layout_t layout, Here here = Here::current()) {
  emulator::store_matrix(matrix, bodies::emulated(f), ldm, layout == mem_col_major, here);
}

/// d = a * b + c, by all lanes of the warp. d may be c. In what order the K products and c are added up is not
/// specified.      PTX wmma.mma · sm_70
template <int M, int N, int K, class D, class LayoutA, class LayoutB, class C>
GPU_FUNCTION void mma_sync(fragment<accumulator, M, N, K, D>& d, const fragment<matrix_a, M, N, K, half, LayoutA>& a,
                           const fragment<matrix_b, M, N, K, half, LayoutB>& b,
                           const fragment<accumulator, M, N, K, C>& c, Here here = Here::current()) {
  emulator::multiply_matrices(bodies::emulated(d), bodies::emulated(a), bodies::emulated(b), bodies::emulated(c), here);
}

}  // namespace nvcuda::wmma
#endif
