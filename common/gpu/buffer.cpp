#include "gpu/buffer.h"

#include <cstring>
#include <new>
#include <utility>

#include "gpu/error.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#endif

namespace gpu {

DeviceMemory::DeviceMemory(std::string name, std::size_t payload_bytes, std::size_t guard_bytes)
    : payload_bytes_(payload_bytes), guard_bytes_(guard_bytes) {
#if GPU_IS_REAL
  const cudaError_t result = cudaMalloc(&storage_, storage_bytes());
  if (result == cudaErrorMemoryAllocation) {
    throw Error("not enough device memory for `" + name + "` (" + std::to_string(storage_bytes()) +
                " bytes): choose a smaller shape, or end what else runs on this GPU");
  }
  check(result, "cudaMalloc", __FILE__,
        __LINE__);  // anything else is not about memory: an earlier kernel's failure, say
#else
  storage_ = ::operator new (storage_bytes(), std::align_val_t{256});
  emulator::register_memory(payload(), payload_bytes_, "`" + name + "`");
#endif
}

DeviceMemory::~DeviceMemory() {
  if (!storage_) return;
#if GPU_IS_REAL
  cudaFree(storage_);
#else
  emulator::unregister_memory(payload());
  ::operator delete (storage_, std::align_val_t{256});
#endif
}

DeviceMemory::DeviceMemory(DeviceMemory&& other) noexcept
    : storage_(std::exchange(other.storage_, nullptr)),
      payload_bytes_(other.payload_bytes_),
      guard_bytes_(other.guard_bytes_) {}

void DeviceMemory::upload(const void* storage) {
#if GPU_IS_REAL
  GPU_CHECK(cudaMemcpy(storage_, storage, storage_bytes(), cudaMemcpyHostToDevice));
#else
  std::memcpy(storage_, storage, storage_bytes());
#endif
}

void DeviceMemory::download(void* storage) const {
#if GPU_IS_REAL
  GPU_CHECK(cudaMemcpy(storage, storage_, storage_bytes(), cudaMemcpyDeviceToHost));
#else
  std::memcpy(storage, storage_, storage_bytes());
#endif
}

}  // namespace gpu
