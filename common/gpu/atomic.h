#pragma once

// Reads and writes that other threads may make at the same time. CUDA's atomic functions are relaxed: they order
// nothing but themselves. load_acquire and store_release order what stands before the store before what stands after
// the load that sees it. A volatile access is an atomic one that orders nothing.

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gpu/here.h"
#include "gpu/platform.h"
#if !GPU_IS_REAL
#include "emulator/emulator.h"
#endif

/// Reads `*address` (4 or 8 bytes), and makes visible what its writer did before a store_release of that value.
///      PTX ld.acquire.gpu
template <class T>
GPU_FUNCTION T load_acquire(const T* address, [[maybe_unused]] Here here = Here::current()) {
  static_assert(std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), "4 or 8 bytes");
#if GPU_IS_REAL
  T value;
  if constexpr (sizeof(T) == 4) {
    asm volatile("ld.acquire.gpu.b32 %0, [%1];" : "=r"(value) : "l"(address) : "memory");
  } else {
    asm volatile("ld.acquire.gpu.b64 %0, [%1];" : "=l"(value) : "l"(address) : "memory");
  }
  return value;
#else
  return static_cast<T>(emulator::load_acquire(address, sizeof(T), here));
#endif
}

/// Writes `value` to `*address` (4 or 8 bytes): whoever sees it by load_acquire sees all that this thread did before.
///      PTX st.release.gpu
template <class T>
GPU_FUNCTION void store_release(T* address, std::type_identity_t<T> value,
                                [[maybe_unused]] Here here = Here::current()) {
  static_assert(std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), "4 or 8 bytes");
#if GPU_IS_REAL
  if constexpr (sizeof(T) == 4) {
    asm volatile("st.release.gpu.b32 [%0], %1;" ::"l"(address), "r"(value) : "memory");
  } else {
    asm volatile("st.release.gpu.b64 [%0], %1;" ::"l"(address), "l"(value) : "memory");
  }
#else
  emulator::store_release(address, sizeof(T), static_cast<uint64_t>(value), here);
#endif
}

#if !GPU_IS_REAL
namespace atomic {
// Replaces *address by combine(*address, operand, comparand) and returns what was there.
template <class T>
GPU_FUNCTION T update(T* address, T operand, T comparand, uint64_t (*combine)(uint64_t, uint64_t, uint64_t),
                      Here here) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  uint64_t bits[2] = {};
  __builtin_memcpy(&bits[0], &operand, sizeof operand);
  __builtin_memcpy(&bits[1], &comparand, sizeof comparand);
  const uint64_t before = emulator::atomic_update(address, sizeof(T), bits[0], bits[1], combine, here);
  T value;
  __builtin_memcpy(&value, &before, sizeof value);
  return value;
}

template <class T>
GPU_FUNCTION uint64_t add_bits(uint64_t before, uint64_t operand, uint64_t) {
  T a, b;
  __builtin_memcpy(&a, &before, sizeof a);
  __builtin_memcpy(&b, &operand, sizeof b);
  a += b;
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &a, sizeof a);
  return bits;
}
}  // namespace atomic

/// Adds `value` to `*address` in one step and returns what was there. Relaxed.      PTX atom.add
template <class T>
GPU_FUNCTION T atomicAdd(T* address, std::type_identity_t<T> value, Here here = Here::current()) {
  return atomic::update(
      address, value, T{}, [](uint64_t a, uint64_t b, uint64_t c) { return atomic::add_bits<T>(a, b, c); }, here);
}

/// Writes `value` to `*address` in one step and returns what was there. Relaxed.      PTX atom.exch
template <class T>
GPU_FUNCTION T atomicExch(T* address, std::type_identity_t<T> value, Here here = Here::current()) {
  return atomic::update(
      address, value, T{}, [](uint64_t, uint64_t operand, uint64_t) { return operand; }, here);
}

/// Writes `value` to `*address` if it holds `expected`, in one step, and returns what was there. Relaxed.
///      PTX atom.cas
template <class T>
GPU_FUNCTION T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value,
                         Here here = Here::current()) {
  return atomic::update(
      address, value, expected, [](uint64_t before, uint64_t v, uint64_t e) { return before == e ? v : before; }, here);
}
#endif
