// Warp-wide matrix operations (WMMA). CUDA does not say which lane holds which elements of a matrix; here the seed
// does, so that a kernel that relies on some map fails in some schedule.

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "emulator/machine.h"

namespace emulator {

/// What one lane brings to a matrix operation.
struct MatrixOperation {
  std::array<MatrixFragment, 4> fragments{};  // d, a, b and c; of a load or store the first one's kind

  // A load or store.
  const void* address = nullptr;
  unsigned ldm = 0;
  bool is_column_major = false;
  std::size_t* offsets = nullptr;

  bool is_done = false;
};

namespace {

using Lanes = std::array<MatrixOperation*, warp_size>;
using Matrix = std::vector<float>;  // row by row

int rows(const MatrixKind& kind) { return kind.use == MatrixKind::Use::b ? kind.k : kind.m; }
int columns(const MatrixKind& kind) { return kind.use == MatrixKind::Use::a ? kind.k : kind.n; }
int elements_per_lane(const MatrixKind& kind) { return kind.use == MatrixKind::Use::accumulator ? 8 : 16; }

// One of the permutations of 0 ... count - 1, where `count` is a power of two.
class Permutation {
 public:
  Permutation(uint32_t count, uint64_t which) : mask_(count - 1) {
    for (Round& round : rounds_) {
      which = mix(which);
      round = {static_cast<uint32_t>(which | 1), static_cast<uint32_t>(which >> 32)};
    }
  }

  uint32_t operator()(uint32_t number) const {
    for (const Round& round : rounds_) {  // each step can be undone
      number = (number * round.factor + round.summand) & mask_;
      number ^= number >> 4;
    }
    return number;
  }

 private:
  struct Round {
    uint32_t factor, summand;
  };
  uint32_t mask_;
  std::array<Round, 3> rounds_{};
};

// Calls visit(lane, place, element) for every place in the lanes' fragments of a type. The element, row * columns +
// column, is the same for all fragments of the type. Lanes have 256 or 512 places together, as in CUDA, and so 1, 2 or
// 4 for each element.
template <class Visit>
void for_each_place(const MatrixKind& kind, const Visit& visit) {
  auto type = static_cast<uint64_t>(kind.use);
  for (const int part : {kind.m, kind.n, kind.k, kind.element_bytes, static_cast<int>(kind.is_column_major)}) {
    type = combine(type, static_cast<uint64_t>(part));
  }
  const int places = elements_per_lane(kind), elements = rows(kind) * columns(kind);
  const Permutation permuted(static_cast<uint32_t>(warp_size * places), machine->chance(type, 0));
  uint32_t number = 0;
  for (int lane = 0; lane < warp_size; ++lane) {
    for (int place = 0; place < places; ++place) {
      visit(lane, place, static_cast<int>(permuted(number++)) & (elements - 1));
    }
  }
}

// The matrix that the lanes' fragments make: fragment 0, 1, 2 or 3 of each. Where the places of one element hold
// different values, nobody knows which of them a GPU takes: NaN.
Matrix gather(const Lanes& lanes, int fragment) {
  const MatrixKind& kind = *lanes[0]->fragments[fragment].kind;
  Matrix matrix(rows(kind) * columns(kind));
  std::vector<bool> is_known(matrix.size());
  for_each_place(kind, [&](int lane, int place, int element) {
    const void* elements = lanes[lane]->fragments[fragment].elements;
    const float value = kind.element_bytes == 4 ? static_cast<const float*>(elements)[place]
                                                : static_cast<float>(static_cast<const _Float16*>(elements)[place]);
    const bool differs = is_known[element] && matrix[element] != value;
    matrix[element] = differs ? std::numeric_limits<float>::quiet_NaN() : value;
    is_known[element] = true;
  });
  return matrix;
}

void scatter(const Matrix& matrix, const Lanes& lanes, int fragment) {
  const MatrixKind& kind = *lanes[0]->fragments[fragment].kind;
  for_each_place(kind, [&](int lane, int place, int element) {
    void* elements = lanes[lane]->fragments[fragment].elements;
    if (kind.element_bytes == 4) {
      static_cast<float*>(elements)[place] = matrix[element];
    } else {
      static_cast<_Float16*>(elements)[place] = static_cast<_Float16>(matrix[element]);
    }
  });
}

// a * b + c, in float, k from first to last. The order of a GPU is unspecified: compare with a tolerance.
Matrix multiplied(const MatrixKind& kind, const Matrix& a, const Matrix& b, Matrix c) {
  for (int row = 0; row < kind.m; ++row) {
    for (int k = 0; k < kind.k; ++k) {
      const float factor = a[row * kind.k + k];
      const float* const from = &b[k * kind.n];
      float* const to = &c[row * kind.n];
      for (int column = 0; column < kind.n; ++column) to[column] += factor * from[column];
    }
  }
  return c;
}

bool are_alike(const MatrixOperation& one, const MatrixOperation& other) {
  for (std::size_t i = 0; i < one.fragments.size(); ++i) {
    const MatrixKind *kind = one.fragments[i].kind, *other_kind = other.fragments[i].kind;
    if ((kind == nullptr) != (other_kind == nullptr) || (kind && *kind != *other_kind)) return false;
  }
  return one.address == other.address && one.ldm == other.ldm && one.is_column_major == other.is_column_major;
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
  for (int lane = 0; lane < warp_size; ++lane) {
    lanes[lane] = thread.block->threads[thread.warp() * warp_size + lane].matrix_operation;
    if (!are_alike(mine, *lanes[lane])) machine->stop(different_arguments(thread, lane, here));
    lanes[lane]->is_done = true;
  }
  act(lanes);
}

}  // namespace

void matrix_offsets(const MatrixKind& kind, const void* address, unsigned ldm, bool is_column_major,
                    std::size_t* offsets, Here here) {
  {
    const InsideEmulator inside;
    if (reinterpret_cast<uintptr_t>(address) % 32) machine->stop(misaligned_matrix(*current, address, here));
    if (ldm * static_cast<unsigned>(kind.element_bytes) % 16) machine->stop(misaligned_rows(*current, ldm, kind, here));
  }
  MatrixOperation mine;
  mine.fragments[0].kind = &kind;
  mine.address = address;
  mine.ldm = ldm;
  mine.is_column_major = is_column_major;
  mine.offsets = offsets;
  meet(mine, here, [&](const Lanes& lanes) {
    for_each_place(kind, [&](int lane, int place, int element) {
      const std::size_t row = element / columns(kind), column = element % columns(kind);
      lanes[lane]->offsets[place] = is_column_major ? column * ldm + row : row * ldm + column;
    });
  });
}

void multiply_matrices(const MatrixFragment& d, const MatrixFragment& a, const MatrixFragment& b,
                       const MatrixFragment& c, Here here) {
  MatrixOperation mine;
  mine.fragments = {d, a, b, c};
  meet(mine, here, [&](const Lanes& lanes) {
    scatter(multiplied(*d.kind, gather(lanes, 1), gather(lanes, 2), gather(lanes, 3)), lanes, 0);
  });
}

}  // namespace emulator
