#pragma once

#include <cstdint>
#include <vector>

#include "workloads/deformable_attention/problem.h"

namespace deformable_attention {

/// The sizes of one problem; what `Problem` holds beside its pointers.
struct Shape {
  int batch = 0;    // images; 0 is an empty problem
  int queries = 0;  // per image; 0 is an empty problem
  int heads = 0;
  int channels = 0;    // per head, a multiple of 8: 16 bytes of half
  int points = 0;      // per level
  int64_t pixels = 0;  // value rows per image; at least what the levels take
  std::vector<Level> levels;

  /// Rows of the output: row ((image * queries) + query) * heads + head has `channels` elements.
  int64_t rows() const { return int64_t{batch} * queries * heads; }

  /// Sampling points of one row: all levels' points, level by level.
  int64_t points_per_row() const { return static_cast<int64_t>(levels.size()) * points; }

  /// Elements of `Problem::value`, of `locations` and of `weights` (each), and of `output`.
  int64_t value_count() const { return batch * pixels * heads * channels; }
  int64_t point_count() const { return rows() * points_per_row(); }
  int64_t output_count() const { return rows() * channels; }
};

/// Height and width of one map, in pixels.
struct MapSize {
  int height;
  int width;
};

/// A shape without the levels' places: they follow one another without gaps, and `pixels` is their total.
struct PackedShape {
  int batch;
  int queries;
  int heads;
  int channels;
  int points;
  std::vector<MapSize> maps;
};

/// Lays the levels out one after another. Does not validate.
Shape make_shape(const PackedShape& packed);

/// The shape that the performance numbers are about: 48 images, 4 levels, as many queries as pixels (20522).
Shape field_shape();

/// A shape for a first look and for machines without a GPU: one image, 100 queries, four small levels of 100 pixels.
Shape quick_shape();

/// An encoder layer of Deformable-DETR: 2 images, 8 heads, 4 levels, as many queries as pixels (17821).
Shape detr_shape();

/// Errors: std::invalid_argument with one sentence on the first thing that no kernel can be asked to do: no level or
/// too many, an empty level, levels that overlap or run past `pixels`, sizes that are negative, not a multiple of 8
/// (channels) or too large for 32-bit output indices or for memory (64 GiB).
void validate(const Shape& shape);

/// The level that pixel (value row) `pixel` of an image belongs to, or -1: it lies in a gap between levels.
int level_of_pixel(const Shape& shape, int64_t pixel);

}  // namespace deformable_attention
