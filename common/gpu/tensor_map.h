#pragma once

// A tensor map tells the TMA unit what a tensor in global memory looks like, and which box of it one copy takes. The
// host makes it; a kernel takes it as `const __grid_constant__ TensorMap map`.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "gpu/half.h"
#include "gpu/platform.h"

#if GPU_IS_REAL
/// 128 bytes that the TMA unit reads, made by make_tensor_map.
struct alignas(128) TensorMap {
  uint64_t opaque[16];
};
#else
/// The same, in the open.
struct alignas(128) TensorMap {
  static constexpr uint32_t valid = 0x7e4503a9;
  uint32_t mark;          // `valid` once make_tensor_map has made it
  uint8_t rank;           // 1..5
  uint8_t element_bytes;  // 1, 2, 4 or 8
  uint8_t fills_with_nan;
  const std::byte* base;
  uint64_t dims[5];     // elements, innermost first
  uint64_t strides[5];  // bytes from one index to the next; [0] is element_bytes
  uint16_t box[5];      // elements
};
static_assert(sizeof(TensorMap) == 128);
#endif

/// What an element is. The copy moves it unchanged, but for the last three: `ftz` makes subnormal floats zero, `tf32`
/// rounds floats to the tensor cores' 19 bits.
enum class ElementType { u8, u16, u32, s32, u64, s64, f16, f32, f64, bf16, f32_ftz, tf32, tf32_ftz };

/// Layouts whose innermost dimension is cut into pieces of 16 or 32 bytes (NC/8HWC8, NC/16HWC16).
enum class Interleave { none, bytes_16, bytes_32 };

/// The order of the 16-byte pieces of a box in shared memory: `none` is row after row, the others permute the pieces
/// within spans of this many bytes, so that a column lies in different banks.
enum class Swizzle { none, bytes_32, bytes_64, bytes_128 };

/// How much the L2 cache fetches from DRAM where a copy misses. Changes no result.
enum class L2Promotion { none, bytes_64, bytes_128, bytes_256 };

/// What a box contains where it hangs over the tensor's edge.
enum class OutOfBounds { zeros, nan };

/// All that make_tensor_map needs to know. Dimension 0 is the innermost; its elements lie side by side.
struct TensorMapDescription {
  ElementType type;
  const void* base;                              // address of the first element, in global memory
  int rank;                                      // number of dimensions, 1..5
  int64_t dims[5];                               // elements
  int64_t strides[4] = {};                       // [i]: bytes from one index of dimension i + 1 to the next
  int64_t box[5];                                // elements that one copy takes
  int64_t element_strides[5] = {1, 1, 1, 1, 1};  // [i]: of dimension i, a copy takes each so-many-th element of the box
  Interleave interleave = Interleave::none;
  Swizzle swizzle = Swizzle::none;
  L2Promotion l2_promotion = L2Promotion::none;
  OutOfBounds out_of_bounds = OutOfBounds::zeros;
};

namespace gpu {

/// The first rule for tensor maps that `description` breaks, as a sentence that says what to do; "" if it breaks none.
/// The rules are those of the CUDA driver, on both machines.      CUDA Driver API cuTensorMapEncodeTiled
std::string what_is_wrong_with(const TensorMapDescription& description);

/// A tensor without gaps, and no more than that: the strides follow from `dims`.
/// Errors: gpu::Error if `dims` and `box` are not equally long.
TensorMapDescription dense_tensor(ElementType type, const void* base, std::initializer_list<int64_t> dims,
                                  std::initializer_list<int64_t> box);

template <class T>
constexpr bool always_false = false;

/// The ElementType with the bits of a T. Where the sign plays no role to TMA, there is one type for both.
template <class T>
constexpr ElementType element_type() {
  if constexpr (std::is_same_v<T, half>) {
    return ElementType::f16;
  } else if constexpr (std::is_same_v<T, float>) {
    return ElementType::f32;
  } else if constexpr (std::is_same_v<T, double>) {
    return ElementType::f64;
  } else if constexpr (std::is_integral_v<T> && sizeof(T) == 1) {
    return ElementType::u8;
  } else if constexpr (std::is_integral_v<T> && sizeof(T) == 2) {
    return ElementType::u16;
  } else if constexpr (std::is_integral_v<T> && sizeof(T) == 4) {
    return std::is_signed_v<T> ? ElementType::s32 : ElementType::u32;
  } else if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    return std::is_signed_v<T> ? ElementType::s64 : ElementType::u64;
  } else {
    static_assert(always_false<T>, "TMA knows no such element: give a TensorMapDescription with an ElementType");
  }
}

}  // namespace gpu

/// Makes a tensor map. On a GPU the driver encodes it, which needs compute capability 9.0.
/// Errors: gpu::Error if the description breaks a rule (see gpu::what_is_wrong_with), if the driver refuses it all the
/// same, or if the emulator does not model it yet: swizzles, interleaved layouts, element strides, ftz and tf32 types.
///
///     make_tensor_map({.type = ElementType::f16, .base = keys, .rank = 2, .dims = {64, rows}, .strides = {row_bytes},
///                      .box = {64, 16}, .swizzle = Swizzle::bytes_128})
///
///      CUDA Driver API cuTensorMapEncodeTiled · sm_90
TensorMap make_tensor_map(const TensorMapDescription& description);

/// The usual case: a tensor without gaps, copied as it is. Sizes are in elements, innermost dimension first.
///
///     make_tensor_map<half>(values, {channels, heads, width, height, images}, {channels, 1, 2, 2, 1})
template <class T>
TensorMap make_tensor_map(const T* base, std::initializer_list<int64_t> dims, std::initializer_list<int64_t> box) {
  return make_tensor_map(gpu::dense_tensor(gpu::element_type<T>(), base, dims, box));
}
