#pragma once

#include <cstdint>

namespace copy_rate {

constexpr int warp_boxes = 8;  // boxes of one warp in one stage, each requested by a lane of its own
constexpr int channels = 32;   // of a pixel, 64 bytes

/// The tensor that is copied from: [images][height][width][channels].
struct Tensor {
  const uint16_t* pixels;
  int width, height, images;  // below 65536
};

/// What one launch does: each warp fills its ring of slots `tiles` times with `warp_boxes` boxes.
struct Experiment {
  Tensor tensor;
  int box_width, box_height;  // pixels
  int blocks, warps;          // in the grid, in a block
  int tiles;                  // of each warp
  uint32_t* last;             // [blocks][warps][warp_boxes]: the first two elements of its last boxes
};

/// Starts the experiment with 1, 2 or 4 stages. Errors: gpu::Error if the ring does not fit.
void launch_copy_rate(int stages, const Experiment& experiment);

/// Bytes of shared memory of one block.
int64_t shared_bytes(int stages, const Experiment& experiment);

/// Where a box begins.
struct Place {
  int x, y, image;
};

/// A random place for box number `box` of a warp's tile, the same for kernel and host. The image is the block's.
static constexpr Place place_of(const Tensor& tensor, int block, int warp, int box, int tile) {
  uint32_t hash = ((static_cast<uint32_t>(block) * 32 + warp) * 8 + box) * 2654435761u + tile;
  hash = (hash ^ hash >> 16) * 0x7feb352du;
  hash = (hash ^ hash >> 15) * 0x846ca68bu;
  hash ^= hash >> 16;
  return {static_cast<int>((hash & 0xffff) * tensor.width >> 16), static_cast<int>((hash >> 16) * tensor.height >> 16),
          block % tensor.images};
}

}  // namespace copy_rate
