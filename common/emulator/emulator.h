#pragma once

// What the bodies of common/gpu/ call when there is no GPU. Kernel files see this header: declarations and plain data
// only, because inline code would be compiled both with and without access hooks, and the linker keeps only one of
// them. The emulator is a shared library whose own symbols are hidden, for the same reason: its code is never replaced
// by a kernel file's instrumented copy of the same standard-library template.

#include <cstddef>
#include <cstdint>

#include "gpu/here.h"
#include "gpu/types.h"

struct TensorMap;  // gpu/tensor_map.h

#pragma GCC visibility push(default)

// CUDA's built-in variables: set to the running thread's before each of its steps.
extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
extern const int warpSize;  // 32; no constant expression, as in CUDA

namespace emulator {

/// The operation of a warp-wide exchange; lanes that meet in one exchange must execute the same one.
enum class WarpOperation { barrier, ballot, all, any, shuffle, shuffle_up, shuffle_down, shuffle_xor, elect, matrix };

/// One kernel launch: `body(arguments)` is executed once per thread.
struct Launch {
  void (*body)(void* arguments);
  void* arguments;  // the kernel's parameters: readable by every thread
  std::size_t argument_bytes;
  dim3 grid;                 // blocks
  dim3 block;                // threads
  std::size_t shared_bytes;  // dynamic shared memory per block
};

/// Runs a grid to its end under the schedule that options() names.
/// Errors: throws Finding (finding.h) for the first broken rule.
void run(const Launch& launch);

/// Waits until every thread of the block is here, and orders their memory accesses.
void block_barrier(Here here);

/// Waits until every lane of `mask` is here with the same mask and operation. Only WarpOperation::barrier orders
/// memory. For shuffles: returns the `value` that lane `source` brought; for votes `value` is the predicate and the
/// result the ballot (a bit per lane), or 0/1.
uint64_t warp_exchange(WarpOperation operation, uint32_t mask, uint64_t value, int source, Here here);

enum class NamedBarrier { sync, arrive };
/// PTX barrier.sync and barrier.arrive: see barrier_sync in gpu/block.h.
void named_barrier(int id, int threads, NamedBarrier kind, Here here);

// The bodies of gpu/mbarrier.h. `bar` is an mbarrier object: 8 bytes of shared memory.
void mbarrier_init(void* bar, uint32_t count, Here here);
void mbarrier_inval(void* bar, Here here);
uint64_t mbarrier_arrive(void* bar, uint32_t count, Here here);
uint64_t mbarrier_arrive_expect_tx(void* bar, uint32_t bytes, Here here);
void mbarrier_expect_tx(void* bar, uint32_t bytes, Here here);
uint64_t mbarrier_arrive_drop(void* bar, Here here);
bool mbarrier_test_wait(void* bar, uint64_t token, Here here);
bool mbarrier_test_wait_parity(void* bar, uint32_t parity, Here here);
bool mbarrier_try_wait_parity(void* bar, uint32_t parity, Here here);
void mbarrier_wait_parity(void* bar, uint32_t parity, Here here);

// The bodies of gpu/bulk_copy.h.
void cp_async_bulk(void* destination, const void* source, uint32_t bytes, void* bar, Here here);
void cp_async_bulk_tensor(void* destination, const TensorMap& map, int rank, const int32_t* coordinates, void* bar,
                          Here here);

// The bodies of gpu/cp_async.h.
void cp_async(void* destination, const void* source, uint32_t bytes, uint32_t source_bytes, Here here);
void cp_async_commit_group(Here here);
void cp_async_wait_group(int pending, Here here);
void cp_async_mbarrier_arrive(void* bar, bool counted_by_init, Here here);

// The bodies of gpu/fence.h and gpu/atomic.h. Values travel as their bits.
void fence_mbarrier_init(Here here);
void fence_proxy_async(Here here);
void thread_fence(Here here);
uint64_t load_acquire(const void* address, std::size_t bytes, Here here);
void store_release(void* address, std::size_t bytes, uint64_t value, Here here);
/// Replaces the value by combine(value, operand, comparand); returns what was there.
uint64_t atomic_update(void* address, std::size_t bytes, uint64_t operand, uint64_t comparand,
                       uint64_t (*combine)(uint64_t, uint64_t, uint64_t), Here here);

/// The calling thread's lane (0..31) in its warp. Warps are made of 32 consecutive threads, x fastest.
int lane();

/// This block's shared memory, poisoned at the start of the block, for a type of `alignment` (at most 1024). It begins
/// at a multiple of 128 that the schedule's seed chooses, or of 1024 where the type asks for more than 128. Errors:
/// finding `shared-storage-too-small` if the launch did not ask for `bytes`.
void* shared_memory(std::size_t bytes, std::size_t alignment, Here here);

/// Ends the run with the finding `todo`. On the host: throws it.
[[noreturn]] void open_todo(const char* number, Here here);

// The bodies of gpu/mma.h.

/// A fragment type of nvcuda::wmma, and so its part in a product of m x k by k x n elements.
struct MatrixKind {
  enum class Use { a, b, accumulator } use;
  int m, n, k;
  int element_bytes;     // 2 (half) or 4 (float)
  bool is_column_major;  // of a and b
  bool operator==(const MatrixKind&) const = default;
};

/// What one lane holds of a matrix.
struct MatrixFragment {
  const MatrixKind* kind;
  void* elements;
};

/// The calling lane loads its part of the matrix at `from`, whose rows (columns, if it is column-major) begin `ldm`
/// elements apart; all lanes of the warp do it.
void load_matrix(const MatrixFragment& to, const void* from, unsigned ldm, bool is_column_major, Here here);

/// The 32 lanes of a warp meet to store a matrix.
void store_matrix(void* to, const MatrixFragment& from, unsigned ldm, bool is_column_major, Here here);

/// The 32 lanes of a warp meet to compute d = a * b + c.
void multiply_matrices(const MatrixFragment& d, const MatrixFragment& a, const MatrixFragment& b,
                       const MatrixFragment& c, Here here);

}  // namespace emulator

#pragma GCC visibility pop
