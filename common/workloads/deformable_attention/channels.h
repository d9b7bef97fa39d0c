#pragma once

// Eight channels of a query: what one lane loads, sums and stores at a time. For kernel files.

#include "gpu/half.h"
#include "gpu/platform.h"

namespace deformable_attention {

inline constexpr int lane_channels = 8;

/// Eight neighbouring channels: 16 bytes.
struct alignas(16) Channels {
  half value[lane_channels];
};

/// Adds `share` times the channels to `sum`, in float.
GPU_FUNCTION void add(float (&sum)[lane_channels], float share, Channels channels) {
  for (int i = 0; i < lane_channels; ++i) sum[i] += share * __half2float(channels.value[i]);
}

/// Rounds `sum` to half and stores it at `output`, which is aligned to 16 bytes.
GPU_FUNCTION void store(half* output, const float (&sum)[lane_channels]) {
  Channels rounded;
  for (int i = 0; i < lane_channels; ++i) rounded.value[i] = __float2half(sum[i]);
  *reinterpret_cast<Channels*>(output) = rounded;
}

}  // namespace deformable_attention
