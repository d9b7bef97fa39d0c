// What a kernel of chapter 08 must do. The numbers are those of the TODOs that a case is about.

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "gpu/launch.h"
#include "gpu/platform.h"
#include "workloads/attention/chapter_test.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#endif

using namespace attention;

namespace {

constexpr const char* all_todos = "8.1 8.2 8.3";
constexpr int tile_keys = 32;

// A configuration of the kernel file: "3 stages".
struct Ring {
  std::string name;
  int stages;
};

// All that are to be right, the chapter's own first. (Of an ablation these are the whole kernels.)
std::vector<Ring> rings() {
  std::vector<Ring> all;
  for (const Configuration& configuration : variants().front().configurations) {
    if (configuration.judged) all.push_back({configuration.name, std::stoi(configuration.name)});
  }
  return all;
}

// So many tiles, of which the last one is full.
Shape so_many_tiles(int tiles) { return one_head(3, tiles * tile_keys); }

// Runs each ring with as many tiles as `tiles_of` says for its stages, where that is any.
void check_each_ring(int (*tiles_of)(int stages)) {
  for (const Ring& ring : rings()) {
    INFO("configuration ", ring.name);
    if (tiles_of(ring.stages) > 0) check(so_many_tiles(tiles_of(ring.stages)), ring.name);
  }
}

// Launches a ring once and waits for it. Returns what it left.
std::vector<half> output_of(const Ring& ring, DeviceProblem& device) {
  device.poison_output();
  workloads::the_kernel<Problem>(ring.name)(device.problem());
  const std::span<const half> output = device.output();
  return {output.begin(), output.end()};
}

}  // namespace

TEST_CASE("8.1 no queries, no heads or no batch: nothing to do, and no error") {
  for (const Ring& ring : rings()) {
    INFO("configuration ", ring.name);
    check_empty(ring.name);
  }
}

TEST_CASE("8.1 a single tile: every other group is empty" * needs(all_todos)) {
  check_each_ring([](int) { return 1; });
}

TEST_CASE("8.1 one tile fewer than there are slots: one slot is never used" * needs(all_todos)) {
  check_each_ring([](int stages) { return stages - 1; });
}

TEST_CASE("8.1 as many tiles as there are slots: none is refilled" * needs(all_todos)) {
  check_each_ring([](int stages) { return stages; });
}

TEST_CASE("8.2 one tile more than there are slots: the ring is reused once" * needs(all_todos)) {
  check_each_ring([](int stages) { return stages + 1; });
}

TEST_CASE("8.2 two whole laps" * needs(all_todos)) {
  check_each_ring([](int stages) { return 2 * stages; });
}

TEST_CASE("8.2 one tile of a third lap" * needs(all_todos)) {
  check_each_ring([](int stages) { return 2 * stages + 1; });
}

TEST_CASE("8.2 each tile is asked for once, and nothing behind the last one" * needs(all_todos)) {
  for (const Ring& ring : rings()) {
    INFO("configuration ", ring.name);
    for (const int tiles : {2, 2 * ring.stages + 2}) {  // even: some kernels take twice as many keys at a time
      CAPTURE(tiles);
      const Shape shape = one_head(1, tiles * tile_keys);
      check(shape, ring.name);
      check_nothing_else_is_copied(shape);
    }
  }
}

TEST_CASE("8.2 the last tile may lack keys, or have one alone" * needs(all_todos)) {
  for (const int keys : {1, 31, 33, 63, 65}) {
    CAPTURE(keys);
    check(one_head(1, keys));
  }
}

TEST_CASE("8.2 causal: the blocks of a head have different numbers of tiles" * needs(all_todos)) {
  check(causal(one_head(65, 65)));  // 64 keys are two tiles, 65 are three
  check(causal(one_head(3, 66, 128)));
}

TEST_CASE("8.3 each tile's values meet its own keys" * needs(all_todos)) {
  check(make_address_coded_inputs(so_many_tiles(5), 1));
}

TEST_CASE("8.3 every query has its place, also where they fill neither warp nor block" * needs(all_todos)) {
  for (const int queries : {15, 16, 17, 63, 64, 65}) {  // a warp has 16, a block 64
    CAPTURE(queries);
    check(one_head(queries, 7));
  }
}

TEST_CASE("8.3 heads, batch and dims are told apart" * needs(all_todos)) {
  const Shape shape{.batch = 2, .heads = 2, .queries = 2, .keys = 40, .dim = 64};
  check(make_address_coded_inputs(shape, 2));
  check({.batch = 1, .heads = 2, .queries = 5, .keys = 20, .dim = 128});
}

TEST_CASE("8.3 scores of any size, equal keys, heads of zeros" * needs(all_todos)) {
  const Shape shape = one_head(5, 40);  // two tiles
  check(large_scores(shape, 1));
  check(identical_keys(shape, 2));
  check(shifted_scores(shape, 3, 0, 32, -400));  // the first tile is forgotten
  check(shifted_scores(shape, 4, 37, 38, 400));  // one key leads
  check(zero_heads({.batch = 1, .heads = 2, .queries = 5, .keys = 40, .dim = 64}, 5));
}

TEST_CASE("8.3 whoever is late, the result has the same bits" * needs(all_todos)) {
#if GPU_IS_REAL
  const Shape shape = mission_shape();
#else
  const Shape shape = so_many_tiles(2);
#endif
  const Inputs inputs = make_inputs(shape, 5);
  for (const Ring& ring : rings()) {
    INFO("configuration ", ring.name);
    check_bits(inputs, ring.stages == 3 ? 200 : 40, ring.name);
  }
}

TEST_CASE("8.3 a ring of any length does the same work, and leaves the same bits" * needs(all_todos)) {
  const Inputs inputs = make_inputs(so_many_tiles(7), 6);
  DeviceProblem device(inputs);
  const std::vector<half> first = output_of(rings().front(), device);
#if !GPU_IS_REAL
  const emulator::Counts work = emulator::counts();
#endif
  for (const Ring& ring : rings()) {
    INFO("configuration ", ring.name);
    const std::vector<half> output = output_of(ring, device);
    CHECK(std::memcmp(output.data(), first.data(), first.size() * sizeof(half)) == 0);
#if !GPU_IS_REAL
    const emulator::Counts& counts = emulator::counts();
    CHECK(counts.threads == work.threads);
    CHECK(counts.cp_async_copies == work.cp_async_copies);
    CHECK(counts.cp_async_bytes == work.cp_async_bytes);
    CHECK(counts.waits == work.waits);
    CHECK(counts.block_barriers == work.block_barriers);
    CHECK(counts.warp_collectives == work.warp_collectives);
    CHECK(counts.shared_loads == work.shared_loads);
    CHECK(counts.shared_stores == work.shared_stores);
    CHECK(counts.global_loads == work.global_loads);
    CHECK(counts.global_stores == work.global_stores);
#endif
  }
}

#if GPU_IS_REAL
TEST_CASE("8.3 two, three and four stages have the same registers and as many blocks on an SM" * needs(all_todos)) {
  const int sm = gpu::device().compute_capability / 10;
  if (sm != 9 && sm != 10) return;  // the others' SMs have less than 228 KB of shared memory
  const Inputs inputs = make_inputs(so_many_tiles(1), 7);
  DeviceProblem device(inputs);
  output_of(rings().front(), device);
  const gpu::KernelInfo first = gpu::last_kernel_info();
  for (const Ring& ring : rings()) {
    if (ring.stages == 1) continue;  // one slot is less memory: a block more may fit
    INFO("configuration ", ring.name);
    output_of(ring, device);
    const gpu::KernelInfo info = gpu::last_kernel_info();
    CHECK((info.registers + 7) / 8 == (first.registers + 7) / 8);  // an SM deals them out in eights
    CHECK(info.blocks_per_sm == first.blocks_per_sm);
  }
}
#endif

TEST_CASE("8.3 the whole operator" * needs(all_todos)) {
  check(quick_shape());
#if GPU_IS_REAL
  for (const Ring& ring : rings()) {
    INFO("configuration ", ring.name);
    check(mission_shape(), ring.name);
    check(long_shape(), ring.name);
    check(decode_shape(), ring.name);
    check({.batch = 2, .heads = 3, .queries = 333, .keys = 777, .dim = 128, .causal = true}, ring.name);
  }
#endif
}
