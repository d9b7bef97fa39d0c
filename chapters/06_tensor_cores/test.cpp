#include "workloads/attention/chapter_test.h"

using namespace attention;

TEST_CASE("small, causal or not, both dims") {
  for (const int dim : {64, 128}) {
    for (const bool causal : {false, true}) {
      for (const auto &[queries, keys] : {std::pair{5, 7}, std::pair{1, 1}, std::pair{33, 65}, std::pair{3, 100}}) {
        check(make_inputs({.batch = 1, .heads = 2, .queries = queries, .keys = keys, .dim = dim, .causal = causal}, 1));
      }
    }
  }
}
