// What a kernel of chapter 07 must do. The numbers are those of the TODOs that a case is about.

#include <vector>

#include "gpu/platform.h"
#include "workloads/attention/chapter_test.h"

using namespace attention;

namespace {

constexpr const char* all_todos = "7.1 7.2 7.3 7.4 7.5";

constexpr int tile_keys = 32, warp_queries = 16, block_queries = 64, stages = 2;

// The same number of whole tiles for numbers of any kind, and for numbers that tell where they come from.
void check_tiles(int tiles) {
  CAPTURE(tiles);
  const Shape shape = one_head(5, tiles * tile_keys);
  check(make_inputs(shape, 1));
  check(make_address_coded_inputs(shape, 2));
}

}  // namespace

TEST_CASE("7.2 no queries, no heads or no batch: nothing to do, and no error") { check_empty(); }

TEST_CASE("7.1 one query and one key: nothing is read behind the last key" * needs(all_todos)) {
  for (const int dim : {64, 128}) {
    CAPTURE(dim);
    check(one_head(1, 1, dim));
    check(causal(one_head(1, 1, dim)));
  }
}

TEST_CASE("7.1 the keys end one before a tile's end, and one behind it" * needs(all_todos)) {
  for (const int keys : {tile_keys - 1, tile_keys + 1, 2 * tile_keys - 1, 2 * tile_keys + 1}) {
    CAPTURE(keys);
    check(one_head(3, keys));
  }
  check(one_head(3, tile_keys + 1, 128));
}

TEST_CASE("7.1 the queries end around a warp's end, and around a block's" * needs(all_todos)) {
  for (const int end : {warp_queries, block_queries}) {
    for (const int queries : {end - 1, end, end + 1}) {
      CAPTURE(queries);
      check(one_head(queries, 20));
    }
  }
}

TEST_CASE("7.1 batches and heads are told apart" * needs(all_todos)) {
  const Shape shape{.batch = 2, .heads = 3, .queries = 2, .keys = tile_keys + 5, .dim = 64};
  check(make_address_coded_inputs(shape, 3));
  check(one_head(2, 3 * tile_keys, 128));
}

TEST_CASE("7.2 a single tile: it is waited for, with nothing behind it" * needs(all_todos)) { check_tiles(stages - 1); }

TEST_CASE("7.3 as many tiles as slots: no slot is filled again" * needs(all_todos)) { check_tiles(stages); }

TEST_CASE("7.3 one tile more than slots: the first slot is filled again" * needs(all_todos)) {
  check_tiles(stages + 1);
}

TEST_CASE("7.3 each tile is asked for once, and nothing behind the last one" * needs(all_todos)) {
  for (const int tiles : {1, stages, 2 * stages + 1}) {
    CAPTURE(tiles);
    const Shape shape = one_head(1, tiles * tile_keys);
    check(shape);
    check_nothing_else_is_copied(shape);
  }
}

TEST_CASE("7.4 two laps: the last tile is waited for, with nothing behind it" * needs(all_todos)) {
  check_tiles(2 * stages);
}

TEST_CASE("7.5 two laps and a tile" * needs(all_todos)) { check_tiles(2 * stages + 1); }

TEST_CASE("7.3 causal: blocks have different numbers of tiles, and queries see parts of them" * needs(all_todos)) {
  check(causal(one_head(block_queries + 1, block_queries + 1)));  // the blocks have 2 and 3 tiles
  check(causal(one_head(40, 3 * tile_keys + 4)));
  check(causal(one_head(17, 2 * tile_keys, 128)));
  check(make_address_coded_inputs(causal(one_head(33, 33)), 4));
}

TEST_CASE("7.5 scores of 1e5, equal keys, heads of scale 0" * needs(all_todos)) {
  const Shape two_heads{.batch = 1, .heads = 2, .queries = 3, .keys = tile_keys + 1, .dim = 64};
  check(large_scores(one_head(5, 2 * tile_keys + 1), 5));
  check(identical_keys(one_head(5, 2 * tile_keys + 1), 6));
  check(zero_heads(two_heads, 7));
}

TEST_CASE("7.5 one tile's scores are far above or below all others" * needs(all_todos)) {
  for (const float shift : {-400.0f, 400.0f}) {
    CAPTURE(shift);
    check(shifted_scores(one_head(5, 2 * tile_keys), 8, 0, tile_keys, shift));
  }
  check(shifted_scores(one_head(5, 3 * tile_keys), 9, tile_keys, 2 * tile_keys, 400));
}

TEST_CASE("7.4 whoever is late, the result has the same bits" * needs(all_todos)) {
#if GPU_IS_REAL
  check_bits(make_inputs(mission_shape(), 10), 200);
#else
  check_bits(make_inputs(one_head(20, 4 * tile_keys + 9), 10), 200);
#endif
}

TEST_CASE("7.5 the whole operator" * needs(all_todos)) {
#if GPU_IS_REAL
  check(mission_shape());
  check(long_shape());
#else
  check(quick_shape());
#endif
}
