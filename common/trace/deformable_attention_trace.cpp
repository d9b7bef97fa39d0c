// How the chapters on deformable attention are traced: one warp's queries, and eight tiles.

#include "trace/run.h"
#include "workloads/deformable_attention/runner.h"

namespace trace {

using namespace deformable_attention;

// A copy takes one and a half tiles' computation: two slots are too few, three are enough.
Setting setting() { return {"8 queries, 2 levels of 4 points: 8 tiles", 20}; }

Run run(std::string_view configuration) {
  const PackedShape shape{.batch = 1, .queries = 8, .heads = 1, .channels = 32, .points = 4, .maps = {{6, 8}, {3, 4}}};
  return run<Types>(make_inputs(make_shape(shape), Sampling::local, 1), configuration, setting());
}

}  // namespace trace
