// WMMA: products of all shapes, layouts and types, element-wise work on fragments, and on the emulator the mistakes
// that a GPU forgives or answers with wrong numbers.

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gpu/buffer.h"
#include "gpu/device.h"
#include "gpu/tests/mma_kernels.h"
#include "testing/chapter_test.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#include "emulator/finding.h"
#endif

namespace {

using Matrix = std::vector<double>;  // row by row, without padding

constexpr int square = 16 * 16;
constexpr float untouched = -12345;

float to_float(float value) { return value; }
float to_float(half value) { return __half2float(value); }

template <class T>
T from_float(float value) {
  if constexpr (std::is_same_v<T, half>) {
    return __float2half(value);
  } else {
    return value;
  }
}

// Where an element lies in memory.
std::size_t place(int row, int column, int ld, bool is_column_major) {
  return static_cast<std::size_t>(is_column_major ? column * ld + row : row * ld + column);
}

// The elements that rows (columns) of a matrix lie apart, and how many elements that makes, with padding.
int padded(int rows, int columns, bool is_column_major) { return (is_column_major ? rows : columns) + 8; }
std::size_t size(int rows, int columns, bool is_column_major) {
  return static_cast<std::size_t>((is_column_major ? columns : rows) * padded(rows, columns, is_column_major));
}

// A matrix as it lies in memory; `untouched` between the rows (columns).
template <class T>
std::vector<T> laid_out(const Matrix& matrix, int rows, int columns, bool is_column_major) {
  const int ld = padded(rows, columns, is_column_major);
  std::vector<T> memory(size(rows, columns, is_column_major), from_float<T>(untouched));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      memory[place(row, column, ld, is_column_major)] =
          from_float<T>(static_cast<float>(matrix[static_cast<std::size_t>(row * columns + column)]));
    }
  }
  return memory;
}

template <class T>
gpu::DeviceBuffer<T> on_device(const char* name, const std::vector<T>& values) {
  return {name, std::span<const T>(values), 0};
}

// Numbers that a half holds exactly.
Matrix random_halves(int elements, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Matrix matrix(static_cast<std::size_t>(elements));
  for (double& x : matrix) x = __half2float(__float2half(uniform(random)));
  return matrix;
}

Matrix small_integers(int elements, unsigned seed) {
  Matrix matrix = random_halves(elements, seed);
  for (double& x : matrix) x = std::round(3 * x);
  return matrix;
}

struct Expected {
  double value;
  double magnitude;  // |c| + the sum of |a * b|: what an error is relative to
};

Expected expected(const mma::Product& p, const Matrix& a, const Matrix& b, const Matrix& c, int row, int column) {
  const double before = c[static_cast<std::size_t>(row * p.n + column)];
  Expected result{before, std::abs(before)};
  for (int k = 0; k < p.k; ++k) {
    const double term = a[static_cast<std::size_t>(row * p.k + k)] * b[static_cast<std::size_t>(k * p.n + column)];
    result.value += term;
    result.magnitude += std::abs(term);
  }
  return result;
}

// The machine may add the k products and c in any order. Each of the k additions errs by at most one unit in the last
// place of a partial sum, which is at most `magnitude`; twice that, because tensor cores cut off instead of rounding,
// terms as well as sums.
double tolerance(const mma::Product& p, double magnitude, int digits) {
  return 2 * (p.k + 1) * std::ldexp(magnitude, 1 - digits);
}

// Computes a product on the device and compares it: exactly, or with the tolerance. T is the accumulators' type.
template <class T>
void check_product(mma::Product p, bool exact) {
  const auto numbers = exact ? small_integers : random_halves;
  const Matrix a = numbers(p.m * p.k, 1), b = numbers(p.k * p.n, 2), c = numbers(p.m * p.n, 3);
  p.lda = padded(p.m, p.k, p.a_is_column_major);
  p.ldb = padded(p.k, p.n, p.b_is_column_major);
  p.ldc = padded(p.m, p.n, p.c_is_column_major);
  p.ldd = padded(p.m, p.n, p.d_is_column_major);
  const std::size_t d_elements = size(p.m, p.n, p.d_is_column_major);
  p.d_elements = static_cast<int>(d_elements);

  std::vector<T> d(2 * d_elements, from_float<T>(untouched));
  const auto device_a = on_device("a", laid_out<half>(a, p.m, p.k, p.a_is_column_major));
  const auto device_b = on_device("b", laid_out<half>(b, p.k, p.n, p.b_is_column_major));
  const auto device_c = on_device("c", laid_out<T>(c, p.m, p.n, p.c_is_column_major));
  const auto device_d = on_device("d", d);
  mma::multiply(p, device_d.data(), device_a.data(), device_b.data(), device_c.data());
  gpu::synchronize();
  device_d.download(d);

  CAPTURE(p.m);
  CAPTURE(p.n);
  CAPTURE(p.k);
  CAPTURE(p.a_is_column_major);
  CAPTURE(p.b_is_column_major);
  CAPTURE(p.c_is_column_major);
  CAPTURE(p.d_is_column_major);
  int wrong = 0, padding = 0;
  for (const std::size_t warp : {0, 1}) {
    for (int row = 0; row < p.m; ++row) {
      for (int column = 0; column < p.n; ++column) {
        const auto [value, magnitude] = expected(p, a, b, c, row, column);
        const double allowed = exact ? 0 : tolerance(p, magnitude, std::is_same_v<T, half> ? 11 : 24);
        const double got = to_float(d[warp * d_elements + place(row, column, p.ldd, p.d_is_column_major)]);
        if (!(std::abs(got - value) <= allowed)) ++wrong;
      }
    }
  }
  for (const T element : d) padding += to_float(element) == to_float(from_float<T>(untouched));
  CHECK(wrong == 0);
  CHECK(padding == 2 * (static_cast<int>(d_elements) - p.m * p.n));
}

template <class T>
void check_all_products(int k, bool exact) {
  for (const auto& [m, n] : {std::pair(16, 16), std::pair(32, 8), std::pair(8, 32)}) {
    for (int layouts = 0; layouts < 16; ++layouts) {
      const auto is_column_major = [&](int bit) { return (layouts >> bit & 1) != 0; };
      check_product<T>(
          {m, n, k, is_column_major(0), is_column_major(1), is_column_major(2), is_column_major(3), 0, 0, 0, 0, 0},
          exact);
    }
  }
}

// 16 x 16 numbers, as floats and as halves.
std::vector<float> floats(const Matrix& matrix) { return {matrix.begin(), matrix.end()}; }
std::vector<half> halves(const Matrix& matrix) {
  std::vector<half> result;
  for (const double x : matrix) result.push_back(__float2half(static_cast<float>(x)));
  return result;
}

const Matrix a16 = small_integers(square, 4), b16 = small_integers(square, 5), c16 = small_integers(square, 6);
constexpr mma::Product product16{16, 16, 16, false, false, false, false, 16, 16, 16, 16, square};

// What a kernel of the small interface writes to `d`.
std::vector<float> run(const std::function<void(float* d, const half* a, const half* b, const float* c)>& kernel) {
  std::vector<float> d(2 * square, untouched);
  Matrix two_c = c16;
  two_c.insert(two_c.end(), c16.begin(), c16.end());
  const auto device_a = on_device("a", halves(a16)), device_b = on_device("b", halves(b16));
  const auto device_c = on_device("c", floats(two_c)), device_d = on_device("d", d);
  kernel(device_d.data(), device_a.data(), device_b.data(), device_c.data());
  gpu::synchronize();
  device_d.download(d);
  d.resize(square);
  return d;
}

// d[row][column] as a test expects it.
std::vector<float> expect(const std::function<double(int row, int column)>& element) {
  std::vector<float> d;
  for (int i = 0; i < square; ++i) d.push_back(static_cast<float>(element(i / 16, i % 16)));
  return d;
}

double c_at(int row, int column) { return c16[static_cast<std::size_t>(row * 16 + column)]; }
double ab_at(int row, int column) { return expected(product16, a16, b16, Matrix(square), row, column).value; }

}  // namespace

TEST_CASE("products of small integers are exact, in every shape, layout and type") {
  gpu::for_each_schedule([] {
    check_all_products<float>(16, true);
    check_all_products<half>(16, true);
  });
}

TEST_CASE("products of random numbers, summed up over three steps, are those of float64 within the rounding") {
  check_all_products<float>(48, false);
  check_all_products<half>(48, false);
}

TEST_CASE("the accumulators before and after may be of different types") {
  const auto device_a = on_device("a", halves(a16)), device_b = on_device("b", halves(b16));
  const auto half_c = on_device("c", halves(c16));
  const auto float_c = on_device("c", floats(c16));
  const auto sum = expect([](int row, int column) { return ab_at(row, column) + c_at(row, column); });
  std::vector<float> float_d(square, untouched);
  std::vector<half> half_d(square, from_float<half>(untouched));
  const auto device_float_d = on_device("d", float_d);
  const auto device_half_d = on_device("d", half_d);
  mma::multiply_to_float(device_float_d.data(), device_a.data(), device_b.data(), half_c.data());
  mma::multiply_to_half(device_half_d.data(), device_a.data(), device_b.data(), float_c.data());
  gpu::synchronize();
  device_float_d.download(float_d);
  device_half_d.download(half_d);
  CHECK(float_d == sum);
  CHECK(std::equal(half_d.begin(), half_d.end(), sum.begin(), [](half x, float y) { return __half2float(x) == y; }));
}

TEST_CASE("what is done to all elements of a fragment is done to the matrix") {
  gpu::for_each_schedule([] {
    CHECK(run([](float* d, auto, auto, auto) { mma::fill(d, 2.5f); }) == std::vector<float>(square, 2.5f));
    CHECK(run([](float* d, auto, auto, const float* c) { mma::scale_sums(d, c, -3); }) ==
          expect([](int row, int column) { return -3 * c_at(row, column); }));
    CHECK(run([](float* d, auto, auto, const float* c) { mma::add_fragments(d, c); }) ==
          expect([](int row, int column) { return 2 * c_at(row, column); }));
    CHECK(run([](float* d, const half* a, const half* b, auto) { mma::scale_inputs(d, a, b, 2, -0.5f); }) ==
          expect([](int row, int column) { return -ab_at(row, column); }));
  });
}

TEST_CASE("a matrix that is loaded by rows and stored by columns is transposed") {
  CHECK(run([](float* d, auto, auto, const float* c) { mma::transpose(d, c); }) ==
        expect([](int row, int column) { return c_at(column, row); }));
}

TEST_CASE("matrices come from and go to shared memory, with barriers between the lanes") {
  gpu::for_each_schedule([] {
    CHECK(run([](float* d, const half* a, const half* b, auto) { mma::multiply_in_shared(d, a, b, true, true); }) ==
          expect(ab_at));
  });
}

#if !GPU_IS_REAL

namespace {

using Kernel = std::function<void(float* d, const half* a, const half* b, const float* c)>;

// A broken rule is found in every schedule, under one of these names, and its message says all `parts`.
void check_always(const std::set<std::string>& names, const std::vector<std::string>& parts, const Kernel& kernel) {
  gpu::for_each_schedule([&] {
    std::string found, message;
    try {
      run(kernel);
    } catch (const emulator::Finding& finding) {
      found = finding.name();
      message = finding.what();
    }
    CAPTURE(message);
    CAPTURE(found);
    CHECK(names.contains(found));
    for (const std::string& part : parts) {
      CAPTURE(part);
      CHECK(message.find(part) != std::string::npos);
    }
  });
}

}  // namespace

TEST_CASE("a kernel that believes to know which lane holds which element computes nonsense") {
  const std::vector<float> row(16, 0.0f);
  std::vector<float> numbered(16);
  for (int i = 0; i < 16; ++i) numbered[static_cast<std::size_t>(i)] = static_cast<float>(100 * i);
  const auto device_row = on_device("row", numbered);
  const auto right = expect([&](int row, int column) { return c_at(row, column) + 100 * column; });
  std::set<std::vector<float>> results;
  for (emulator::options().seed = 0; emulator::options().seed < 10; ++emulator::options().seed) {
    const auto d =
        run([&](float* out, auto, auto, const float* c) { mma::add_row_by_known_map(out, c, device_row.data()); });
    CHECK(d != right);
    results.insert(d);
  }
  emulator::options() = {};
  CHECK(results.size() == 10);
}

TEST_CASE("whether a lane's neighbouring elements are in one row depends on the seed") {
  std::vector<float> rows(square);
  for (int i = 0; i < square; ++i) rows[static_cast<std::size_t>(i)] = static_cast<float>(i / 16);
  const auto device_rows = on_device("rows", rows);
  int in_one_row = 0;
  for (emulator::options().seed = 0; emulator::options().seed < 16; ++emulator::options().seed) {
    const auto d = run([&](float* out, auto, auto, auto) { mma::are_neighbours_equal(out, device_rows.data()); });
    in_one_row += std::count(d.begin(), d.begin() + 32, 1.0f) == 32;
  }
  emulator::options() = {};
  CHECK(in_one_row == 12);
}

TEST_CASE("where lanes that hold the same element disagree, the product is not a number") {
  gpu::for_each_schedule([] {
    const auto d = run([](float* out, const half* a, const half* b, auto) { mma::scale_in_one_lane(out, a, b); });
    CHECK(std::any_of(d.begin(), d.end(), [](float x) { return std::isnan(x); }));
  });
}

TEST_CASE("a fragment that nobody has filled is not a number") {
  const auto d = run([](float* out, const half* a, const half* b, auto) { mma::forget_to_fill(out, a, b); });
  CHECK(std::all_of(d.begin(), d.end(), [](float x) { return std::isnan(x); }));
}

TEST_CASE("a matrix begins at a multiple of 32 bytes, and its rows at multiples of 16") {
  check_always({"misaligned-access"}, {"16 bytes past a multiple of 32", "load_matrix_sync(sums, c + offset"},
               [](float* d, auto, auto, const float* c) { mma::load_from(d, c, 4, 16); });
  check_always({"misaligned-access"}, {"ldm is 18 elements of 4 bytes", "load_matrix_sync(sums, c + offset"},
               [](float* d, auto, auto, const float* c) { mma::load_from(d, c, 0, 18); });
  check_always({"misaligned-access"}, {"8 bytes past a multiple of 32", "store_matrix_sync(d + offset"},
               [](float* d, auto, auto, auto) { mma::store_to(d, 2, 16); });
  check_always({"misaligned-access"}, {"ldm is 17 elements", "store_matrix_sync(d + offset"},
               [](float* d, auto, auto, auto) { mma::store_to(d, 0, 17); });
  CHECK(run([](float* d, auto, auto, const float* c) { mma::load_from(d, c, 8, 20); })[16] ==
        static_cast<float>(c_at(1, 12)));
}

TEST_CASE("loads and stores of matrices are accesses, and stay inside their buffers") {
  run([](float* d, auto, auto, const float* c) { mma::transpose(d, c); });
  CHECK(emulator::counts().global_loads == square / 4);  // 16 bytes each, along the rows
  CHECK(emulator::counts().global_load_bytes == 4 * square);
  CHECK(emulator::counts().global_stores == square);
  CHECK(emulator::counts().global_store_bytes == 4 * square);
  run([](float* d, const half* a, const half* b, auto) { mma::scale_inputs(d, a, b, 1, 1); });
  CHECK(emulator::counts().global_loads == 2 * square / 8);
  CHECK(emulator::counts().global_load_bytes == 2 * 2 * square);  // each element once, though two lanes hold it
  check_always({"out-of-bounds"}, {"past the end of `c`", "load_matrix_sync(sums, c + offset"},
               [](float* d, auto, auto, const float* c) { mma::load_from(d, c, square + 8, 16); });
  check_always({"out-of-bounds"}, {"past the end of `d`", "store_matrix_sync(d + offset"},
               [](float* d, auto, auto, auto) { mma::store_to(d, square + 8, 16); });
}

TEST_CASE("bank conflicts of matrices depend on the distance of their rows, not on the seed") {
  const auto wavefronts = [](int half_ld, int float_ld) {
    run([&](float* d, auto, auto, auto) { mma::load_and_store_in_shared(d, half_ld, float_ld); });
    return emulator::counts().shared_wavefronts;
  };
  emulator::options().counts_wavefronts = true;
  for (emulator::options().seed = 0; emulator::options().seed < 12; ++emulator::options().seed) {
    CAPTURE(emulator::options().seed);
    // Eight rows of 16 bytes are read together, four times; four rows of 32 bytes are stored together, eight times.
    CHECK(wavefronts(72, 72) == 4 + 8);
    CHECK(wavefronts(64, 72) == 4 * 8 + 8);
    CHECK(wavefronts(16, 72) == 4 * 2 + 8);
    CHECK(wavefronts(72, 64) == 4 + 8 * 4);
    CHECK(wavefronts(72, 68) == 4 + 8 * 2);
  }
  emulator::options() = {};
}

TEST_CASE("matrix operations order no memory") {
  check_always({"data-race"}, {"load_matrix_sync(tile_", "[i / 16][i % 16] = "},
               [](float* d, const half* a, const half* b, auto) { mma::multiply_in_shared(d, a, b, false, true); });
  check_always({"data-race"}, {"store_matrix_sync(tiles.d[0]", "d[i] = tiles.d[i / 16][i % 16]"},
               [](float* d, const half* a, const half* b, auto) { mma::multiply_in_shared(d, a, b, true, false); });
}

TEST_CASE("a load of a matrix must wait for the copies that bring it, those of other lanes too") {
  check_always({"read-in-flight"}, {"store_product(d, tiles, b)", "cp_async<16>(&tiles.a"},
               [](float* d, const half* a, const half* b, auto) { mma::multiply_copied(d, a, b, false, true); });
  // Its name depends on who comes first: lanes do not wait for each other to load.
  check_always({"read-in-flight", "visible-to-issuer-only", "overwrite-while-read"},
               {"store_product(d, tiles, b)", "cp_async<16>(&tiles.a"},
               [](float* d, const half* a, const half* b, auto) { mma::multiply_copied(d, a, b, true, false); });
  gpu::for_each_schedule([] {
    CHECK(run([](float* d, const half* a, const half* b, auto) { mma::multiply_copied(d, a, b, true, true); }) ==
          expect(ab_at));
  });
}

TEST_CASE("what a load of a matrix has read may be written when the warp has met, whoever writes") {
  int found = 0;  // a lane may be the one that read the element that it writes
  gpu::for_each_schedule([&] {
    try {
      run([](float* d, const half* a, const half* b, auto) { mma::write_behind_product(d, a, b, false); });
    } catch (const emulator::Finding& finding) {
      CHECK(finding.name() == std::string("data-race"));
      ++found;
    }
    run([](float* d, const half* a, const half* b, auto) { mma::write_behind_product(d, a, b, true); });
  });
  CHECK(found >= 15);
}

TEST_CASE("all lanes of a warp take part in a matrix operation, in the same one") {
  check_always({"divergent-warp"}, {"some of them never come", "only lanes 0-4, 6-31"},
               [](float* d, auto, auto, const float* c) { mma::lane_returns_early(d, c); });
  check_always({"divergent-warp"}, {"some of them never come", "warp 1, only lanes 0-7"},
               [](float* d, auto, auto, const float* c) { mma::block_of_40_threads(d, c); });
  check_always({"deadlock"}, {"16 of 32 threads wait in a matrix operation", "__syncthreads()"},
               [](float* d, auto, auto, const float* c) { mma::half_of_the_lanes(d, c); });
  check_always({"divergent-warp"}, {"__syncwarp()", "a matrix operation"},
               [](float* d, auto, auto, const float* c) { mma::load_against_syncwarp(d, c); });
  check_always({"divergent-warp"}, {"load different matrices", "load_matrix_sync(sums, c + threadIdx.x"},
               [](float* d, auto, auto, const float* c) { mma::load_two_matrices(d, c); });
  check_always({"divergent-warp"}, {"left one out", "lane 7 comes here", "mma_sync(sums", "load_matrix_sync(tile_b"},
               [](float* d, const half* a, const half* b, auto) { mma::lane_misses_a_load(d, a, b); });
}

#endif
