#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gpu/buffer.h"
#include "gpu/half.h"
#include "judge/guarded.h"
#include "workloads/output_judge.h"

namespace workloads {

/// The arrays of a problem on the device: inputs, and an output of halves, each between guard bands.
class DeviceArrays {
 public:
  /// An output of so many elements, all poison. Errors: gpu::Error if the device has not enough memory.
  explicit DeviceArrays(int64_t output_elements);

  /// Fills the output, on the device, with poison.
  void poison_output();

  /// Waits for the launches; the output as they left it, until the next call. Errors: as judge().
  std::span<const half> output();

  /// Waits for the launches, and judges what they left: guard bands, inputs, output.
  /// Errors: gpu::Error for a failed launch or an open TODO.
  judge::Verdict judge(const OutputJudge& judge);

  /// Bytes of all inputs.
  std::size_t input_bytes() const;

 protected:
  /// Copies an input, which must outlive this, to the device. `name` is what messages call it. Errors: gpu::Error if
  /// the device has not enough memory.
  template <class T>
  const T* add_input(const char* name, const std::vector<T>& elements) {
    return reinterpret_cast<const T*>(add_input(name, std::as_bytes(std::span(elements)), sizeof(T)));
  }

  /// Where kernels write.
  half* device_output() const { return output_.data(); }

 private:
  struct Input {
    const char* name;
    std::span<const std::byte> host;
    std::size_t element_bytes;
    gpu::DeviceBuffer<std::byte> device;
  };

  const std::byte* add_input(const char* name, std::span<const std::byte> bytes, std::size_t element_bytes);
  static judge::Verdict check(const Input& input);

  std::vector<Input> inputs_;
  judge::Guarded<half> host_output_;
  gpu::DeviceBuffer<half> output_;
};

}  // namespace workloads
