// Warp-wide matrix operations (WMMA). CUDA does not say which lane holds which elements of a matrix; here the seed
// does, so that a kernel that relies on some map fails in some schedule.

#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emulator/access.h"
#include "emulator/machine.h"
#include "gpu/half.h"

namespace emulator {

/// What one lane brings to a meeting of its warp: a product or a store.
struct MatrixOperation {
  std::array<MatrixFragment, 4> fragments{};  // d, a, b and c; of a store the first one
  MatrixPlace place;                          // of a store
  bool is_done = false;
};

namespace {

using Lanes = std::array<MatrixOperation*, warp_size>;

using Matrix = std::array<float, 32 * 16>;  // row by row; no matrix has more elements

constexpr int chunk_bytes = 16;

int rows(const MatrixKind& kind) { return kind.use == MatrixKind::Use::b ? kind.k : kind.m; }
int columns(const MatrixKind& kind) { return kind.use == MatrixKind::Use::a ? kind.k : kind.n; }
int elements_per_lane(const MatrixKind& kind) { return kind.use == MatrixKind::Use::accumulator ? 8 : 16; }

struct Place {
  int row, column;
};

// One of the permutations of 0 ... count - 1, where `count` is a power of two.
class Permutation {
 public:
  Permutation(int count, uint64_t which) : mask_(static_cast<uint32_t>(count) - 1) {
    which = mix(which);
    factor_ = static_cast<uint32_t>(which | 1);
    summand_ = static_cast<uint32_t>(which >> 32);
  }

  int operator()(int number) const {
    return static_cast<int>((static_cast<uint32_t>(number) * factor_ + summand_) & mask_);
  }

 private:
  uint32_t mask_, factor_, summand_;
};

// Which lane holds which elements, for all fragments of a type.
//
// A lane holds chunks: 16 bytes of one line of the matrix, in an order that is shuffled but the same for all chunks. So
// it can read or write a chunk at once where the line lies in one piece in memory. Lines are rows, or columns of what
// is col_major; those of accumulators are rows for twelve seeds and columns for the next four, so that not even "these
// two are in one row" is always true. Lanes have 256 or 512 places together, as in CUDA, and so 1, 2 or 4 for each
// element.
//
// What is not shuffled is what bank conflicts depend on. A chunk is read once. Eight lanes of a quarter warp access 8
// chunks which make a square: of 8 lines x 16 bytes for halves, as ldmatrix reads them, and of 4 lines x 32 bytes for
// floats.
class Map {
 public:
  Map(const MatrixKind& kind, uint64_t chance, bool accumulators_by_columns)
      : is_by_columns_(kind.use == MatrixKind::Use::accumulator ? accumulators_by_columns : kind.is_column_major),
        step_(is_by_columns_ ? columns(kind) : 1) {
    const int elements = chunk_bytes / kind.element_bytes;
    const Permutation order(elements, mix(chance + 1));
    for (int i = 0; i < elements; ++i) order_[i] = order(i);

    slots_ = warp_size * elements_per_lane(kind) / elements;
    chunks_ = rows(kind) * columns(kind) / elements;
    const int lines = is_by_columns_ ? columns(kind) : rows(kind);
    const int square_chunks = kind.element_bytes == 4 ? 2 : 1;  // of one line
    const int square_lines = 8 / square_chunks, squares_of_a_column = lines / square_lines;
    const Permutation squares(chunks_ / 8, mix(chance + 2)), members(8, mix(chance + 3));
    for (int slot = 0; slot < slots_; ++slot) {
      const int square = squares(first_holder(slot) / 8), member = members(first_holder(slot) % 8);
      const int line = square % squares_of_a_column * square_lines + member / square_chunks;
      const int chunk = square / squares_of_a_column * square_chunks + member % square_chunks;
      firsts_[slot] = is_by_columns_ ? Place{chunk * elements, line} : Place{line, chunk * elements};
    }
  }

  /// Lane l holds the chunks of slot l and, if there are so many, of slot 32 + l.
  int slots() const { return slots_; }
  /// The first slot with the same chunk, which no lane holds twice. Its lane counts as the one that reads the chunk
  /// from memory.
  int first_holder(int slot) const { return (slot + slot / chunks_ * 4) % chunks_; }
  /// The element with which the slot's chunk begins.
  Place first(int slot) const { return firsts_[slot]; }
  /// The lane's place-th element of a chunk stands so many steps after the first one.
  int order(int place) const { return order_[place]; }
  int step() const { return step_; }
  /// Whether lines are columns.
  bool is_by_columns() const { return is_by_columns_; }

 private:
  bool is_by_columns_;
  int step_;
  int slots_ = 0, chunks_ = 0;
  std::array<Place, 64> firsts_{};
  std::array<int, 8> order_{};
};

// The map for the fragments of a type, which the seed chooses.
const Map& map_of(const MatrixKind& kind) {
  const int shape = kind.m / 16;  // 0, 1 or 2
  const int type =
      ((static_cast<int>(kind.use) * 3 + shape) * 2 + (kind.element_bytes == 4)) * 2 + kind.is_column_major;
  static std::array<std::optional<Map>, 3 * 3 * 2 * 2> maps;
  static uint64_t seed_of_maps = 0;
  const uint64_t seed = machine->options().seed;
  if (seed != seed_of_maps) {
    maps = {};
    seed_of_maps = seed;
  }
  std::optional<Map>& map = maps[static_cast<std::size_t>(type)];
  if (!map) map.emplace(kind, machine->chance(static_cast<uint64_t>(type), 0), seed % 16 >= 12);
  return *map;
}

float to_float(half value) { return __half2float(value); }
float to_float(float value) { return value; }

// The matrix that the lanes' fragments make: fragment 0, 1, 2 or 3 of each. Where the places of one element hold
// different values, nobody knows which of them a GPU takes: NaN.
template <class T>
void gather(const Lanes& lanes, int fragment, const Map& map, int columns, Matrix& matrix) {
  constexpr int elements = chunk_bytes / sizeof(T);
  const auto values_of = [&](int slot) {
    return static_cast<const T*>(lanes[slot % warp_size]->fragments[fragment].elements) + slot / warp_size * elements;
  };
  for (int slot = 0; slot < map.slots(); ++slot) {
    const T* const values = values_of(slot);
    const T* const known = values_of(map.first_holder(slot));
    if (known != values && std::memcmp(known, values, chunk_bytes) == 0) continue;
    float* const first = &matrix[map.first(slot).row * columns + map.first(slot).column];
    for (int place = 0; place < elements; ++place) {
      float& element = first[map.order(place) * map.step()];
      const float value = to_float(values[place]);
      const bool is_same = known == values || element == value;
      element = is_same ? value : std::numeric_limits<float>::quiet_NaN();
    }
  }
}

Matrix gather(const Lanes& lanes, int fragment) {
  const MatrixKind& kind = *lanes[0]->fragments[fragment].kind;
  Matrix matrix;
  if (kind.element_bytes == 4) {
    gather<float>(lanes, fragment, map_of(kind), columns(kind), matrix);
  } else {
    gather<half>(lanes, fragment, map_of(kind), columns(kind), matrix);
  }
  return matrix;
}

template <class T>
void scatter(const Matrix& matrix, const Lanes& lanes, const Map& map, int columns) {
  constexpr int elements = chunk_bytes / sizeof(T);
  for (int slot = 0; slot < map.slots(); ++slot) {
    T* const values = static_cast<T*>(lanes[slot % warp_size]->fragments[0].elements) + slot / warp_size * elements;
    const float* const first = &matrix[map.first(slot).row * columns + map.first(slot).column];
    for (int place = 0; place < elements; ++place) {
      values[place] = static_cast<T>(first[map.order(place) * map.step()]);
    }
  }
}

// to += a * b, in float, k from first to last. The order of a GPU is unspecified: compare with a tolerance.
template <int M, int N>
void multiply(const Matrix& a, const Matrix& b, Matrix& to) {
  constexpr int K = 16;
  for (int row = 0; row < M; ++row) {
    for (int k = 0; k < K; ++k) {
      const float factor = a[row * K + k];
      for (int column = 0; column < N; ++column) to[row * N + column] += factor * b[k * N + column];
    }
  }
}

bool are_alike(const MatrixOperation& one, const MatrixOperation& other) {
  for (std::size_t i = 0; i < one.fragments.size(); ++i) {
    const MatrixKind *kind = one.fragments[i].kind, *other_kind = other.fragments[i].kind;
    if ((kind == nullptr) != (other_kind == nullptr) || (kind && *kind != *other_kind)) return false;
  }
  return one.place == other.place;
}

Report misaligned_matrix(const Thread& thread, const void* address, Here here) {
  return {"misaligned-access",
          "a matrix is loaded from or stored to an address that is not a multiple of 32",
          {{here, nullptr,
            std::to_string(reinterpret_cast<uintptr_t>(address) % 32) + " bytes past a multiple of 32     " +
                describe(thread)}},
          {},
          "load_matrix_sync and store_matrix_sync take addresses that are multiples of 32 bytes"};
}

Report misaligned_rows(const Thread& thread, unsigned ldm, const MatrixKind& kind, Here here) {
  return {"misaligned-access",
          "the rows or columns of this matrix do not all begin at multiples of 16 bytes",
          {{here, nullptr,
            "ldm is " + std::to_string(ldm) + " elements of " + bytes_of(static_cast<std::size_t>(kind.element_bytes)) +
                "     " + describe(thread)}},
          {},
          "ldm, the elements from the beginning of a row (column, if column-major) to that of the next, is a multiple "
          "of 8 for half and of 4 for float"};
}

Report absent_lanes(const Thread& thread, uint32_t present, Here here) {
  return {"divergent-warp",
          "a matrix operation needs all 32 lanes of a warp, and some of them never come",
          {{here, nullptr,
            "block " + std::to_string(thread.block->index) + ", warp " + std::to_string(thread.warp()) + ", only " +
                list_lanes(present)}},
          {},
          "all lanes of a warp execute a matrix operation together: none returns before it, and the block has a "
          "multiple of 32 threads"};
}

Report different_arguments(const Thread& thread, int other_lane, Here here) {
  return {"divergent-warp",
          "the lanes of a warp give different arguments to one matrix operation",
          {{here, nullptr, describe(thread) + " and lane " + std::to_string(other_lane)}},
          {},
          "the address, ldm and the layout are the same in all lanes of a warp, which load or store one matrix "
          "together"};
}

Report different_loads(const Thread& thread, Here here, const MatrixLoad& other) {
  return {"divergent-warp",
          "lanes of one warp load different matrices",
          {{here, nullptr, describe(thread)}, {other.here, nullptr, "lane " + std::to_string(other.lane)}},
          {},
          "all lanes of a warp execute the same load_matrix_sync, with the same address, ldm and layout"};
}

Report missed_load(const Thread& thread, Here here, const MatrixLoad& load) {
  return {"divergent-warp",
          "a matrix operation needs all 32 lanes of a warp, and this lane has left one out",
          {{here, nullptr, describe(thread) + " comes here"},
           {load.here, nullptr, "and has not been here with lane " + std::to_string(load.lane)}},
          {},
          "all lanes of a warp execute the same matrix operations: no branch around one"};
}

Thread& thread_of_lane(int lane) { return current->block->threads[current->warp() * warp_size + lane]; }

// The lanes of the warp meet. The one that goes on first gets what all have brought, and acts for all: they still wait
// on their stacks, where their operands are. The others find that it is done.
template <class Act>
void meet(MatrixOperation& mine, Here here, const Act& act) {
  current->matrix_operation = &mine;
  const auto present = static_cast<uint32_t>(warp_exchange(WarpOperation::matrix, 0xffffffff, 1, 0, here));
  if (mine.is_done) return;
  const InsideEmulator inside;
  Thread& thread = *current;
  if (present != 0xffffffff) machine->stop(absent_lanes(thread, present, here));
  Lanes lanes{};
  std::vector<MatrixLoad>& loads = thread.block->matrix_loads[thread.warp()];
  for (int lane = 0; lane < warp_size; ++lane) {
    Thread& other = thread_of_lane(lane);
    if (other.matrix_loads < loads.size()) machine->stop(missed_load(other, here, loads[other.matrix_loads]));
    other.matrix_loads = 0;
    lanes[lane] = other.matrix_operation;
    if (!are_alike(mine, *lanes[lane])) machine->stop(different_arguments(thread, lane, here));
    lanes[lane]->is_done = true;
  }
  loads.clear();
  act(lanes);
}

enum class Direction { load, store };

// A lane reads or writes its part of a matrix of Ts.
template <class T>
void transfer(Thread& thread, Direction direction, const MatrixFragment& fragment, const MatrixPlace& place,
              const void* code) {
  const MatrixKind& kind = *fragment.kind;
  const Map& map = map_of(kind);
  constexpr int elements = chunk_bytes / sizeof(T);
  auto* const matrix = static_cast<T*>(const_cast<void*>(place.address));
  // A chunk is one piece of memory, or its elements lie apart.
  const bool is_one_piece = map.is_by_columns() == place.is_column_major;
  const std::size_t step = is_one_piece ? 1 : place.ldm;
  const bool is_store = direction == Direction::store;
  T* values = static_cast<T*>(fragment.elements);
  for (int slot = thread.lane(); slot < map.slots(); slot += warp_size, values += elements) {
    const auto [row, column] = map.first(slot);
    const auto [line, position] = place.is_column_major ? std::pair(column, row) : std::pair(row, column);
    T* const first = matrix + std::size_t{place.ldm} * line + position;
    if (map.first_holder(slot) == slot) {
      if (is_one_piece) {
        record_access(thread, first, chunk_bytes, is_store, false, code);
      } else {
        for (int i = 0; i < elements; ++i) record_access(thread, first + i * step, sizeof(T), is_store, false, code);
      }
    }
    for (int i = 0; i < elements; ++i) {
      T& in_memory = first[map.order(i) * step];
      std::memcpy(is_store ? &in_memory : &values[i], is_store ? &values[i] : &in_memory, sizeof(T));
    }
  }
}

void transfer(Thread& thread, Direction direction, const MatrixFragment& fragment, const MatrixPlace& place,
              const void* code) {
  if (fragment.kind->element_bytes == 4) {
    transfer<float>(thread, direction, fragment, place, code);
  } else {
    transfer<half>(thread, direction, fragment, place, code);
  }
}

void check_alignment(const MatrixKind& kind, const void* address, unsigned ldm, Here here) {
  if (reinterpret_cast<uintptr_t>(address) % 32) machine->stop(misaligned_matrix(*current, address, here));
  if (ldm * static_cast<unsigned>(kind.element_bytes) % 16) machine->stop(misaligned_rows(*current, ldm, kind, here));
}

}  // namespace

// Lanes need not wait for each other to load: the next product or store finds out whether all have come.
void load_matrix(const MatrixFragment& to, const void* from, unsigned ldm, bool is_column_major, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  check_alignment(*to.kind, from, ldm, here);
  const MatrixPlace place{from, ldm, is_column_major};
  std::vector<MatrixLoad>& loads = thread.block->matrix_loads[thread.warp()];
  if (thread.matrix_loads == loads.size()) loads.push_back({*to.kind, place, here, thread.lane()});
  const MatrixLoad& load = loads[thread.matrix_loads++];
  if (load.kind != *to.kind || load.place != place || load.here.line != here.line) {
    machine->stop(different_loads(thread, here, load));
  }
  const void* const code = __builtin_return_address(0);
  transfer(thread, Direction::load, to, place, code);
  thread.trace = combine(thread.trace, reinterpret_cast<uintptr_t>(code));
}

void store_matrix(void* to, const MatrixFragment& from, unsigned ldm, bool is_column_major, Here here) {
  {
    const InsideEmulator inside;
    check_alignment(*from.kind, to, ldm, here);
  }
  const void* const code = __builtin_return_address(0);
  MatrixOperation mine;
  mine.fragments[0] = from;
  mine.place = {to, ldm, is_column_major};
  meet(mine, here, [&](const Lanes& lanes) {
    for (int lane = 0; lane < warp_size; ++lane) {
      transfer(thread_of_lane(lane), Direction::store, lanes[lane]->fragments[0], mine.place, code);
    }
  });
}

void multiply_matrices(const MatrixFragment& d, const MatrixFragment& a, const MatrixFragment& b,
                       const MatrixFragment& c, Here here) {
  MatrixOperation mine;
  mine.fragments = {d, a, b, c};
  meet(mine, here, [&](const Lanes& lanes) {
    Matrix sums = gather(lanes, 3);
    const Matrix left = gather(lanes, 1), right = gather(lanes, 2);
    if (d.kind->m == 16) multiply<16, 16>(left, right, sums);
    if (d.kind->m == 32) multiply<32, 8>(left, right, sums);
    if (d.kind->m == 8) multiply<8, 32>(left, right, sums);
    if (d.kind->element_bytes == 4) {
      scatter<float>(sums, lanes, map_of(*d.kind), d.kind->n);
    } else {
      scatter<_Float16>(sums, lanes, map_of(*d.kind), d.kind->n);
    }
  });
}

}  // namespace emulator
