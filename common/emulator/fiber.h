#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace emulator {

/// A stack for one fiber: mapped pages with a guard page below, kept for reuse by StackPool.
struct Stack {
  char* base = nullptr;  // lowest usable address
  std::size_t bytes = 0;
};

/// Hands out stacks and takes them back. A stack may come back with frames still on it: they are dropped, not unwound.
class StackPool {
 public:
  StackPool() = default;
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;
  ~StackPool();

  /// Errors: std::bad_alloc.
  Stack take();
  void give_back(const Stack& stack) { free_.push_back(stack); }

 private:
  std::vector<Stack> free_;
};

/// A point at which a fiber, or the scheduler, has been left (Boost.Context's fcontext).
using Context = boost::context::detail::fcontext_t;

/// Leaves the running context, storing in `from` where, and continues at `to`.
inline void switch_context(Context& from, Context to) {
  const auto arrival = boost::context::detail::jump_fcontext(to, &from);
  *static_cast<Context*>(arrival.data) = arrival.fctx;  // whoever came here wants to know where he was left
}

/// Prepares a fiber that starts at `Entry()`, which must never return: it leaves by switch_context for the last time.
template <void (*Entry)()>
Context make_fiber(const Stack& stack) {
  return boost::context::detail::make_fcontext(stack.base + stack.bytes, stack.bytes,
                                               [](boost::context::detail::transfer_t arrival) {
                                                 *static_cast<Context*>(arrival.data) = arrival.fctx;
                                                 Entry();
                                               });
}

}  // namespace emulator
