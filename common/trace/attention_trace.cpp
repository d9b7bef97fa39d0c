// How the chapters on attention are traced: one block's queries, and eight tiles.

#include "trace/run.h"
#include "workloads/attention/runner.h"

namespace trace {

using namespace attention;

// A copy takes two thirds of a tile's computation, as on an H200 (chapter 08, `decode`).
Setting setting() { return {"1 head, 64 queries, 256 keys: 8 tiles", 75}; }

Run run(std::string_view configuration) {
  const Shape shape{.batch = 1, .heads = 1, .queries = 64, .keys = 256, .dim = 64};
  return run<Types>(make_inputs(shape, 1), configuration, setting());
}

}  // namespace trace
