// The compile contract of kernel files (cmake/Machine.cmake), clause by clause: every access that the source of a
// kernel shows is seen, with its size and its line, and nothing is left out, merged or invented.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "emulator/control.h"
#include "emulator/finding.h"
#include "emulator/tests/contract_kernels.h"
#include "gpu/buffer.h"
#include "gpu/device.h"

namespace {

constexpr std::size_t buffer_bytes = 4096 + 16;
constexpr std::size_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 128, 4096};
constexpr std::size_t struct_sizes[] = {16, 24, 64, 256};

using Bytes = std::vector<uint8_t>;

struct Result {
  Bytes output;
  std::string finding;  // its name, "" if there is none
  std::string message;

  template <class T>
  T at(std::size_t index) const {
    T value;
    std::memcpy(&value, output.data() + index * sizeof(T), sizeof(T));
    return value;
  }
};

const Bytes input_bytes = [] {
  Bytes bytes(buffer_bytes);
  std::iota(bytes.begin(), bytes.end(), uint8_t{1});
  return bytes;
}();

// Runs a launch on fresh buffers, `input` holding the bytes 1, 2, 3, ..., `output` and `values` zeros.
Result run(const std::function<void(void* output, const void* input, void* values)>& launch) {
  Result result{Bytes(buffer_bytes), "", ""};
  const gpu::DeviceBuffer<uint8_t> input("input", std::span<const uint8_t>(input_bytes), 0);
  const gpu::DeviceBuffer<uint8_t> output("output", std::span<const uint8_t>(result.output), 0);
  const gpu::DeviceBuffer<uint8_t> values("values", std::span<const uint8_t>(result.output), 0);
  try {
    launch(output.data(), input.data(), values.data());
  } catch (const emulator::Finding& finding) {
    result.finding = finding.name();
    result.message = finding.what();
  }
  output.download(result.output);
  return result;
}

struct Accesses {
  uint64_t loads, load_bytes, stores, store_bytes;
  bool operator==(const Accesses&) const = default;
};

// What the last launch did.
Accesses accesses() {
  const emulator::Counts& counts = emulator::counts();
  return {counts.global_loads, counts.global_load_bytes, counts.global_stores, counts.global_store_bytes};
}

// The first `bytes` of `output` are those of the input, and no byte behind them was touched.
void check_copied(const Result& result, std::size_t bytes) {
  CHECK(result.finding == "");
  CHECK(std::equal(result.output.begin(), result.output.begin() + bytes, input_bytes.begin()));
  CHECK(std::all_of(result.output.begin() + bytes, result.output.end(), [](uint8_t byte) { return byte == 0; }));
}

void check_filled(const Result& result, std::size_t bytes, uint8_t value) {
  CHECK(result.finding == "");
  CHECK(std::all_of(result.output.begin(), result.output.begin() + bytes, [&](uint8_t byte) { return byte == value; }));
  CHECK(std::all_of(result.output.begin() + bytes, result.output.end(), [](uint8_t byte) { return byte == 0; }));
}

}  // namespace

TEST_CASE("a known kernel makes exactly the accesses that its source shows") {
  run([](void* output, const void* input, void*) {
    contract::known_accesses(static_cast<half*>(output), static_cast<const half*>(input));
  });
  const emulator::Counts& counts = emulator::counts();
  CHECK(counts.threads == 4);
  CHECK(accesses() == Accesses{4 * 3 + 1, 4 * 3 * 2 + 16, 4 + 1, 4 * 2 + 16});
  CHECK(counts.shared_stores == 4);
  CHECK(counts.shared_store_bytes == 16);
  CHECK(counts.shared_loads == 4);
  CHECK(counts.shared_load_bytes == 16);
  CHECK(counts.block_barriers == 1);
  CHECK(counts.warp_collectives == 0);
}

TEST_CASE("volatile and packed accesses are seen") {
  const Result result = run([](void* output, const void* input, void*) {
    contract::volatile_and_packed(static_cast<int*>(output), static_cast<const int*>(input));
  });
  CHECK(result.finding == "");
  CHECK(result.at<uint32_t>(0) == 0x04030201);
  CHECK(result.at<uint32_t>(3) == 0x100f0e00);
  CHECK(accesses() == Accesses{2, 8, 2, 8});
}

TEST_CASE("a loop makes an access for each element, and neighbours are not written together") {
  const Result copied = run([](void* output, const void* input, void*) {
    contract::copy_in_a_loop(static_cast<int*>(output), static_cast<const int*>(input));
  });
  check_copied(copied, 256);
  CHECK(accesses() == Accesses{64, 256, 64, 256});
  run([](void* output, const void*, void*) { contract::clear_in_a_loop(static_cast<half*>(output)); });
  CHECK(accesses() == Accesses{0, 0, 64, 128});
  run([](void* output, const void*, void*) { contract::write_neighbours(static_cast<half*>(output)); });
  CHECK(accesses() == Accesses{0, 0, 4, 8});
}

TEST_CASE("halves are written as halves and read as a vector, and the reverse") {
  const Result vector = run([](void* output, const void*, void* values) {
    contract::halves_seen_as_vector(static_cast<uint4*>(output), static_cast<half*>(values));
  });
  const uint16_t zero_to_seven[] = {0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700};
  CHECK(accesses() == Accesses{1, 16, 8 + 1, 16 + 16});
  const Result halves = run([](void* output, const void*, void* values) {
    contract::vector_seen_as_halves(static_cast<half*>(output), static_cast<uint4*>(values));
  });
  CHECK(accesses().loads == 8);
  CHECK(accesses().load_bytes == 16);
  CHECK(accesses().store_bytes == 16 + 16);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(vector.at<uint16_t>(i) == zero_to_seven[i]);
    CHECK(halves.at<uint16_t>(i) == zero_to_seven[i]);
  }
}

TEST_CASE("a half that is written into a vector changes the vector, and the reverse") {
  const Result vector = run([](void* output, const void*, void* values) {
    contract::half_between_vector_accesses(static_cast<uint4*>(output), static_cast<half*>(values));
  });
  CHECK(vector.at<uint32_t>(0) == 0x4000);
  const Result halves = run([](void* output, const void*, void* values) {
    contract::vector_between_half_accesses(static_cast<half*>(output), static_cast<uint4*>(values));
  });
  CHECK(halves.at<uint16_t>(0) == 0x4000);
}

TEST_CASE("memcpy, memmove and memset are seen, whole, whatever their size") {
  for (const std::size_t bytes : sizes) {
    CAPTURE(bytes);
    check_copied(run([&](void* output, const void* input, void*) { contract::copy_by_memcpy(bytes, output, input); }),
                 bytes);
    CHECK(accesses() == Accesses{1, bytes, 1, bytes});
    check_copied(run([&](void* output, const void* input, void*) { contract::copy_by_memmove(bytes, output, input); }),
                 bytes);
    CHECK(accesses() == Accesses{1, bytes, 1, bytes});
    check_filled(run([&](void* output, const void*, void*) { contract::copy_a_table_by_memmove(bytes, output); }),
                 bytes, 0x5a);
    CHECK(accesses() == Accesses{0, 0, 1, bytes});
    check_filled(run([&](void* output, const void*, void*) { contract::fill_by_memset(bytes, output); }), bytes, 0x5a);
    CHECK(accesses() == Accesses{0, 0, 1, bytes});
  }
}

TEST_CASE("a memory function that leaves its buffer is found, at its line") {
  const auto overrun = [](const std::function<void(char* output, const char* input)>& launch) {
    return run([&](void* output, const void* input, void*) {
      launch(static_cast<char*>(output) + buffer_bytes - 15, static_cast<const char*>(input));
    });
  };
  const Result copied = overrun([](char* output, const char* input) { contract::copy_by_memcpy(16, output, input); });
  CHECK(copied.finding == "out-of-bounds");
  CHECK(copied.message.find("memcpy(output, input, Bytes)") != std::string::npos);
  CHECK(copied.message.find("write of 16 bytes") != std::string::npos);
  const Result moved = overrun([](char* output, const char* input) { contract::copy_by_memmove(16, output, input); });
  CHECK(moved.finding == "out-of-bounds");
  CHECK(moved.message.find("memmove(output, input, Bytes)") != std::string::npos);
  const Result filled = overrun([](char* output, const char*) { contract::fill_by_memset(16, output); });
  CHECK(filled.finding == "out-of-bounds");
  CHECK(filled.message.find("memset(output, 0x5a, Bytes)") != std::string::npos);
  const Result last = run([](void* output, const void* input, void*) {
    contract::copy_at_the_end_of_a_function(static_cast<int*>(output) + buffer_bytes / 4,
                                            static_cast<const int*>(input));
  });
  CHECK(last.message.find("the last call") != std::string::npos);
}

TEST_CASE("structs are copied and cleared with all their bytes") {
  for (const std::size_t bytes : struct_sizes) {
    CAPTURE(bytes);
    check_copied(run([&](void* output, const void* input, void*) { contract::copy_a_struct(bytes, output, input); }),
                 bytes);
    CHECK(accesses().load_bytes == bytes);
    CHECK(accesses().store_bytes == bytes);
    const Result overrun = run([&](void* output, const void* input, void*) {
      contract::copy_a_struct(bytes, output, static_cast<const int*>(input) + (buffer_bytes - bytes) / 4 + 1);
    });
    CHECK(overrun.finding == "out-of-bounds");
    CHECK(overrun.message.find("read of " + std::to_string(bytes) + " bytes") != std::string::npos);
    check_filled(run([&](void* output, const void*, void*) { contract::clear_a_struct(bytes, output); }), bytes, 0);
    CHECK(accesses().load_bytes == 0);
    CHECK(accesses().store_bytes == bytes);
  }
}

TEST_CASE("what a function takes from memory by value, and what it returns to memory, is seen") {
  const Result powers = run([](void* output, const void*, void* values) {
    static_cast<half*>(values)[0] = __float2half(3);
    static_cast<half*>(values)[1] = __float2half(-2);
    contract::call_with_halves(static_cast<half*>(output), static_cast<const half*>(values), 3);
  });
  CHECK(__half2float(powers.at<half>(0)) == 27);
  CHECK(__half2float(powers.at<half>(1)) == -8);
  CHECK(accesses() == Accesses{2, 4, 2, 4});
}

TEST_CASE("a loop on a plain flag stays a loop, even where the compiler may think that it ends") {
  const auto check_loops = [](const Result& result) {
    CHECK(result.finding == "silent-loop");
    CHECK(result.message.find("while (!*flag)") != std::string::npos);
  };
  check_loops(
      run([](void* output, const void*, void*) { contract::wait_for_plain_flag(static_cast<int*>(output), false); }));
  check_loops(
      run([](void* output, const void*, void*) { contract::wait_for_plain_flag(static_cast<bool*>(output), false); }));
}

TEST_CASE("a loop on a volatile flag ends when another thread sets the flag, and is reported if nobody does") {
  gpu::for_each_schedule([] {
    const Result set = run(
        [](void* output, const void*, void*) { contract::wait_for_volatile_flag(static_cast<int*>(output), true); });
    CHECK(set.message == "");
    CHECK(set.at<int>(0) == 1);
    const Result forgotten = run(
        [](void* output, const void*, void*) { contract::wait_for_volatile_flag(static_cast<int*>(output), false); });
    CHECK(forgotten.finding == "livelock");
    CHECK(forgotten.message.find("while (!*flag)") != std::string::npos);
  });
}

TEST_CASE("an inline function that host code uses too has its accesses seen when a kernel calls it") {
  // This file's copies of the two functions are compiled without access hooks. Of all copies the linker takes the one
  // that it meets first, and programs are linked with their kernels first.
  const int& (*volatile larger)(const int&, const int&) = std::max<int>;
  int (*volatile sum)(const int*, int) = contract::sum_of;
  const int values[] = {3, 4, 5};
  CHECK(larger(values[0], values[1]) == 4);
  CHECK(sum(values, 3) == 12);

  const Result maximum = run([](void* output, const void* input, void*) {
    contract::larger_by_std_max(static_cast<int*>(output), static_cast<const int*>(input));
  });
  CHECK(maximum.at<int>(0) == 0x08070605);
  CHECK(accesses() == Accesses{3, 12, 1, 4});  // two to compare, one of them again by its reference
  const auto summed = [](int count) {
    return run([&](void* output, const void* input, void*) {
      contract::sum_by_shared_header(static_cast<int*>(output), static_cast<const int*>(input), count);
    });
  };
  CHECK(summed(2).at<int>(0) == 0x04030201 + 0x08070605);
  CHECK(accesses() == Accesses{2, 8, 1, 4});
  CHECK(summed(buffer_bytes / 4 + 1).finding == "out-of-bounds");
}
