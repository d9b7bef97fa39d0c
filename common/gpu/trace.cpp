#include "gpu/trace.h"

#include <new>

#include "gpu/error.h"

namespace recorder {

Board& board() {
  static Board* const board = [] {
    void* memory = nullptr;
    GPU_CHECK(cudaHostAlloc(&memory, sizeof(Board), cudaHostAllocMapped));
    return new (memory) Board{};
  }();
  return *board;
}

}  // namespace recorder
