// Tensor maps: which descriptions are possible. Our rules must say what the driver says; a GPU build asks it.

#include "gpu/tensor_map.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gpu/buffer.h"
#include "gpu/error.h"
#include "testing/chapter_test.h"

#if GPU_IS_REAL
#include <cuda.h>
#include <cudaTypedefs.h>

#include <cstring>
#endif

namespace {

using Change = std::function<void(TensorMapDescription&)>;

// A description with one change, and what is wrong with it: a part of the sentence, "" if nothing is.
struct Row {
  const char* name;
  std::string wrong;
  Change change;
  bool driver_checks = true;  // otherwise the rule is documented, and driver 580 does not look
};

// Aligned memory for the base address. The tensors of the table are larger: an encoder looks at the address only.
const std::byte* memory() {
  static const gpu::DeviceMemory buffer("tensor", 4096, 0);
  return static_cast<const std::byte*>(buffer.payload());
}

// What every row changes: 16 images of 32 rows of 64 halves.
TensorMapDescription three_dimensional() {
  return {.type = ElementType::f16,
          .base = memory(),
          .rank = 3,
          .dims = {64, 32, 16},
          .strides = {128, 4096},
          .box = {64, 4, 2}};
}

using D = TensorMapDescription;

Change elements(ElementType type, int64_t row_of_box) {
  return [=](D& d) {
    d.type = type;
    d.strides[0] = 512;
    d.strides[1] = 16384;
    d.box[0] = row_of_box;
  };
}

Change shape(Interleave interleave, Swizzle swizzle, ElementType type, int64_t row_of_box) {
  return [=](D& d) {
    elements(type, row_of_box)(d);
    d.interleave = interleave;
    d.swizzle = swizzle;
  };
}

Change fill(OutOfBounds out_of_bounds, ElementType type) {
  return [=](D& d) {
    elements(type, 16)(d);
    d.out_of_bounds = out_of_bounds;
  };
}

std::vector<Row> table() {
  constexpr int64_t two_to_32 = int64_t{1} << 32;
  constexpr int64_t two_to_40 = int64_t{1} << 40;
  const auto rank = [](int n) {
    return [=](D& d) {
      const D five{.type = ElementType::f16,
                   .base = memory(),
                   .rank = n,
                   .dims = {64, 32, 16, 8, 4},
                   .strides = {128, 4096, 65536, 524288},
                   .box = {64, 4, 2, 2, 1}};
      d = five;
    };
  };
  const auto one_dimension = [](int64_t n) {
    return [=](D& d) {
      d.type = ElementType::u8;
      d.rank = 1;
      d.dims[0] = n;
    };
  };

  return {
      {"the description that the others change", "", [](D&) {}},

      // Rank.
      {"rank 0", "its rank is 0", rank(0)},
      {"rank 1", "", rank(1)},
      {"rank 2", "", rank(2)},
      {"rank 4", "", rank(4)},
      {"rank 5", "", rank(5)},
      {"rank 6", "its rank is 6", rank(6)},
      {"rank -1", "its rank is -1", rank(-1)},
      {"interleaved by 16 bytes, rank 3", "", [](D& d) { d.interleave = Interleave::bytes_16; }},
      {"interleaved by 16 bytes, rank 2", "an interleaved layout has at least 3 dimensions",
       [](D& d) {
         d.interleave = Interleave::bytes_16;
         d.rank = 2;
       }},
      {"interleaved by 32 bytes, rank 2", "an interleaved layout has at least 3 dimensions",
       [](D& d) {
         d.interleave = Interleave::bytes_32;
         d.swizzle = Swizzle::bytes_32;
         d.rank = 2;
       }},

      // Base address.
      {"base at byte 16", "", [](D& d) { d.base = memory() + 16; }},
      {"base at byte 1", "is not a multiple of 16", [](D& d) { d.base = memory() + 1; }},
      {"base at byte 2", "is not a multiple of 16", [](D& d) { d.base = memory() + 2; }},
      {"base at byte 8", "is not a multiple of 16", [](D& d) { d.base = memory() + 8; }},
      {"interleaved by 16 bytes, base at byte 16", "",
       [](D& d) {
         d.interleave = Interleave::bytes_16;
         d.base = memory() + 16;
       }},
      {"interleaved by 32 bytes, base at byte 32", "",
       [](D& d) {
         shape(Interleave::bytes_32, Swizzle::bytes_32, ElementType::f16, 16)(d);
         d.base = memory() + 32;
       }},
      {"interleaved by 32 bytes, base at byte 16", "is not a multiple of 32",
       [](D& d) {
         shape(Interleave::bytes_32, Swizzle::bytes_32, ElementType::f16, 16)(d);
         d.base = memory() + 16;
       }},

      // Sizes.
      {"dimension 0 of 1 element", "", [](D& d) { d.dims[0] = 1; }},
      {"dimension 0 of 0 elements", "dimension 0 has 0 elements", [](D& d) { d.dims[0] = 0; }},
      {"dimension 1 of 1 element", "", [](D& d) { d.dims[1] = 1; }},
      {"dimension 1 of 0 elements", "dimension 1 has 0 elements", [](D& d) { d.dims[1] = 0; }},
      {"dimension 2 of 1 element", "", [](D& d) { d.dims[2] = 1; }},
      {"dimension 2 of 0 elements", "dimension 2 has 0 elements", [](D& d) { d.dims[2] = 0; }},
      {"dimension 2 of -1 elements", "dimension 2 has -1 elements", [](D& d) { d.dims[2] = -1; }},
      {"dimension 0 of 2^32 elements", "", one_dimension(two_to_32)},
      {"dimension 0 of 2^32 + 1 elements", "dimension 0 has 4294967297 elements", one_dimension(two_to_32 + 1)},
      {"dimension 2 of 2^32 elements", "", [](D& d) { d.dims[2] = two_to_32; }},
      {"dimension 2 of 2^32 + 1 elements", "dimension 2 has 4294967297 elements",
       [](D& d) { d.dims[2] = two_to_32 + 1; }},
      {"beyond the rank, a dimension of 0 elements", "", [](D& d) { d.dims[3] = 0; }},

      // Strides.
      {"rows padded by 16 bytes", "", [](D& d) { d.strides[0] = 144; }},
      {"rows padded by 8 bytes", "the stride of dimension 1 is 136 bytes, which is not a multiple of 16",
       [](D& d) { d.strides[0] = 136; }},
      {"images padded by 16 bytes", "", [](D& d) { d.strides[1] = 4112; }},
      {"images padded by 8 bytes", "the stride of dimension 2 is 4104 bytes, which is not a multiple of 16",
       [](D& d) { d.strides[1] = 4104; }},
      {"a stride of 2^40 - 16 bytes", "", [](D& d) { d.strides[1] = two_to_40 - 16; }},
      {"a stride of 2^40 bytes", "0 to less than 2^40 are possible", [](D& d) { d.strides[1] = two_to_40; }},
      {"a stride of -16 bytes", "0 to less than 2^40 are possible", [](D& d) { d.strides[1] = -16; }},
      {"interleaved by 16 bytes, a stride of 144 bytes", "",
       [](D& d) {
         d.interleave = Interleave::bytes_16;
         d.strides[0] = 144;
       }},
      {"interleaved by 32 bytes, a stride of 544 bytes", "",
       [](D& d) {
         shape(Interleave::bytes_32, Swizzle::bytes_32, ElementType::f16, 16)(d);
         d.strides[0] = 544;
       }},
      {"interleaved by 32 bytes, a stride of 528 bytes", "is 528 bytes, which is not a multiple of 32",
       [](D& d) {
         shape(Interleave::bytes_32, Swizzle::bytes_32, ElementType::f16, 16)(d);
         d.strides[0] = 528;
       }},
      {"beyond the rank, a stride of 3 bytes", "", [](D& d) { d.strides[2] = 3; }},

      // Box.
      {"a box of 1 element in dimension 1", "", [](D& d) { d.box[1] = 1; }},
      {"a box of 0 elements in dimension 0", "the box has 0 elements in dimension 0", [](D& d) { d.box[0] = 0; }},
      {"a box of 0 elements in dimension 1", "the box has 0 elements in dimension 1", [](D& d) { d.box[1] = 0; }},
      {"a box of 0 elements in dimension 2", "the box has 0 elements in dimension 2", [](D& d) { d.box[2] = 0; }},
      {"a box of -1 elements in dimension 2", "the box has -1 elements in dimension 2", [](D& d) { d.box[2] = -1; }},
      {"a box of 256 elements in dimension 0", "", elements(ElementType::u8, 256)},
      {"a box of 272 elements in dimension 0", "the box has 272 elements in dimension 0",
       elements(ElementType::u8, 272)},
      {"a box of 256 elements in dimension 1", "", [](D& d) { d.box[1] = 256; }},
      {"a box of 257 elements in dimension 1", "the box has 257 elements in dimension 1", [](D& d) { d.box[1] = 257; }},
      {"a box of 256 elements in dimension 2", "", [](D& d) { d.box[2] = 256; }},
      {"a box of 257 elements in dimension 2", "the box has 257 elements in dimension 2", [](D& d) { d.box[2] = 257; }},
      {"beyond the rank, a box of 0 elements", "", [](D& d) { d.box[3] = 0; }},
      {"a row of 16 bytes: u8", "", elements(ElementType::u8, 16)},
      {"a row of 8 bytes: u8", "a row of the box is 8 x 1 = 8 bytes", elements(ElementType::u8, 8)},
      {"a row of 17 bytes: u8", "a row of the box is 17 x 1 = 17 bytes", elements(ElementType::u8, 17)},
      {"a row of 16 bytes: f16", "", elements(ElementType::f16, 8)},
      {"a row of 8 bytes: f16", "a row of the box is 4 x 2 = 8 bytes", elements(ElementType::f16, 4)},
      {"a row of 24 bytes: bf16", "a row of the box is 12 x 2 = 24 bytes", elements(ElementType::bf16, 12)},
      {"a row of 16 bytes: f32", "", elements(ElementType::f32, 4)},
      {"a row of 24 bytes: f32", "a row of the box is 6 x 4 = 24 bytes", elements(ElementType::f32, 6)},
      {"a row of 16 bytes: f64", "", elements(ElementType::f64, 2)},
      {"a row of 8 bytes: f64", "a row of the box is 1 x 8 = 8 bytes", elements(ElementType::f64, 1)},

      // Element strides.
      {"each 8th element of dimension 1", "", [](D& d) { d.element_strides[1] = 8; }},
      {"each 9th element of dimension 1", "the element stride of dimension 1 is 9",
       [](D& d) { d.element_strides[1] = 9; }},
      {"each 0th element of dimension 1", "the element stride of dimension 1 is 0",
       [](D& d) { d.element_strides[1] = 0; }},
      {"each 8th element of dimension 2", "", [](D& d) { d.element_strides[2] = 8; }},
      {"each 9th element of dimension 2", "the element stride of dimension 2 is 9",
       [](D& d) { d.element_strides[2] = 9; }},
      {"each 0th element of dimension 2", "the element stride of dimension 2 is 0",
       [](D& d) { d.element_strides[2] = 0; }},
      {"beyond the rank, each 0th element", "", [](D& d) { d.element_strides[3] = 0; }},

      // Interleave and swizzle.
      {"interleaved by 16 bytes, no swizzle", "", shape(Interleave::bytes_16, Swizzle::none, ElementType::f16, 8)},
      {"interleaved by 16 bytes, swizzled by 32", "",
       shape(Interleave::bytes_16, Swizzle::bytes_32, ElementType::f16, 8)},
      {"interleaved by 16 bytes, swizzled by 64", "",
       shape(Interleave::bytes_16, Swizzle::bytes_64, ElementType::f16, 8)},
      {"interleaved by 16 bytes, swizzled by 128", "",
       shape(Interleave::bytes_16, Swizzle::bytes_128, ElementType::f16, 8)},
      {"interleaved by 32 bytes, no swizzle", "needs Swizzle::bytes_32",
       shape(Interleave::bytes_32, Swizzle::none, ElementType::f16, 16), false},
      {"interleaved by 32 bytes, swizzled by 32", "",
       shape(Interleave::bytes_32, Swizzle::bytes_32, ElementType::f16, 16)},
      {"interleaved by 32 bytes, swizzled by 64", "needs Swizzle::bytes_32",
       shape(Interleave::bytes_32, Swizzle::bytes_64, ElementType::f16, 16), false},
      {"interleaved by 32 bytes, swizzled by 128", "needs Swizzle::bytes_32",
       shape(Interleave::bytes_32, Swizzle::bytes_128, ElementType::f16, 16), false},
      {"swizzled by 32 bytes, a row of 32", "", shape(Interleave::none, Swizzle::bytes_32, ElementType::f16, 16)},
      {"swizzled by 32 bytes, a row of 48", "Swizzle::bytes_32 allows at most 32",
       shape(Interleave::none, Swizzle::bytes_32, ElementType::f16, 24)},
      {"swizzled by 64 bytes, a row of 64", "", shape(Interleave::none, Swizzle::bytes_64, ElementType::f32, 16)},
      {"swizzled by 64 bytes, a row of 80", "Swizzle::bytes_64 allows at most 64",
       shape(Interleave::none, Swizzle::bytes_64, ElementType::f32, 20)},
      {"swizzled by 128 bytes, a row of 128", "", shape(Interleave::none, Swizzle::bytes_128, ElementType::u8, 128)},
      {"swizzled by 128 bytes, a row of 144", "Swizzle::bytes_128 allows at most 128",
       shape(Interleave::none, Swizzle::bytes_128, ElementType::u8, 144)},
      {"swizzled by 128 bytes, a row of 16", "", shape(Interleave::none, Swizzle::bytes_128, ElementType::f16, 8)},

      // Out of bounds.
      {"NaN outside: u8", "its elements are of type u8", fill(OutOfBounds::nan, ElementType::u8)},
      {"NaN outside: u16", "its elements are of type u16", fill(OutOfBounds::nan, ElementType::u16)},
      {"NaN outside: u32", "its elements are of type u32", fill(OutOfBounds::nan, ElementType::u32)},
      {"NaN outside: s32", "its elements are of type s32", fill(OutOfBounds::nan, ElementType::s32)},
      {"NaN outside: u64", "its elements are of type u64", fill(OutOfBounds::nan, ElementType::u64)},
      {"NaN outside: s64", "its elements are of type s64", fill(OutOfBounds::nan, ElementType::s64)},
      {"NaN outside: f16", "", fill(OutOfBounds::nan, ElementType::f16)},
      {"NaN outside: f32", "", fill(OutOfBounds::nan, ElementType::f32)},
      {"NaN outside: f64", "", fill(OutOfBounds::nan, ElementType::f64)},
      {"NaN outside: bf16", "", fill(OutOfBounds::nan, ElementType::bf16)},
      {"NaN outside: f32_ftz", "", fill(OutOfBounds::nan, ElementType::f32_ftz)},
      {"NaN outside: tf32", "", fill(OutOfBounds::nan, ElementType::tf32)},
      {"NaN outside: tf32_ftz", "", fill(OutOfBounds::nan, ElementType::tf32_ftz)},
      {"zeros outside: u16", "", fill(OutOfBounds::zeros, ElementType::u16)},
      {"zeros outside: u32", "", fill(OutOfBounds::zeros, ElementType::u32)},
      {"zeros outside: s32", "", fill(OutOfBounds::zeros, ElementType::s32)},
      {"zeros outside: u64", "", fill(OutOfBounds::zeros, ElementType::u64)},
      {"zeros outside: s64", "", fill(OutOfBounds::zeros, ElementType::s64)},
      {"zeros outside: tf32", "", fill(OutOfBounds::zeros, ElementType::tf32)},

      // L2 promotion.
      {"64 bytes into L2", "", [](D& d) { d.l2_promotion = L2Promotion::bytes_64; }},
      {"128 bytes into L2", "", [](D& d) { d.l2_promotion = L2Promotion::bytes_128; }},
      {"256 bytes into L2", "", [](D& d) { d.l2_promotion = L2Promotion::bytes_256; }},

      // Where the documentation is silent, or says more than the driver asks for.
      {"no base address", "", [](D& d) { d.base = nullptr; }},
      {"a stride of 0 bytes: one row for all", "", [](D& d) { d.strides[0] = 0; }},
      {"rows that overlap by half", "", [](D& d) { d.strides[0] = 64; }},
      {"rows whose stride is less than their number of elements", "", [](D& d) { d.strides[0] = 16; }},
      {"strides that descend", "",
       [](D& d) {
         d.strides[0] = 4096;
         d.strides[1] = 128;
       }},
      {"a stride that is no multiple of the one before", "",
       [](D& d) {
         d.strides[0] = 144;
         d.strides[1] = 4624;
       }},
      {"a box larger than the tensor", "",
       [](D& d) {
         d.dims[0] = 16;
         d.dims[1] = 3;
         d.dims[2] = 1;
       }},
      {"a box as large as shared memory", "",
       [](D& d) {
         d.box[1] = 57;
         d.box[2] = 32;
       }},
      {"a box larger than shared memory", "the box has 237568 bytes, and at most 233472",
       [](D& d) {
         d.box[1] = 58;
         d.box[2] = 32;
       }},
      {"a box of which every second row is taken", "",
       [](D& d) {
         d.box[1] = 114;
         d.box[2] = 32;
         d.element_strides[1] = 2;
       }},
      {"a box of 2^40 elements", "and at most 233472",
       [=](D& d) {
         rank(5)(d);
         for (int i = 0; i < 5; ++i) d.box[i] = 256;
       }},
      {"each 8th of 4 elements of the tensor", "",
       [](D& d) {
         d.dims[1] = 4;
         d.element_strides[1] = 8;
       }},
      {"each 8th of 2 elements of the box", "",
       [](D& d) {
         d.box[1] = 2;
         d.element_strides[1] = 8;
       }},
      {"each 2nd element of dimension 0", "", [](D& d) { d.element_strides[0] = 2; }},
      {"each 9th element of dimension 0", "the element stride of dimension 0 is 9",
       [](D& d) { d.element_strides[0] = 9; }},
      {"each 0th element of dimension 0", "the element stride of dimension 0 is 0",
       [](D& d) { d.element_strides[0] = 0; }},
      {"interleaved by 16 bytes, a row of 8", "which is not a multiple of 16",
       shape(Interleave::bytes_16, Swizzle::none, ElementType::f16, 4)},
      {"interleaved by 16 bytes, swizzled by 32, a row of 64", "",
       shape(Interleave::bytes_16, Swizzle::bytes_32, ElementType::f16, 32)},
  };
}

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const gpu::Error& error) {
    return error.what();
  }
  return "";
}

#if GPU_IS_REAL

// The driver's own verdict, without our rules and without our translation of the enumerators.
CUresult ask_driver(const TensorMapDescription& d, CUtensorMap& map) {
  static const auto encode = [] {
    void* function = nullptr;
    cudaDriverEntryPointQueryResult found{};
    GPU_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found));
    return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
  }();
  // A sixth dimension is there to be refused.
  cuuint64_t dims[6], strides[5];
  cuuint32_t box[6], element_strides[6];
  for (int i = 0; i < 6; ++i) {
    dims[i] = i < 5 ? d.dims[i] : 2;
    box[i] = i < 5 ? d.box[i] : 1;
    element_strides[i] = i < 5 ? d.element_strides[i] : 1;
    if (i < 5) strides[i] = i < 4 ? d.strides[i] : 2097152;
  }
  const auto type = [&] {
    switch (d.type) {
      case ElementType::u8:
        return CU_TENSOR_MAP_DATA_TYPE_UINT8;
      case ElementType::u16:
        return CU_TENSOR_MAP_DATA_TYPE_UINT16;
      case ElementType::u32:
        return CU_TENSOR_MAP_DATA_TYPE_UINT32;
      case ElementType::s32:
        return CU_TENSOR_MAP_DATA_TYPE_INT32;
      case ElementType::u64:
        return CU_TENSOR_MAP_DATA_TYPE_UINT64;
      case ElementType::s64:
        return CU_TENSOR_MAP_DATA_TYPE_INT64;
      case ElementType::f16:
        return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
      case ElementType::f32:
        return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
      case ElementType::f64:
        return CU_TENSOR_MAP_DATA_TYPE_FLOAT64;
      case ElementType::bf16:
        return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
      case ElementType::f32_ftz:
        return CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ;
      case ElementType::tf32:
        return CU_TENSOR_MAP_DATA_TYPE_TFLOAT32;
      case ElementType::tf32_ftz:
        return CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ;
    }
    throw gpu::Error("unknown element type");
  }();
  const CUtensorMapInterleave interleaves[] = {CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_INTERLEAVE_16B,
                                               CU_TENSOR_MAP_INTERLEAVE_32B};
  const CUtensorMapSwizzle swizzles[] = {CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_SWIZZLE_32B,
                                         CU_TENSOR_MAP_SWIZZLE_64B, CU_TENSOR_MAP_SWIZZLE_128B};
  const CUtensorMapL2promotion promotions[] = {CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_L2_PROMOTION_L2_64B,
                                               CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B};
  const CUtensorMapFloatOOBfill fills[] = {CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
                                           CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA};
  return encode(&map, type, d.rank, const_cast<void*>(d.base), dims, strides, box, element_strides,
                interleaves[static_cast<int>(d.interleave)], swizzles[static_cast<int>(d.swizzle)],
                promotions[static_cast<int>(d.l2_promotion)], fills[static_cast<int>(d.out_of_bounds)]);
}

#endif

}  // namespace

TEST_CASE("each rule for tensor maps holds at its edge, and the sentence about a broken one names it") {
  for (const Row& row : table()) {
    CAPTURE(row.name);
    TensorMapDescription d = three_dimensional();
    row.change(d);
    const std::string wrong = gpu::what_is_wrong_with(d);
    CAPTURE(wrong);
    CHECK(wrong.empty() == row.wrong.empty());
    CHECK(wrong.find(row.wrong) != std::string::npos);
    if (!row.wrong.empty()) {
      CHECK(error_of([&] { make_tensor_map(d); }) == "this tensor map is impossible: " + wrong);
    }
  }
}

#if GPU_IS_REAL
TEST_CASE("the driver gives the same verdict on each row, and the same map") {
  std::string verdicts, disagreements;
  for (const Row& row : table()) {
    TensorMapDescription d = three_dimensional();
    row.change(d);
    if (d.rank < 0) continue;  // driver 580 does not survive the question
    CUtensorMap theirs;
    const CUresult result = ask_driver(d, theirs);
    const bool is_possible = gpu::what_is_wrong_with(d).empty();
    std::string line = std::string(row.name) + ": we say " + (is_possible ? "possible" : "impossible") +
                       ", the driver says " + (result == CUDA_SUCCESS ? "possible" : "impossible") + " (CUresult " +
                       std::to_string(result) + ")";
    bool agrees = is_possible == (result == CUDA_SUCCESS) || !row.driver_checks;
    if (agrees && is_possible) {
      const TensorMap ours = make_tensor_map(d);
      agrees = std::memcmp(&ours, &theirs, sizeof ours) == 0;
      if (!agrees) line += "; the two maps differ";
    }
    verdicts += line + "\n";
    if (!agrees) disagreements += line + "\n";
  }
  INFO("all verdicts:\n", verdicts);
  CHECK(disagreements == "");
}
#else
TEST_CASE("the emulator's map says what the description says") {
  const TensorMap map = make_tensor_map({.type = ElementType::f32,
                                         .base = memory() + 16,
                                         .rank = 3,
                                         .dims = {5, 6, 7},
                                         .strides = {32, 224},
                                         .box = {4, 2, 1},
                                         .l2_promotion = L2Promotion::bytes_128,
                                         .out_of_bounds = OutOfBounds::nan});
  CHECK(map.mark == TensorMap::valid);
  CHECK(map.rank == 3);
  CHECK(map.element_bytes == 4);
  CHECK(map.fills_with_nan == 1);
  CHECK(map.base == memory() + 16);
  CHECK(map.dims[0] == 5);
  CHECK(map.dims[1] == 6);
  CHECK(map.dims[2] == 7);
  CHECK(map.strides[0] == 4);
  CHECK(map.strides[1] == 32);
  CHECK(map.strides[2] == 224);
  CHECK(map.box[0] == 4);
  CHECK(map.box[1] == 2);
  CHECK(map.box[2] == 1);
  CHECK(make_tensor_map(three_dimensional()).fills_with_nan == 0);
}

TEST_CASE("the emulator says what it does not model yet, after the rules") {
  const auto refusal = [](const Change& change) {
    TensorMapDescription d = three_dimensional();
    change(d);
    REQUIRE(gpu::what_is_wrong_with(d) == "");
    return error_of([&] { make_tensor_map(d); });
  };
  CHECK(refusal([](D& d) { d.swizzle = Swizzle::bytes_128; }).find("does not model swizzles") != std::string::npos);
  CHECK(refusal([](D& d) { d.interleave = Interleave::bytes_16; }).find("does not model interleaved layouts") !=
        std::string::npos);
  CHECK(refusal([](D& d) { d.element_strides[2] = 2; }).find("does not model element strides") != std::string::npos);
  CHECK(refusal(elements(ElementType::tf32, 16)).find("does not model element types that change values") !=
        std::string::npos);
  CHECK(refusal([](D& d) { d.l2_promotion = L2Promotion::bytes_256; }) == "");
  CHECK(refusal([](D& d) { d.element_strides[3] = 2; }) == "");  // beyond the rank
}
#endif

TEST_CASE("the strides of a dense tensor follow from its sizes") {
  const int channels = 64, heads = 8, width = 176, height = 100, images = 48;
  const auto d = gpu::dense_tensor(gpu::element_type<half>(), memory(), {channels, heads, width, height, images},
                                   {channels, 1, 2, 2, 1});
  CHECK(d.type == ElementType::f16);
  CHECK(d.base == memory());
  CHECK(d.rank == 5);
  CHECK(d.dims[0] == 64);
  CHECK(d.dims[4] == 48);
  CHECK(d.strides[0] == 128);
  CHECK(d.strides[1] == 128 * 8);
  CHECK(d.strides[2] == 128 * 8 * 176);
  CHECK(d.strides[3] == 128 * 8 * 176 * 100);
  CHECK(d.box[0] == 64);
  CHECK(d.box[3] == 2);
  CHECK(d.box[4] == 1);
  CHECK(gpu::what_is_wrong_with(d) == "");

  const auto* floats = reinterpret_cast<const float*>(memory());
  CHECK(error_of([&] { make_tensor_map<float>(floats, {12, 10}, {4, 2}); }) == "");
  CHECK(error_of([&] { make_tensor_map<float>(floats, {10, 12}, {4, 2}); }).find("is 40 bytes") != std::string::npos);
}

TEST_CASE("sizes that cannot be stored or multiplied are refused with a sentence, too") {
  const auto refusal = [](std::initializer_list<int64_t> dims, std::initializer_list<int64_t> box) {
    return error_of([&] { make_tensor_map(gpu::dense_tensor(ElementType::f32, memory(), dims, box)); });
  };
  CHECK(refusal({4, 4, 4}, {4, 4}).find("the tensor has 3 dimensions, and the box 2") != std::string::npos);
  CHECK(refusal({4, 4, 4, 4, 4, 4}, {4, 4, 4, 4, 4, 4}).find("its rank is 6") != std::string::npos);
  CHECK(refusal({}, {}).find("its rank is 0") != std::string::npos);
  constexpr int64_t two_to_32 = int64_t{1} << 32;
  CHECK(refusal({16, two_to_32, two_to_32, two_to_32, 2}, {16, 1, 1, 1, 1}).find("0 to less than 2^40 are possible") !=
        std::string::npos);
}

TEST_CASE("each C++ type is the element type with its bits") {
  CHECK(gpu::element_type<uint8_t>() == ElementType::u8);
  CHECK(gpu::element_type<int8_t>() == ElementType::u8);
  CHECK(gpu::element_type<uint16_t>() == ElementType::u16);
  CHECK(gpu::element_type<uint32_t>() == ElementType::u32);
  CHECK(gpu::element_type<int32_t>() == ElementType::s32);
  CHECK(gpu::element_type<uint64_t>() == ElementType::u64);
  CHECK(gpu::element_type<int64_t>() == ElementType::s64);
  CHECK(gpu::element_type<half>() == ElementType::f16);
  CHECK(gpu::element_type<float>() == ElementType::f32);
  CHECK(gpu::element_type<double>() == ElementType::f64);
}

TEST_CASE("each element type has its size") {
  const std::pair<ElementType, int> sizes[] = {
      {ElementType::u8, 1},      {ElementType::u16, 2},  {ElementType::u32, 4},     {ElementType::s32, 4},
      {ElementType::u64, 8},     {ElementType::s64, 8},  {ElementType::f16, 2},     {ElementType::f32, 4},
      {ElementType::f64, 8},     {ElementType::bf16, 2}, {ElementType::f32_ftz, 4}, {ElementType::tf32, 4},
      {ElementType::tf32_ftz, 4}};
  for (const auto& [type, bytes] : sizes) {
    TensorMapDescription d = three_dimensional();
    elements(type, 24 / bytes)(d);
    CHECK(gpu::what_is_wrong_with(d).find(" x " + std::to_string(bytes) + " = 24 bytes") != std::string::npos);
    elements(type, 32 / bytes)(d);
    CHECK(gpu::what_is_wrong_with(d) == "");
  }
}
