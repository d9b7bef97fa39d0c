#include "emulator/fiber.h"

#include <sys/mman.h>

#include <new>

namespace emulator {
namespace {
constexpr std::size_t stack_bytes = 64 * 1024;
constexpr std::size_t guard_bytes = 64 * 1024;  // whole pages, whatever the machine's page size
}  // namespace

Stack StackPool::take() {
  if (!free_.empty()) {
    const Stack stack = free_.back();
    free_.pop_back();
    return stack;
  }
  void* pages = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || mprotect(pages, guard_bytes, PROT_NONE) != 0) throw std::bad_alloc();
  return {static_cast<char*>(pages) + guard_bytes, stack_bytes};
}

StackPool::~StackPool() {
  for (const Stack& stack : free_) munmap(stack.base - guard_bytes, guard_bytes + stack.bytes);
}

}  // namespace emulator
