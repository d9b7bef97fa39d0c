#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "gpu/buffer.h"
#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/launch.h"
#include "gpu/tests/layer_kernels.h"
#include "testing/chapter_test.h"

namespace {

// Runs a kernel on `input` and returns `outputs` results, under every schedule; they must not differ.
template <class T>
std::vector<T> run(const std::vector<T>& input, std::size_t outputs, const std::function<void(T*, const T*)>& kernel) {
  std::vector<T> first;
  gpu::for_each_schedule([&] {
    std::vector<T> output(outputs, T(-1));
    const gpu::DeviceBuffer<T> device_input("input", std::span<const T>(input), 0);
    const gpu::DeviceBuffer<T> device_output("output", std::span<const T>(output), 0);
    kernel(device_output.data(), device_input.data());
    gpu::synchronize();
    device_output.download(output);
    if (first.empty()) first = output;
    REQUIRE(output == first);
  });
  return first;
}

const std::vector<int> warp_values = [] {
  std::vector<int> values(32);
  for (int i = 0; i < 32; ++i) values[i] = 1000 + i * i;
  return values;
}();

using ShuffleKernel = void (*)(int*, const int*, int, int);

// Compares a shuffle with what PTX says of it: `source_of(lane, group)` is the lane that is read, in a group of `width`
// lanes that starts at `group`.
void check_shuffle(ShuffleKernel kernel, int argument, int width, const std::function<int(int, int)>& source_of) {
  const auto output = run<int>(warp_values, 32, [&](int* out, const int* in) { kernel(out, in, argument, width); });
  for (int lane = 0; lane < 32; ++lane) {
    CAPTURE(lane);
    CAPTURE(argument);
    CAPTURE(width);
    CHECK(output[lane] == warp_values[source_of(lane, lane / width * width)]);
  }
}

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE(
    "shuffles read the lane that PTX says, also in groups narrower than a warp and over more than a warp's distance") {
  for (const int width : {32, 8}) {
    for (const int n : {0, 1, 5, 16, 31, 33, 69, -1}) {
      const int distance = n & 31;
      check_shuffle(layer::shuffle, n, width, [&](int, int group) { return group + (n & (width - 1)); });
      check_shuffle(layer::shuffle_up, n, width,
                    [&](int lane, int group) { return lane - distance >= group ? lane - distance : lane; });
      check_shuffle(layer::shuffle_down, n, width,
                    [&](int lane, int group) { return lane + distance < group + width ? lane + distance : lane; });
      check_shuffle(layer::shuffle_xor, n, width,
                    [&](int lane, int group) { return (lane ^ distance) < group + width ? lane ^ distance : lane; });
    }
  }
}

TEST_CASE("votes see every lane's predicate") {
  std::vector<int> predicates(32, 0);
  CHECK(run<int>(predicates, 3, layer::votes) == std::vector<int>{0, 0, 0});
  predicates[3] = 1;
  predicates[31] = -7;
  CHECK(run<int>(predicates, 3, layer::votes) == std::vector<int>{static_cast<int>(0x80000008u), 0, 1});
  predicates.assign(32, 2);
  CHECK(run<int>(predicates, 3, layer::votes) == std::vector<int>{-1, 1, 1});
}

TEST_CASE("threads and blocks are numbered x fastest, and each runs once") {
  std::vector<int> expected(3 * 2 * 2 * 5 * 3 * 2);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(run<int>({0}, expected.size(), [](int* output, const int*) { layer::indices(output); }) == expected);
}

TEST_CASE("__syncthreads orders 1024 threads, and more than 48 KB of shared memory can be had") {
  std::vector<int> values(1024);
  std::iota(values.begin(), values.end(), 7);
  const std::vector<int> reversed(values.rbegin(), values.rend());
  CHECK(run<int>(values, values.size(), layer::reverse) == reversed);
}

TEST_CASE("__syncwarp orders the lanes of a warp") {
  const int sum = std::accumulate(warp_values.begin(), warp_values.end(), 0);
  CHECK(run<int>(warp_values, 32, layer::warp_sum) == std::vector<int>(32, sum));
}

TEST_CASE("__hfma2 rounds once") {
  const float a = 1 + 3.0f / 1024;  // its square has 9 / 2^20 behind what a half can hold
  CHECK(run<float>({a, a, -1}, 2, layer::half2_fma) == std::vector<float>(2, 6.0f / 1024 + 8.0f / 1048576));
}

TEST_CASE("conversion to half rounds to nearest even, overflows to infinity, keeps subnormals and the sign of zero") {
  std::vector<float> values(32, 0.0f);
  // 2049 and 2051 lie half-way between halves; 65520 is the first float that rounds to infinity.
  const std::vector<float> special{2049, 2051, 65519, 65520, -65520, 6e-8f, 2e-8f, -0.0f, 0.1f, 1.0f / 3};
  std::copy(special.begin(), special.end(), values.begin());
  const auto rounded = run<float>(values, 32, layer::round_to_half);
  CHECK(rounded[0] == 2048);
  CHECK(rounded[1] == 2052);
  CHECK(rounded[2] == 65504);
  CHECK(rounded[3] == INFINITY);
  CHECK(rounded[4] == -INFINITY);
  CHECK(rounded[5] == std::ldexp(1.0f, -24));
  CHECK(rounded[6] == 0);
  CHECK(std::signbit(rounded[7]));
  CHECK(rounded[8] == 0.0999755859375f);
  CHECK(rounded[9] == 0.333251953125f);
}

namespace {

// The value of a half, from what IEEE 754 says of its bits.
double value_of(int half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double sign = half >> 15 ? -1 : 1;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24));
}

// Whether a half is what rounding to nearest, ties to even, makes of an exact value. No half lies nearer, and of two
// that are as near it is the even one. (Beyond the last half stands 65536, as if the exponent went on.)
bool is_nearest(int half, double exact) {
  if (std::isnan(exact)) return std::isnan(value_of(half));
  if (exact == 0) return value_of(half) == 0;
  const auto magnitude = [](int bits) { return bits == 0x7c00 ? 65536 : value_of(bits); };
  const int bits = half & 0x7fff;
  if (bits > 0x7c00 || (half >> 15 != 0) != std::signbit(exact)) return false;
  if (std::isinf(exact)) return bits == 0x7c00;
  const double target = std::abs(exact), error = std::abs(magnitude(bits) - target);
  for (const int other : {bits - 1, bits + 1}) {
    if (other < 0 || other > 0x7c00) continue;
    const double other_error = std::abs(magnitude(other) - target);
    // At and beyond 65520 all are infinite, however far away.
    if (bits != 0x7c00 ? (other_error < error || (other_error == error && bits % 2)) : target < 65520) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("sums, differences and products of two halves are rounded to the nearest, for every half") {
  constexpr int halves = 1 << 16;
  // 0, -0, 1, 1/3, the largest, the smallest, the smallest normal, -1024, one and a half of it, infinity, NaN.
  for (const int with : {0, 0x8000, 0x3c00, 0x3555, 0x7bff, 0x0001, 0x0400, 0xe400, 0x6600, 0x7c00, 0x7e00}) {
    std::vector<int> output(3 * halves);
    const gpu::DeviceBuffer<int> device_output("output", std::span<const int>(output), 0);
    layer::half2_arithmetic(device_output.data(), with);
    gpu::synchronize();
    device_output.download(output);
    int wrong = 0;
    for (int i = 0; i < halves; ++i) {
      const double x = value_of(i), y = value_of(with);
      const auto low = [&](int part) { return output[part * halves + i] & 0xffff; };
      const auto high = [&](int part) { return output[part * halves + i] >> 16 & 0xffff; };
      wrong += !is_nearest(low(0), x + y) || !is_nearest(high(0), y + x);
      wrong += !is_nearest(low(1), x - y) || !is_nearest(high(1), y - x);
      wrong += !is_nearest(low(2), x * y) || !is_nearest(high(2), y * x);
    }
    CAPTURE(with);
    CHECK(wrong == 0);
  }
}

TEST_CASE(
    "two floats become two halves, the first one in the lower bits, and halves are put together and taken apart") {
  std::vector<int> bits(32);
  for (int i = 0; i < 32; ++i) bits[i] = std::bit_cast<int>(i == 5 ? 2049.0f : 0.1f * static_cast<float>(i - 16));
  const std::vector<int> output = run<int>(bits, 4 * 32, layer::halves_in_pairs);
  for (int i = 0; i < 32; ++i) {
    CAPTURE(i);
    const auto input = [&](int lane) { return std::bit_cast<float>(bits[lane % 32]); };
    CHECK(is_nearest(output[i] & 0xffff, input(i)));
    CHECK(is_nearest(output[i] >> 16 & 0xffff, input(i + 1)));
    CHECK(output[32 + i] == output[i]);
    CHECK(output[64 + i] == output[i]);
    CHECK(output[96 + i] == std::bit_cast<int>(std::rotl(std::bit_cast<unsigned>(output[i]), 16)));
  }
}

TEST_CASE("__byte_perm picks the bytes that its selector names by three bits each, for every selector") {
  constexpr unsigned bytes[] = {0x50, 0x41, 0x02, 0x83, 0x04, 0x95, 0x86, 0xf7};
  std::vector<int> output(1 << 16);
  const gpu::DeviceBuffer<int> device_output("output", std::span<const int>(output), 0);
  layer::byte_permutations(device_output.data());
  gpu::synchronize();
  device_output.download(output);
  int wrong = 0;
  for (unsigned selector = 0; selector < output.size(); ++selector) {
    for (unsigned i = 0; i < 4; ++i) {
      wrong += (static_cast<unsigned>(output[selector]) >> 8 * i & 0xff) != bytes[selector >> 4 * i & 7];
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("vectors are made of their elements in order, and __ldg reads") {
  std::vector<int> numbers(18);
  std::iota(numbers.begin(), numbers.end(), 0);
  CHECK(run<int>(numbers, numbers.size(), layer::vectors) == numbers);
}

TEST_CASE("a float becomes an int in four ways, and where it fits none the nearest, or 0 for NaN") {
  constexpr int least = std::numeric_limits<int>::min(), most = std::numeric_limits<int>::max();
  constexpr float smallest = std::numeric_limits<float>::denorm_min();
  struct Row {
    float value;
    int down, up, toward_zero, nearest;
  };
  const std::vector<Row> rows{
      {0.0f, 0, 0, 0, 0},
      {-0.0f, 0, 0, 0, 0},
      {0.5f, 0, 1, 0, 0},
      {-0.5f, -1, 0, 0, 0},
      {1.5f, 1, 2, 1, 2},
      {-1.5f, -2, -1, -1, -2},
      {2.5f, 2, 3, 2, 2},
      {-2.75f, -3, -2, -2, -3},
      {7.0f, 7, 7, 7, 7},
      {smallest, 0, 1, 0, 0},
      {-smallest, -1, 0, 0, 0},
      {8388607.5f, 8388607, 8388608, 8388607, 8388608},
      {2147483520.0f, 2147483520, 2147483520, 2147483520, 2147483520},  // the last float before 2^31
      {2147483648.0f, most, most, most, most},
      {-2147483648.0f, least, least, least, least},
      {-2147483904.0f, least, least, least, least},  // the next float below -2^31
      {1e30f, most, most, most, most},
      {-1e30f, least, least, least, least},
      {INFINITY, most, most, most, most},
      {-INFINITY, least, least, least, least},
      {NAN, 0, 0, 0, 0},
      {-NAN, 0, 0, 0, 0}};
  std::vector<int> bits(32, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) bits[i] = std::bit_cast<int>(rows[i].value);
  const std::vector<int> output = run<int>(bits, 4 * 32, layer::round_to_int);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(rows[i].value);
    CHECK(output[i] == rows[i].down);
    CHECK(output[32 + i] == rows[i].up);
    CHECK(output[64 + i] == rows[i].toward_zero);
    CHECK(output[96 + i] == rows[i].nearest);
  }
}

TEST_CASE("parameters of any size reach every thread, converted as in a call") {
  CHECK(run<int>({0}, 32, [](int* output, const int*) { layer::parameters(output); }) == std::vector<int>(32, 3212));
}

TEST_CASE("an open TODO ends the launch with its number, and the next launch is not disturbed") {
  const std::string message = error_of([] {
    layer::open_todo();
    gpu::synchronize();
  });
  CHECK(message.find("TODO 9.9 is not done yet") != std::string::npos);
  CHECK(run<int>(warp_values, 32, layer::warp_sum).size() == 32);
}

TEST_CASE("an impossible launch is refused with a sentence that says what is wrong") {
  const auto refusal = [](dim3 grid, dim3 block, unsigned long shared_bytes) {
    return error_of([&] { layer::launch_empty(grid, block, shared_bytes); });
  };
  CHECK(refusal(0, 32, 0).find("grid is 0 x 1 x 1 blocks; where there is no work, do not launch") != std::string::npos);
  CHECK(refusal(1, 0, 0).find("a block needs at least one") != std::string::npos);
  CHECK(refusal(1, 1025, 0).find("a block has at most 1024") != std::string::npos);
  CHECK(refusal(1, {1, 1, 65}, 0).find("at most 64 in z") != std::string::npos);
  for (const dim3 grid : {dim3(0x80000000), dim3(1, 65536), dim3(1, 1, 65536)}) {
    CHECK(refusal(grid, 32, 0).find("at most 2147483647 x 65535 x 65535") != std::string::npos);
  }
  CHECK(refusal({1, 65535}, {1, 1, 64}, 0) == "");
  CHECK(refusal(1, 32, 48 * 1024 + 1).find("without a call of allow_shared_memory") != std::string::npos);
  CHECK(refusal(1, 32, 227 * 1024 + 1).find("there are at most 232448") != std::string::npos);
  CHECK(refusal(1, 32, 48 * 1024) == "");
  CHECK(error_of([] { layer::allow_shared(228 * 1024); }) != "");
}

TEST_CASE("a persistent kernel's grid fills the device, as far as shared memory and the limit allow") {
  CHECK(error_of([] { layer::resident(1025, 0); }) != "");
  CHECK(error_of([] { layer::resident(32, 227 * 1024 + 1); }) != "");
#if GPU_IS_REAL
  const int sms = gpu::device().sms;
  CHECK(layer::resident(1024, 0) == 2 * sms);
  CHECK(layer::resident(32, 200 * 1024) == sms);
  gpu::limit_blocks_per_sm(4);
  CHECK(layer::resident(32, 0) == 4 * sms);
  CHECK(layer::resident(32, 200 * 1024) == sms);  // fewer fit
  layer::launch_empty(1, 32, 0);
  CHECK(gpu::last_kernel_info().blocks_per_sm == 4);
  gpu::limit_blocks_per_sm(0);
  CHECK(layer::resident(1024, 0) == 2 * sms);
#else
  CHECK(layer::resident(1024, 0) == 2);
#endif
}
