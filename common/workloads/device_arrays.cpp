#include "workloads/device_arrays.h"

#include "gpu/device.h"

namespace workloads {

DeviceArrays::DeviceArrays(int64_t output_elements)
    : host_output_(static_cast<std::size_t>(output_elements)),
      output_("output", host_output_.storage(), judge::Guarded<half>::guard) {}

void DeviceArrays::poison_output() {
  host_output_.refill();
  output_.upload(host_output_.storage());
}

std::span<const half> DeviceArrays::output() {
  gpu::synchronize();
  output_.download(host_output_.storage());
  return host_output_.payload();
}

judge::Verdict DeviceArrays::judge(const OutputJudge& judge) {
  output();
  judge::Verdict verdict = host_output_.check_guards("output");
  for (const Input& input : inputs_) {
    if (verdict.accepted()) verdict = check(input);
  }
  if (verdict.accepted()) verdict = judge.judge(host_output_.payload());
  return verdict;
}

std::size_t DeviceArrays::input_bytes() const {
  std::size_t bytes = 0;
  for (const Input& input : inputs_) bytes += input.host.size();
  return bytes;
}

const std::byte* DeviceArrays::add_input(const char* name, std::span<const std::byte> bytes,
                                         std::size_t element_bytes) {
  const judge::Guarded<std::byte> guarded(bytes);
  const std::span<const std::byte> storage = guarded.storage();
  inputs_.push_back({name, bytes, element_bytes, {name, storage, judge::Guarded<std::byte>::guard}});
  return inputs_.back().device.data();
}

judge::Verdict DeviceArrays::check(const Input& input) {
  judge::Guarded<std::byte> now(input.host.size());
  input.device.download(now.storage());
  const judge::Verdict verdict = now.check_guards(input.name);
  if (!verdict.accepted()) return verdict;
  return judge::check_unmodified(input.name, input.host, std::span<const std::byte>(now.payload()),
                                 input.element_bytes);
}

}  // namespace workloads
