#include "gpu/tensor_map.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "gpu/error.h"
#if GPU_IS_REAL
#include <cuda.h>
#include <cudaTypedefs.h>
#endif

namespace {

using std::to_string;

constexpr int64_t most_elements = int64_t{1} << 32;
constexpr int64_t stride_limit = int64_t{1} << 40;
constexpr int64_t most_box_bytes = 228 * 1024;  // not documented: what driver 580 accepts on an H200

struct ElementProperties {
  const char* name;
  int bytes;
  bool is_float;
  bool is_converted;  // the copy changes values
};

// In the order of ElementType.
constexpr ElementProperties element_properties[] = {
    {"u8", 1, false, false},     {"u16", 2, false, false}, {"u32", 4, false, false},   {"s32", 4, false, false},
    {"u64", 8, false, false},    {"s64", 8, false, false}, {"f16", 2, true, false},    {"f32", 4, true, false},
    {"f64", 8, true, false},     {"bf16", 2, true, false}, {"f32_ftz", 4, true, true}, {"tf32", 4, true, true},
    {"tf32_ftz", 4, true, true},
};

const ElementProperties& properties(ElementType type) { return element_properties[static_cast<int>(type)]; }

int span_bytes(Swizzle swizzle) { return 16 << static_cast<int>(swizzle); }  // of all but Swizzle::none

// Of one copy: the element strides take only some elements of the outer dimensions.
int64_t landing_bytes(const TensorMapDescription& d) {
  int64_t bytes = properties(d.type).bytes * d.box[0];
  for (int i = 1; i < d.rank; ++i) bytes *= (d.box[i] + d.element_strides[i] - 1) / d.element_strides[i];
  return bytes;
}

std::string address(const void* pointer) {
  char text[32];
  std::snprintf(text, sizeof text, "%#zx", reinterpret_cast<std::size_t>(pointer));
  return text;
}

}  // namespace

namespace gpu {

std::string what_is_wrong_with(const TensorMapDescription& d) {
  const bool interleaved = d.interleave != Interleave::none;
  const int alignment = d.interleave == Interleave::bytes_32 ? 32 : 16;
  const std::string multiple =
      "a multiple of " + to_string(alignment) + (alignment == 32 ? " (because of Interleave::bytes_32)" : "");
  const ElementProperties& element = properties(d.type);

  if (d.rank < 1 || d.rank > 5) {
    return "its rank is " + to_string(d.rank) +
           ", and a tensor map has 1 to 5 dimensions: join dimensions that lie one after the other without a gap";
  }
  if (interleaved && d.rank < 3) {
    return "its rank is " + to_string(d.rank) +
           ", and an interleaved layout has at least 3 dimensions: choose Interleave::none";
  }
  if (reinterpret_cast<uintptr_t>(d.base) % alignment != 0) {
    return "its base address " + address(d.base) + " is not " + multiple +
           ": begin the tensor at an aligned element, and let the copy's coordinates do the rest";
  }
  for (int i = 0; i < d.rank; ++i) {
    if (d.dims[i] < 1 || d.dims[i] > most_elements) {
      return "dimension " + to_string(i) + " has " + to_string(d.dims[i]) +
             " elements, and 1 to 2^32 are possible: dims are counts of elements, innermost first";
    }
  }
  for (int i = 1; i < d.rank; ++i) {
    const int64_t stride = d.strides[i - 1];
    const std::string subject = "the stride of dimension " + to_string(i) + " is " + to_string(stride) + " bytes";
    if (stride < 0 || stride >= stride_limit) return subject + ", and 0 to less than 2^40 are possible";
    if (stride % alignment != 0) {
      return subject + ", which is not " + multiple +
             ": a stride counts bytes, not elements; if it does, pad the dimensions inside it";
    }
  }
  for (int i = 0; i < d.rank; ++i) {
    if (d.box[i] < 1 || d.box[i] > 256) {
      return "the box has " + to_string(d.box[i]) + " elements in dimension " + to_string(i) +
             ", and 1 to 256 are possible: copy a larger tile as several boxes";
    }
  }
  const int64_t row_bytes = d.box[0] * element.bytes;
  const std::string row = "a row of the box is " + to_string(d.box[0]) + " x " + to_string(element.bytes) + " = " +
                          to_string(row_bytes) + " bytes";
  if (row_bytes % 16 != 0) return row + ", which is not a multiple of 16: widen the box in dimension 0";
  for (int i = 0; i < d.rank; ++i) {
    if (d.element_strides[i] < 1 || d.element_strides[i] > 8) {
      return "the element stride of dimension " + to_string(i) + " is " + to_string(d.element_strides[i]) +
             ", and 1 to 8 are possible: 1 takes every element";
    }
  }
  if (const int64_t bytes = landing_bytes(d); bytes > most_box_bytes) {
    return "the box has " + to_string(bytes) + " bytes, and at most " + to_string(most_box_bytes) +
           " are possible, the shared memory of an SM: copy a larger tile as several boxes";
  }
  // Documented; driver 580 does not check it.
  if (d.interleave == Interleave::bytes_32 && d.swizzle != Swizzle::bytes_32) {
    return "Interleave::bytes_32 needs Swizzle::bytes_32, and it has another: choose that, or Interleave::bytes_16";
  }
  if (!interleaved && d.swizzle != Swizzle::none && row_bytes > span_bytes(d.swizzle)) {
    return row + ", and Swizzle::bytes_" + to_string(span_bytes(d.swizzle)) + " allows at most " +
           to_string(span_bytes(d.swizzle)) + ": narrow the box in dimension 0, or choose a wider swizzle";
  }
  if (d.out_of_bounds == OutOfBounds::nan && !element.is_float) {
    return "it is to be filled with NaN outside, and its elements are of type " + std::string(element.name) +
           ", which has none: choose OutOfBounds::zeros";
  }
  return "";
}

TensorMapDescription dense_tensor(ElementType type, const void* base, std::initializer_list<int64_t> dims,
                                  std::initializer_list<int64_t> box) {
  if (dims.size() != box.size()) {
    throw Error("this tensor map is impossible: the tensor has " + to_string(dims.size()) +
                " dimensions, and the box " + to_string(box.size()) +
                ": give both a size for each dimension, innermost first");
  }
  TensorMapDescription d{.type = type, .base = base, .rank = static_cast<int>(dims.size()), .dims = {}, .box = {}};
  std::copy_n(dims.begin(), std::min<std::size_t>(dims.size(), 5), d.dims);
  std::copy_n(box.begin(), std::min<std::size_t>(box.size(), 5), d.box);
  int64_t bytes = properties(type).bytes;
  for (int i = 0; i < 4; ++i) {
    if (__builtin_mul_overflow(bytes, d.dims[i], &bytes)) bytes = std::numeric_limits<int64_t>::max();
    d.strides[i] = bytes;
  }
  return d;
}

}  // namespace gpu

namespace {

void require_possible(const TensorMapDescription& d) {
  const std::string wrong = gpu::what_is_wrong_with(d);
  if (!wrong.empty()) throw gpu::Error("this tensor map is impossible: " + wrong);
}

}  // namespace

#if GPU_IS_REAL

namespace {

PFN_cuTensorMapEncodeTiled_v12000 driver_encoder() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  GPU_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found));
  if (found != cudaDriverEntryPointSuccess) {
    throw gpu::Error("this driver cannot make tensor maps: install one for CUDA 12.0 or newer");
  }
  return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
}

std::string list(const int64_t* values, int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + to_string(values[i]);
  return text + "}";
}

std::string all_parameters(const TensorMapDescription& d) {
  return std::string("type ") + properties(d.type).name + ", base " + address(d.base) + ", rank " + to_string(d.rank) +
         ", dims " + list(d.dims, d.rank) + ", strides " + list(d.strides, d.rank - 1) + ", box " +
         list(d.box, d.rank) + ", element strides " + list(d.element_strides, d.rank) + ", interleave " +
         to_string(static_cast<int>(d.interleave)) + ", swizzle " + to_string(static_cast<int>(d.swizzle)) +
         ", L2 promotion " + to_string(static_cast<int>(d.l2_promotion)) + ", out of bounds " +
         to_string(static_cast<int>(d.out_of_bounds));
}

}  // namespace

TensorMap make_tensor_map(const TensorMapDescription& d) {
  require_possible(d);
  static_assert(sizeof(TensorMap) == sizeof(CUtensorMap) && alignof(TensorMap) == alignof(CUtensorMap));
  static const auto encode = driver_encoder();
  cuuint64_t dims[5], strides[4];
  cuuint32_t box[5], element_strides[5];
  std::copy_n(d.dims, 5, dims);
  std::copy_n(d.strides, 4, strides);
  std::copy_n(d.box, 5, box);
  std::copy_n(d.element_strides, 5, element_strides);
  // Our enumerators stand in the driver's order.
  CUtensorMap map;
  const CUresult result = encode(
      &map, static_cast<CUtensorMapDataType>(d.type), d.rank, const_cast<void*>(d.base), dims, strides, box,
      element_strides, static_cast<CUtensorMapInterleave>(d.interleave), static_cast<CUtensorMapSwizzle>(d.swizzle),
      static_cast<CUtensorMapL2promotion>(d.l2_promotion), static_cast<CUtensorMapFloatOOBfill>(d.out_of_bounds));
  if (result != CUDA_SUCCESS) {
    throw gpu::Error("the driver refuses a tensor map that breaks no rule we know (CUresult " + to_string(result) +
                     "): " + all_parameters(d) +
                     "; TMA needs compute capability 9.0; if this GPU has it, please report this");
  }
  TensorMap made;
  std::copy_n(map.opaque, 16, made.opaque);
  return made;
}

#else

TensorMap make_tensor_map(const TensorMapDescription& d) {
  require_possible(d);
  const auto not_modelled = [](bool is_used, const char* what, const char* instead) {
    if (!is_used) return;
    throw gpu::Error(std::string("the emulator does not model ") + what + " of tensor maps yet: " + instead +
                     ", or run this on a GPU");
  };
  not_modelled(d.swizzle != Swizzle::none, "swizzles", "use Swizzle::none");
  not_modelled(d.interleave != Interleave::none, "interleaved layouts", "use Interleave::none");
  not_modelled(std::any_of(d.element_strides, d.element_strides + d.rank, [](int64_t stride) { return stride != 1; }),
               "element strides", "use 1");
  not_modelled(properties(d.type).is_converted, "element types that change values", "use ElementType::f32");

  TensorMap map{};
  map.mark = TensorMap::valid;
  map.rank = static_cast<uint8_t>(d.rank);
  map.element_bytes = static_cast<uint8_t>(properties(d.type).bytes);
  map.fills_with_nan = d.out_of_bounds == OutOfBounds::nan;
  map.base = static_cast<const std::byte*>(d.base);
  map.strides[0] = map.element_bytes;
  std::copy_n(d.dims, d.rank, map.dims);
  std::copy_n(d.strides, d.rank - 1, map.strides + 1);
  std::copy_n(d.box, d.rank, map.box);
  return map;
}

#endif
