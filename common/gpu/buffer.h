#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace gpu {

/// Device memory that frees itself: a payload that kernels use, between two guard bands that they must not touch.
/// On the emulator it is host memory, and only the payload is registered: touching a guard band is a finding.
class DeviceMemory {
 public:
  /// `name` is what messages call the payload. `guard_bytes` is the size of each band, a multiple of 256.
  /// Errors: gpu::Error if there is not enough memory.
  DeviceMemory(std::string name, std::size_t payload_bytes, std::size_t guard_bytes);
  ~DeviceMemory();
  DeviceMemory(DeviceMemory&& other) noexcept;
  DeviceMemory& operator=(DeviceMemory&&) = delete;

  /// Copies the whole storage (band, payload, band) from or to the host; waits for kernels that were launched before.
  void upload(const void* storage);
  void download(void* storage) const;

  void* payload() const { return static_cast<std::byte*>(storage_) + guard_bytes_; }
  std::size_t storage_bytes() const { return payload_bytes_ + 2 * guard_bytes_; }

 private:
  void* storage_ = nullptr;
  std::size_t payload_bytes_ = 0;
  std::size_t guard_bytes_ = 0;
};

/// DeviceMemory of `T`s, filled at once from a host storage span: `guard` elements, the payload, `guard` elements.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer(std::string name, std::span<const T> storage, std::size_t guard)
      : memory_(std::move(name), (storage.size() - 2 * guard) * sizeof(T), guard * sizeof(T)) {
    upload(storage);
  }

  void upload(std::span<const T> storage) { memory_.upload(storage.data()); }
  void download(std::span<T> storage) const { memory_.download(storage.data()); }
  T* data() const { return static_cast<T*>(memory_.payload()); }

 private:
  DeviceMemory memory_;
};

}  // namespace gpu
