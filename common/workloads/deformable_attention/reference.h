#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/deformable_attention/inputs.h"
#include "workloads/rows.h"

namespace deformable_attention {

/// How a point is sampled. The default is the rule of this operator; every other setting is a mistake that somebody
/// made, so that the judge can recognise it (see mistakes.h).
struct Rule {
  enum class Mapping { half_pixel, align_corners, minus_one_to_one };
  enum class Start { given, zero, running_sum };
  enum class Axes { none, x, y, both };  // where a mistake is made: of two lines that are alike, one may be right

  Mapping mapping = Mapping::half_pixel;  // from a location to pixels
  Axes no_half_pixel = Axes::none;        // location * size, without - 0.5
  bool swap_location = false;             // x taken for y
  bool swap_scale = false;                // x times the height, y times the width
  bool swap_size = false;                 // the level read as (width, height) everywhere
  bool swap_index = false;                // pixel x * width + y
  bool height_as_pitch = false;           // pixel y * height + x
  bool swap_box = false;                  // the upper left corner taken for (y0, x0)
  Axes truncate = Axes::none;             // toward zero instead of down
  bool swap_fractions = false;            // x's fraction used along y
  Axes mirror_fractions = Axes::none;     // the near pixel weighted with the far one's fraction
  bool skip_outside = true;               // the test of the whole point
  bool test_left = true, test_right = true, test_top = true, test_bottom = true;  // the tests of each corner
  Start start = Start::given;                                                     // of a level
  bool use_weights = true;
  bool use_image = true;               // otherwise all read image 0
  bool use_head = true;                // otherwise all read head 0
  bool channels_before_heads = false;  // value read as [pixels][channels][heads]
};

using workloads::all_rows;
using workloads::sample_rows;

/// The selected rows of the output, [rows.size()][channels], in double precision. For each level and point
///   x = location.x * width - 0.5,  y = location.y * height - 0.5;
///   nothing is added unless x > -1 and y > -1 and x < width and y < height (so NaN and infinity add nothing);
///   else weight * (bilinear mixture of the four pixels around (x, y), where a pixel outside the map counts as 0).
/// Row ((image * queries) + query) * heads + head. The inputs must be valid. What a mistake would read outside the
/// value array is NaN.
std::vector<double> reference(const Inputs& inputs, std::span<const int64_t> rows, const Rule& rule = {});

/// How many pixels a kernel that caches nothing must read: the corners of all points that lie in their map.
int64_t count_corners(const Inputs& inputs);

/// The whole output.
std::vector<double> reference(const Inputs& inputs);

}  // namespace deformable_attention
