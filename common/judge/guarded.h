#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "judge/judge.h"

namespace judge {

/// Fills memory that a kernel must write, or must not touch. As a half (0x7feb) and as a float (0x7feb7feb) it is a
/// quiet NaN that no computation produces, so "not written" can be told from an ordinary NaN.
inline constexpr uint16_t poison = 0x7feb;

/// Bytes of poison before and after a payload. A multiple of every alignment that a device array needs.
inline constexpr size_t guard_bytes = 1024;

/// Whether all of an element's bytes still are poison.
template <class T>
bool is_poison(const T& element) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(poison) == 0);
  uint16_t words[sizeof(T) / sizeof(poison)];
  std::memcpy(words, &element, sizeof(T));
  return std::ranges::all_of(words, [](uint16_t word) { return word == poison; });
}

/// Elements as floats, by `convert`; poison stays poison, which an ordinary conversion does not promise.
template <class T, class Convert>
std::vector<float> to_floats(std::span<const T> elements, Convert convert) {
  const float unwritten = std::bit_cast<float>(uint32_t{poison} << 16 | poison);
  std::vector<float> floats(elements.size());
  std::ranges::transform(elements, floats.begin(),
                         [&](const T& element) { return is_poison(element) ? unwritten : convert(element); });
  return floats;
}

/// The verdict "not-written" on `count` > 0 of `total` elements, of which the first is at `first_place`.
Verdict not_written(size_t count, size_t total, const std::string& first_place);

/// Rejects an output in which elements still hold the poison ("not-written"). `place` names an element by its index.
template <class T>
Verdict check_written(std::span<const T> output, const std::function<std::string(int64_t index)>& place) {
  const auto first = std::ranges::find_if(output, is_poison<T>);
  if (first == output.end()) return {};
  const auto count = std::count_if(first, output.end(), is_poison<T>);
  return not_written(static_cast<size_t>(count), output.size(), place(first - output.begin()));
}

/// Rejects guard bands that do not hold the poison any more ("guard-before", "guard-after"). `array` names what they
/// guard.
Verdict check_guards(const std::string& array, std::span<const std::byte> before, std::span<const std::byte> after);

/// Rejects an input that a kernel has changed ("modified-input"): compares bits, so NaNs are equal to themselves.
/// `element_bytes` turns positions into element numbers. Errors: std::invalid_argument if the sizes differ.
Verdict check_unmodified(const std::string& input, std::span<const std::byte> before, std::span<const std::byte> after,
                         size_t element_bytes);

/// The same for elements of any plain type.
template <class T>
Verdict check_unmodified(const std::string& input, std::span<const T> before, std::span<const T> after) {
  return check_unmodified(input, std::as_bytes(before), std::as_bytes(after), sizeof(T));
}

/// A host array between two guard bands: [guard | payload | guard], all poison at first. The whole storage is copied
/// to the device and back, and then tells what was written outside the payload.
template <class T>
class Guarded {
 public:
  static_assert(std::is_trivially_copyable_v<T> && guard_bytes % sizeof(T) == 0);
  static constexpr size_t guard = guard_bytes / sizeof(T);  // elements in a band; where the payload begins

  /// `count` elements, all poison.
  explicit Guarded(size_t count) : storage_(count + 2 * guard) { refill(); }

  /// A copy of `elements` between guard bands.
  explicit Guarded(std::span<const T> elements) : Guarded(elements.size()) {
    std::ranges::copy(elements, payload().begin());
  }

  /// Fills everything, payload and guards, with poison again.
  void refill() {
    for (const std::span<T> part : {storage().first(guard), payload(), storage().last(guard)}) {
      const std::span<std::byte> bytes = std::as_writable_bytes(part);
      for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(poison >> (i % 2 * 8));
    }
  }

  std::span<T> storage() { return storage_; }
  std::span<const T> storage() const { return storage_; }
  std::span<T> payload() { return storage().subspan(guard, storage_.size() - 2 * guard); }
  std::span<const T> payload() const { return storage().subspan(guard, storage_.size() - 2 * guard); }

  /// Rejects if anything was written outside the payload ("guard-before", "guard-after").
  Verdict check_guards(const std::string& array) const {
    return judge::check_guards(array, std::as_bytes(storage().first(guard)), std::as_bytes(storage().last(guard)));
  }

 private:
  std::vector<T> storage_;
};

}  // namespace judge
