#include "workloads/deformable_attention/mistakes.h"

#include "workloads/deformable_attention/reference.h"

namespace deformable_attention {
namespace {

struct Mistake {
  std::string name;
  std::string cause;   // "when ..."
  std::string lesson;  // the line of thinking that leads out of it
  Rule rule;
};

/// Every set of tests that is likely to be left out together, with and without the test of the whole point.
std::vector<Mistake> missing_bounds_tests() {
  struct Missing {
    std::string tests;
    bool left, right, top, bottom;
  };
  std::vector<Mistake> all;
  for (const bool skip_outside : {true, false}) {
    for (const Missing& missing : std::initializer_list<Missing>{{"x >= 0", true, false, false, false},
                                                                 {"x < width", false, true, false, false},
                                                                 {"y >= 0", false, false, true, false},
                                                                 {"y < height", false, false, false, true},
                                                                 {"x >= 0 and x < width", true, true, false, false},
                                                                 {"y >= 0 and y < height", false, false, true, true},
                                                                 {"of all four sides", true, true, true, true}}) {
      Rule rule{.skip_outside = skip_outside};
      rule.test_left = !missing.left;
      rule.test_right = !missing.right;
      rule.test_top = !missing.top;
      rule.test_bottom = !missing.bottom;
      all.push_back(
          {"missing-bounds-test", "a corner is read without the test " + missing.tests,
           "Beyond a row's end lies the next row, and beyond the last row the next level: finite numbers that "
           "no memory checker complains about. Each corner outside its map counts as zero: which of its four "
           "sides is not asked about?",
           rule});
    }
  }
  return all;
}

constexpr const char* centre =
    "Location 0 is the left edge of the first pixel and 1 the right edge of the last, while pixel coordinates count "
    "centres: where, in a map of one pixel, should location 0.5 land?";

/// The mistakes that are made in two lines that are alike, one for x and one for y, or in only one of them.
std::vector<Mistake> mistakes_of_an_axis() {
  struct Along {
    Rule::Axes axes;
    std::string where;
  };
  std::vector<Mistake> all;
  for (const auto& [axes, where] : std::initializer_list<Along>{{Rule::Axes::both, ""},
                                                                {Rule::Axes::x, " along x (along y it is right)"},
                                                                {Rule::Axes::y, " along y (along x it is right)"}}) {
    all.push_back({"forgotten-half-pixel", "the half pixel is forgotten" + where, centre, {.no_half_pixel = axes}});
    all.push_back({"truncated-not-floored",
                   "coordinates are cut off toward zero" + where,
                   "A conversion to int rounds -0.3 up to 0, but the pixel to the left of x = -0.3 is not pixel 0. "
                   "Points within half a pixel of the left and the upper border are the ones that are wrong.",
                   {.truncate = axes}});
    all.push_back({"mirrored-fractions",
                   "the fraction and one minus the fraction are exchanged" + where,
                   "The nearer a pixel, the larger its share: for a point exactly on a pixel's centre, which corner "
                   "must get everything?",
                   {.mirror_fractions = axes}});
  }
  return all;
}

std::vector<Mistake> make_mistakes() {
  using Mapping = Rule::Mapping;
  using Start = Rule::Start;
  const std::string order =
      "A location is (x, y) and x runs along the width, but a level's size is (height, width): the two orders differ.";
  const std::string starts =
      "Each level has its own first row in the value array (`Level::start`), and there may be gaps between levels.";
  std::vector<Mistake> all = {
      {"swapped-xy", "x and y of the location are swapped", order, {.swap_location = true}},
      {"swapped-xy", "x is scaled by the height and y by the width", order, {.swap_scale = true}},
      {"swapped-xy", "height and width of a level are swapped", order, {.swap_size = true}},
      {"swapped-xy",
       "a corner is looked up at (y, x)",
       "In coordinates, and in the dimensions of a tensor map, x stands before y: the innermost comes first.",
       {.swap_box = true}},
      {"swapped-xy", "a pixel is looked up at x * width + y", order, {.swap_index = true}},
      {"align-corners",
       "location 0 and 1 are taken for the centres of the first and the last pixel",
       centre,
       {.mapping = Mapping::align_corners}},
      {"minus-one-to-one",
       "locations are taken to run from -1 to 1",
       "Here 0 is the map's left edge and 1 its right edge.",
       {.mapping = Mapping::minus_one_to_one}},
      {"swapped-fractions",
       "the fractions of x and y are exchanged",
       "The corner to the right goes with the fraction of x, the corner below with the fraction of y.",
       {.swap_fractions = true}},
      {"wrong-pitch",
       "the step from one row of pixels to the next is the height",
       "In a raster, how many pixels are passed on the way from (x, y) to (x, y + 1)?",
       {.height_as_pitch = true}},
      {"ignored-level-start", "every level is read from the first pixel on", starts, {.start = Start::zero}},
      {"recomputed-level-start",
       "a level's start is computed from the sizes of the levels before",
       starts,
       {.start = Start::running_sum}},
      {"ignored-weights",
       "every point counts with weight 1",
       "Each point has an attention weight, at the same index as its location.",
       {.use_weights = false}},
      {"ignored-image",
       "every query reads the first image",
       "A query reads its own image: `value` begins with the batch.",
       {.use_image = false}},
      {"ignored-head",
       "every head reads the first head's channels",
       "A head reads its own channels: a value row is [heads][channels].",
       {.use_head = false}},
      {"mixed-heads-and-channels",
       "a value row is read as [channels][heads]",
       "A value row is [heads][channels]: the channels of one head are neighbours.",
       {.channels_before_heads = true}},
  };
  for (Mistake& mistake : mistakes_of_an_axis()) all.push_back(std::move(mistake));
  for (Mistake& mistake : missing_bounds_tests()) all.push_back(std::move(mistake));
  return all;
}

}  // namespace

std::vector<judge::Hypothesis> mistakes(const Inputs& inputs, std::span<const int64_t> rows) {
  static const std::vector<Mistake> all = make_mistakes();
  std::vector<judge::Hypothesis> hypotheses;
  for (const Mistake& mistake : all) {
    hypotheses.push_back({mistake.name,
                          "The output is exactly what one gets when " + mistake.cause + ". " + mistake.lesson,
                          [&inputs, rows, rule = mistake.rule] { return reference(inputs, rows, rule); }});
  }
  return hypotheses;
}

const std::map<std::string, std::string>& hints() {
  static const std::map<std::string, std::string> all = {
      {"zeros",
       "Either no point reaches the sum, or the sum never reaches the output: does the loop over levels and points add "
       "anything, and is there a point for which the test of its bounds is true?"},
      {"nan",
       "A location may be NaN, and then its point must not count: compare the coordinates while they are floats, and "
       "so that a comparison with NaN says no. A weight or a pixel that does not count may be NaN or infinite, and 0 "
       "times either is NaN: it takes a weight of 0 and a place outside the map. Or memory was read that nobody "
       "wrote."},
      {"infinite", "Is the sum kept in float until the end? A half holds nothing above 65504."},
  };
  return all;
}

}  // namespace deformable_attention
