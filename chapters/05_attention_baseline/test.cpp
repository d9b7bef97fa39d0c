// What a kernel of chapter 05 must do. The numbers are those of the TODOs that a case is about.

#include <utility>

#include "gpu/platform.h"
#include "workloads/attention/chapter_test.h"

using namespace attention;

namespace {

constexpr const char* all_todos = "5.1 5.2 5.3 5.4 5.5";

// The small shape with other numbers of queries and keys. A block has 8 queries, a tile 32 keys.
Shape with(int queries, int keys) {
  Shape shape = small();
  shape.queries = queries;
  shape.keys = keys;
  return shape;
}

Shape wide(Shape shape) {
  shape.dim = 128;
  return shape;
}

}  // namespace

TEST_CASE("5.1 no batch, no heads or no queries: nothing to do, and no error") { check_empty(); }

TEST_CASE("5.1 every query has its warp, also where they do not fill the last block" * needs(all_todos)) {
  for (const int queries : {1, 7, 8, 9, 17}) {
    CAPTURE(queries);
    check(with(queries, 3));
  }
}

TEST_CASE("5.1 one query and one key: the output is that key's value" * needs(all_todos)) {
  for (const Shape& shape : {with(1, 1), causal(with(1, 1)), wide(with(1, 1)), causal(wide(with(1, 1)))}) check(shape);
}

TEST_CASE("5.1 causal, as many queries as keys: the first query sees the first key and no other" * needs(all_todos)) {
  check(causal(with(9, 9)));
  check(causal(one_head(34, 34)));  // the last two queries see a second tile
}

TEST_CASE("5.1 causal, more keys than queries: the last query sees all of them" * needs(all_todos)) {
  check(causal(with(5, 7)));
  check(causal(with(4, 34)));  // the first two see one tile
  check(make_address_coded_inputs(causal(with(3, 66)), 1));
}

TEST_CASE("5.2 numbers of keys around the ends of tiles" * needs(all_todos)) {
  for (const int keys : {31, 32, 33, 63, 64, 65}) {
    CAPTURE(keys);
    check(with(2, keys));
    check(wide(with(1, keys)));
  }
}

TEST_CASE("5.2 heads and batches are told apart" * needs(all_todos)) {
  Shape shape = with(3, 35);
  shape.batch = 2;
  shape.heads = 3;
  check(shape);
  check(make_address_coded_inputs(shape, 1));
}

TEST_CASE("5.2 a head whose numbers are all 0, with scale 0" * needs(all_todos)) {
  check(zero_heads(with(3, 35), 1));
  check(zero_heads(causal(wide(with(3, 3))), 1));
}

TEST_CASE("5.3 scores of 100000 and -100000: nothing overflows, nothing is NaN" * needs(all_todos)) {
  check(large_scores(with(5, 1), 1));
  check(large_scores(with(5, 70), 1));
  check(large_scores(causal(wide(with(5, 7))), 1));
}

TEST_CASE("5.3 a tile far above those before it, or far below" * needs(all_todos)) {
  for (const float shift : {-400.0f, 400.0f}) {
    for (const int first : {0, 32, 64}) {
      CAPTURE(shift);
      CAPTURE(first);
      check(shifted_scores(with(2, 96), 1, first, first + 32, shift));
    }
  }
}

TEST_CASE("5.3 all scores are far below 0, or all are far above" * needs(all_todos)) {
  for (const float shift : {-400.0f, 400.0f}) {
    CAPTURE(shift);
    check(shifted_scores(with(2, 40), 1, 0, 40, shift));
  }
}

TEST_CASE("5.3 one key leads by far, wherever it is" * needs(all_todos)) {
  for (const int key : {0, 31, 32, 64}) {
    CAPTURE(key);
    check(shifted_scores(with(2, 65), 1, key, key + 1, 50));
  }
}

TEST_CASE("5.4 all keys are the same: the output is the mean of the values" * needs(all_todos)) {
  check(identical_keys(with(3, 7), 1));
  check(identical_keys(with(3, 65), 1));
}

TEST_CASE("5.5 each value is added with its own key's weight" * needs(all_todos)) {
  check(make_address_coded_inputs(with(5, 70), 1));
  check(make_address_coded_inputs(wide(with(5, 31)), 1));
}

TEST_CASE("5.5 whichever warp runs first, the result has the same bits" * needs(all_todos)) {
#if GPU_IS_REAL
  check_bits(make_inputs(mission_shape(), 5), 200);
#else
  check_bits(make_inputs(with(9, 40), 5), 200);
#endif
}

TEST_CASE("5.5 the whole operator" * needs(all_todos)) {
#if GPU_IS_REAL
  for (const Shape& shape : {mission_shape(), causal(mission_shape()), wide(mission_shape()), long_shape()}) {
    check(shape);
  }
#else
  check(quick_shape());
  check(causal(wide(with(3, 40))));
#endif
}
