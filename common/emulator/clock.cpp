#include "emulator/clock.h"

#include <algorithm>

namespace emulator {

void Clock::join(const std::vector<Clock*>& clocks) {
  auto joined = std::make_shared<std::vector<uint32_t>>(*clocks.front()->seen_);
  const std::vector<uint32_t>* previous = clocks.front()->seen_.get();
  for (const Clock* clock : clocks) {
    if (clock->seen_.get() == previous) continue;  // usual: they left the last barrier together
    previous = clock->seen_.get();
    std::transform(joined->begin(), joined->end(), previous->begin(), joined->begin(),
                   [](uint32_t a, uint32_t b) { return std::max(a, b); });
  }
  for (const Clock* clock : clocks) (*joined)[clock->self_] = clock->epoch_;
  for (Clock* clock : clocks) {
    clock->seen_ = joined;
    ++clock->epoch_;
  }
}

}  // namespace emulator
