// How fast boxes come, when nobody uses them: chapter 03's ring without the sum.

#include "bench/copy_rate/copy_rate.h"

#include "gpu/gpu.h"

namespace copy_rate {
namespace {

// A warp's ring: box[stage][warp_boxes], each of `stride` bytes, behind the barriers.
template <int Stages>
struct alignas(128) Ring {
  Mbarrier full[Stages];
};

__device__ unsigned char* slot(unsigned char* boxes, int stage, int box, int stride) {
  return boxes + (stage * warp_boxes + box) * stride;
}

template <int Stages>
__global__ void copy_rate_kernel(const __grid_constant__ Experiment e, const __grid_constant__ TensorMap map,
                                 int box_bytes, int stride) {
  auto* const rings = &shared_storage<Ring<Stages>>();
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  Ring<Stages>& ring = rings[warp];
  unsigned char* const boxes = reinterpret_cast<unsigned char*>(rings + e.warps) + warp * Stages * warp_boxes * stride;
  if (lane == 0) {
    for (int i = 0; i < Stages; ++i) mbarrier_init(ring.full[i], 1);
  }
  fence_mbarrier_init();
  __syncthreads();
  const auto request = [&](int k) {
    if (lane == 0) mbarrier_arrive_expect_tx(ring.full[k % Stages], warp_boxes * box_bytes);
    if (lane >= warp_boxes) return;
    const Place at = place_of(e.tensor, blockIdx.x, warp, lane, k);
    cp_async_bulk_tensor_4d(slot(boxes, k % Stages, lane, stride), map, 0, at.x, at.y, at.image, ring.full[k % Stages]);
  };
  for (int k = 0; k < Stages && k < e.tiles; ++k) request(k);
  for (int k = 0; k < e.tiles; ++k) {
    mbarrier_wait_parity(ring.full[k % Stages], k / Stages & 1);
    if (k == e.tiles - 1 && lane < warp_boxes) {
      const unsigned char* const first = slot(boxes, k % Stages, lane, stride);
      e.last[(blockIdx.x * e.warps + warp) * warp_boxes + lane] = *reinterpret_cast<const uint32_t*>(first);
    }
    fence_proxy_async();
    __syncwarp();
    if (k + Stages < e.tiles) request(k + Stages);
  }
}

constexpr int box_bytes(const Experiment& e) { return e.box_width * e.box_height * channels * 2; }
constexpr int stride(const Experiment& e) { return (box_bytes(e) + 127) / 128 * 128; }

constexpr int64_t ring_bytes(int stages) { return (stages * static_cast<int64_t>(sizeof(Mbarrier)) + 127) / 128 * 128; }

template <int Stages>
void start(const Experiment& e) {
  static_assert(sizeof(Ring<Stages>) == ring_bytes(Stages));
  const TensorMap map =
      make_tensor_map<uint16_t>(e.tensor.pixels, {channels, e.tensor.width, e.tensor.height, e.tensor.images},
                                {channels, e.box_width, e.box_height, 1});
  const std::size_t bytes = shared_bytes(Stages, e);
  allow_shared_memory(copy_rate_kernel<Stages>, bytes);
  launch(copy_rate_kernel<Stages>, {static_cast<unsigned>(e.blocks), static_cast<unsigned>(e.warps) * 32, bytes}, e,
         map, box_bytes(e), stride(e));
}

}  // namespace

int64_t shared_bytes(int stages, const Experiment& e) {
  return e.warps * (ring_bytes(stages) + int64_t{stages} * warp_boxes * stride(e));
}

void launch_copy_rate(int stages, const Experiment& e) {
  if (stages == 1) start<1>(e);
  if (stages == 2) start<2>(e);
  if (stages == 4) start<4>(e);
}

}  // namespace copy_rate
