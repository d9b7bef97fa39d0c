// Asynchronous copies against plain references: what they bring, when, and whom they tell.

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "emulator/tests/async_result.h"
#include "gpu/tensor_map.h"

namespace {

using namespace async_kernels;

constexpr int poison = 0x7fff7fff;  // a word of shared memory that nobody has written, or that a copy will write
constexpr int source = global + first_numbered_word;  // words 64, 65, ... of global memory hold 64, 65, ...
constexpr int value_at_source = first_numbered_word;

// What Op::look has seen, look after look. It runs between kernel code: no containers.
std::array<std::array<int, 256>, 32> seen;
std::size_t looks = 0;

Result run_and_look(const Program& program) {
  looks = 0;
  return run(program);
}

// Runs `check` under `schedules` schedules, whatever the environment says: it may ask what all of them have in common.
void for_seeds(uint64_t schedules, const std::function<void()>& check) {
  emulator::Options options = emulator::options();
  options.shortens = false;
  for (options.seed = 0; options.seed < schedules; ++options.seed) {
    const With with(options);
    CAPTURE(options.seed);
    check();
  }
}

Result run_steps(int threads, std::initializer_list<Step> steps) { return run(Program(threads, steps)); }

void check_always(const std::string& finding, int threads, std::initializer_list<Step> steps) {
  for_seeds(20, [&] {
    const Result result = run_steps(threads, steps);
    INFO(result.message);
    CHECK(result.finding == finding);
  });
}

// A bulk copy of c bytes from word b to word a, with all that it needs.
Result bulk_copy(long to, long from, long bytes) {
  return run_steps(1, {{0, Op::init, 0, 1},
                       {0, Op::init_fence},
                       {0, Op::bulk, to, from, bytes, 0},
                       {0, Op::arrive_expect, 0, bytes},
                       {0, Op::wait_parity, 0, 0},
                       {0, Op::look}});
}

}  // namespace

void async_kernels::look(const int* words) {
  if (looks == seen.size()) return;
  const volatile int* const there = words;
  for (int i = 0; i < 256; ++i) seen[looks][i] = there[i];
  ++looks;
}

TEST_CASE("a bulk copy brings its bytes, and nothing beyond them") {
  for (const long bytes : {16, 48, 512, 960}) {
    for (const long to : {0, 4, 12}) {
      looks = 0;
      const Result result = bulk_copy(to, source + 4, bytes);
      REQUIRE(result.finding == "");
      REQUIRE(looks == 1);
      for (long i = 0; i < 256; ++i) {
        CAPTURE(i);
        REQUIRE(seen[0][i] == (i >= to && i < to + bytes / 4 ? value_at_source + 4 + i - to : poison));
      }
      CHECK(emulator::counts().bulk_copies == 1);
      CHECK(emulator::counts().bulk_copy_bytes == static_cast<uint64_t>(bytes));
    }
  }
}

TEST_CASE("what a copy brings has been written, and what lies behind it has not") {
  const auto first_unwritten = [](std::vector<Step> steps, long word) {
    Program program(1, {});
    for (const Step& step : steps) program.add(step);
    program.add({0, Op::load, word});
    REQUIRE(run(program).finding == "");
    return emulator::unwritten_read();
  };
  const std::vector<Step> bulk{{0, Op::init, 0, 1},
                               {0, Op::init_fence},
                               {0, Op::bulk, 0, source, 16, 0},
                               {0, Op::arrive_expect, 0, 16},
                               {0, Op::wait_parity, 0, 0}};
  const std::vector<Step> cp_async{{0, Op::cp_async_16, 0, source, 16}, {0, Op::wait_all}};
  for (const auto& copy : {bulk, cp_async}) {
    CHECK(first_unwritten(copy, 3) == "");
    CHECK(first_unwritten(copy, 4).find("read of 4 bytes at byte 16 of shared memory") != std::string::npos);
  }
}

TEST_CASE("a bulk copy that is misaligned or outside is refused at its request") {
  CHECK(bulk_copy(1, source, 16).finding == "misaligned-copy");
  CHECK(bulk_copy(2, source, 16).finding == "misaligned-copy");
  CHECK(bulk_copy(0, source + 2, 16).finding == "misaligned-copy");
  for (const long bytes : {0, 4, 8, 24}) CHECK(bulk_copy(0, source, bytes).finding == "misaligned-copy");
  CHECK(bulk_copy(0, global + global_words - 16, 64).finding == "");
  CHECK(bulk_copy(0, global + global_words - 16, 80).finding == "out-of-bounds");
  CHECK(bulk_copy(0, global + global_words, 16).finding == "out-of-bounds");
  CHECK(bulk_copy(0, global - 4, 16).finding == "out-of-bounds");
  CHECK(bulk_copy(0, 64, 16).finding == "out-of-bounds");           // a source in shared memory
  CHECK(bulk_copy(global, source, 16).finding == "out-of-bounds");  // a destination in global memory
  CHECK(bulk_copy(280, source, 32).finding == "");                  // the last bytes of shared memory
  CHECK(bulk_copy(280, source, 48).finding == "out-of-bounds");
  CHECK(bulk_copy(252, source, 16).finding == "");
  CHECK(bulk_copy(252, source, 32).finding == "barrier-overwritten");
}

TEST_CASE("until it has landed a copy's destination is poison, or partly there, from either end") {
  Program program(1, {{0, Op::init, 0, 1}, {0, Op::store, 128, 1}});
  for (const int word : {0, 64, 127}) program.add({0, Op::store, word, 5});  // is lost at the request
  program.add({0, Op::proxy_fence});
  program.add({0, Op::look});
  program.add({0, Op::bulk, 0, source, 512, 0});
  program.add({0, Op::arrive_expect, 0, 512});
  for (int i = 0; i < 8; ++i) {
    program.add({0, Op::look});
    program.add({0, Op::test_parity, 0, 0});
  }
  program.add({0, Op::wait_parity, 0, 0});
  program.add({0, Op::look});
  std::set<std::string> kinds;
  for_seeds(200, [&] {
    REQUIRE(run_and_look(program).finding == "");
    REQUIRE(looks == 10);
    int landed_before = 0;
    for (std::size_t look = 1; look < looks; ++look) {
      const auto& words = seen[look];
      int landed = 0, changes = 0;
      for (int i = 0; i < 128; ++i) {
        REQUIRE((words[i] == poison || words[i] == value_at_source + i));
        landed += words[i] != poison;
        if (i > 0) changes += (words[i] == poison) != (words[i - 1] == poison);
      }
      REQUIRE(words[128] == 1);
      REQUIRE(words[129] == poison);
      REQUIRE(changes <= 1);
      REQUIRE(landed % 4 == 0);
      REQUIRE(landed >= landed_before);
      landed_before = landed;
      kinds.insert(landed == 0 ? "none" : landed == 128 ? "all" : words[0] != poison ? "the first" : "the last");
    }
    REQUIRE(landed_before == 128);
  });
  CHECK(kinds == std::set<std::string>{"none", "the first", "the last", "all"});
}

TEST_CASE("eager copies land at their request, lazy ones when no thread can go on") {
  emulator::Options options;
  const Program program(2, {{0, Op::init, 0, 1},
                            {0, Op::init_fence},
                            {0, Op::bulk, 0, source, 16, 0},
                            {0, Op::arrive_expect, 0, 16},
                            {0, Op::cp_async_16, 4, source, 16},
                            {1, Op::add, global, 1},
                            {1, Op::add, global, 1},
                            {1, Op::add, global, 1},
                            {0, Op::add, global, 1},
                            {0, Op::look},
                            {0, Op::wait_parity, 0, 0},
                            {0, Op::wait_all},
                            {0, Op::look}});
  options.completion = emulator::Completion::eager;
  {
    const With with(options);
    for_seeds(20, [&] {
      REQUIRE(run_and_look(program).finding == "");
      CHECK(seen[0][0] == value_at_source);
      CHECK(seen[0][4] == value_at_source);
      CHECK(emulator::counts().waits_blocked == 0);
    });
  }
  for (const auto search : {emulator::Search::random, emulator::Search::pct}) {
    options.completion = emulator::Completion::lazy;
    options.search = search;
    const With with(options);
    for_seeds(20, [&] {
      REQUIRE(run_and_look(program).finding == "");
      CHECK(seen[0][0] == poison);
      CHECK(seen[0][4] == poison);
      CHECK(seen[1][0] == value_at_source);
      CHECK(seen[1][4] == value_at_source);
    });
  }
}

namespace {

// A random tensor with gaps between its rows, planes and so on, and a box of it.
struct Tensor {
  TensorMapDescription description{};
  int at[5] = {};
  int element_bytes = 0;
  std::size_t bytes = 0;  // of the tensor, gaps included, up to its last element
  int box_bytes = 0;
};

struct Element {
  ElementType type;
  int bytes;
  bool is_float;
};

Tensor random_tensor(std::mt19937& random) {
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<unsigned>(n)); };
  const std::array<Element, 8> elements{{{ElementType::u8, 1, false},
                                         {ElementType::u16, 2, false},
                                         {ElementType::f16, 2, true},
                                         {ElementType::bf16, 2, true},
                                         {ElementType::s32, 4, false},
                                         {ElementType::f32, 4, true},
                                         {ElementType::u64, 8, false},
                                         {ElementType::f64, 8, true}}};
  const Element element = elements[static_cast<std::size_t>(below(8))];
  Tensor tensor;
  TensorMapDescription& d = tensor.description;
  d.type = element.type;
  tensor.element_bytes = element.bytes;
  if (element.is_float && below(2)) d.out_of_bounds = OutOfBounds::nan;
  d.rank = static_cast<int>(1 + below(5));
  d.box[0] = 16 * (1 + below(4)) / element.bytes;
  d.dims[0] = 1 + below(2 * d.box[0]);
  tensor.box_bytes = static_cast<int>(d.box[0]) * element.bytes;
  tensor.bytes = static_cast<std::size_t>(d.dims[0] * element.bytes);
  for (int i = 1; i < d.rank; ++i) {
    d.box[i] = 1 + below(3);
    d.dims[i] = 1 + below(5);
    d.strides[i - 1] = (static_cast<int64_t>(tensor.bytes) + 15) / 16 * 16 + 16 * below(3);
    tensor.box_bytes *= static_cast<int>(d.box[i]);
    tensor.bytes += static_cast<std::size_t>((d.dims[i] - 1) * d.strides[i - 1]);
  }
  for (int i = 0; i < d.rank; ++i) {  // inside, across either edge, or wholly outside
    tensor.at[i] = static_cast<int>(below(d.dims[i] + d.box[i] + 2) - d.box[i] - 1);
    if (below(2)) tensor.at[i] = static_cast<int>(below(d.dims[i]));
  }
  const int unit = 16 / element.bytes;  // the innermost coordinate is at a multiple of 16 bytes
  tensor.at[0] = (tensor.at[0] + 100 * unit) / unit * unit - 100 * unit;
  return tensor;
}

bool is_nan(const unsigned char* bytes, ElementType type) {
  uint16_t half = 0;
  float single = 0;
  double twice = 0;
  std::memcpy(&half, bytes, 2);
  if (type == ElementType::f16) return (half & 0x7c00) == 0x7c00 && (half & 0x3ff);
  if (type == ElementType::bf16) return (half & 0x7f80) == 0x7f80 && (half & 0x7f);
  if (type == ElementType::f32) return std::memcpy(&single, bytes, 4), std::isnan(single);
  return std::memcpy(&twice, bytes, 8), std::isnan(twice);
}

// Compares the landed box with the tensor, element by element. Returns how many elements were outside of it.
int check_box(const Tensor& tensor, const std::vector<unsigned char>& content, const unsigned char* landed) {
  const TensorMapDescription& d = tensor.description;
  const int size = tensor.element_bytes;
  int outside = 0;
  for (int element = 0; element < tensor.box_bytes / size; ++element) {
    int64_t rest = element, from = 0;
    bool is_inside = true;
    for (int i = 0; i < d.rank; ++i) {
      const int64_t index = tensor.at[i] + rest % d.box[i];
      rest /= d.box[i];
      is_inside = is_inside && index >= 0 && index < d.dims[i];
      from += index * (i == 0 ? size : d.strides[i - 1]);
    }
    const unsigned char* const there = landed + element * size;
    CAPTURE(element);
    if (is_inside) {
      REQUIRE(std::equal(there, there + size, content.begin() + from));
    } else if (d.out_of_bounds == OutOfBounds::nan) {
      REQUIRE(is_nan(there, d.type));
    } else {
      REQUIRE(std::all_of(there, there + size, [](unsigned char byte) { return byte == 0; }));
    }
    outside += !is_inside;
  }
  return outside;
}

// Returns the finding, and what shared memory held at last.
std::string copy_box_of(const TensorMap& map, const Tensor& tensor, int offset, std::vector<unsigned char>& landed) {
  std::vector<int> storage(box_words);
  const gpu::DeviceBuffer<int> output("output", std::span<const int>(storage), 0);
  try {
    copy_box(map, tensor.description.rank, tensor.at, offset, tensor.box_bytes, output.data());
  } catch (const emulator::Finding& finding) {
    return finding.name();
  }
  output.download(storage);
  landed.resize(4 * box_words);
  std::memcpy(landed.data(), storage.data(), landed.size());
  return "";
}

}  // namespace

TEST_CASE("a tensor copy brings the box of random tensors, with zeros or NaN where it hangs over their edges") {
  std::mt19937 random(3);
  std::array<int, 6> ranks{};
  int whole = 0, partly = 0, wholly_outside = 0;
  emulator::Options options;
  for (int round = 0; round < 600; ++round) {
    Tensor tensor = random_tensor(random);
    std::vector<unsigned char> content(tensor.bytes), output;
    for (unsigned char& byte : content) byte = static_cast<unsigned char>(1 + random() % 0x70);  // no zero, no NaN
    const gpu::DeviceBuffer<unsigned char> input("input", std::span<const unsigned char>(content), 0);
    tensor.description.base = input.data();
    CAPTURE(round);
    REQUIRE(gpu::what_is_wrong_with(tensor.description) == "");
    const int offset = static_cast<int>(128 * (random() % 8));
    options.seed = static_cast<uint64_t>(round);
    const With with(options);
    REQUIRE(copy_box_of(make_tensor_map(tensor.description), tensor, offset, output) == "");
    CHECK(emulator::counts().tensor_copies == 1);
    CHECK(emulator::counts().tensor_copy_bytes == static_cast<uint64_t>(tensor.box_bytes));
    CHECK(emulator::counts().bulk_copies == 0);
    const int outside = check_box(tensor, content, output.data() + offset);
    const auto is_untouched = [](unsigned char byte) { return byte == (filler & 0xff); };
    REQUIRE(std::all_of(output.begin(), output.begin() + offset, is_untouched));
    REQUIRE(std::all_of(output.begin() + offset + tensor.box_bytes, output.end(), is_untouched));
    ++ranks[static_cast<std::size_t>(tensor.description.rank)];
    whole += outside == 0;
    wholly_outside += outside == tensor.box_bytes / tensor.element_bytes;
    partly += outside > 0 && outside < tensor.box_bytes / tensor.element_bytes;
  }
  for (int rank = 1; rank <= 5; ++rank) CHECK(ranks[static_cast<std::size_t>(rank)] > 60);
  CHECK(whole > 40);
  CHECK(partly > 60);
  CHECK(wholly_outside > 60);
}

TEST_CASE("a tensor copy needs a map, of its rank, of memory that is there, and a destination aligned to 128") {
  const std::vector<float> content(64, 1.0f);
  std::vector<unsigned char> output;
  const gpu::DeviceBuffer<float> input("input", std::span<const float>(content), 0);
  const TensorMap map = make_tensor_map<float>(input.data(), {8, 8}, {4, 2});
  Tensor tensor;
  tensor.description.rank = 2;
  tensor.box_bytes = 32;
  CHECK(copy_box_of(map, tensor, 4 * box_words - 128, output) == "");
  CHECK(copy_box_of(map, tensor, 64, output) == "misaligned-copy");
  CHECK(copy_box_of(map, tensor, 16, output) == "misaligned-copy");
  CHECK(copy_box_of(TensorMap{}, tensor, 0, output) == "bad-tensor-map");
  for (const int rank : {1, 3}) {
    tensor.description.rank = rank;
    CHECK(copy_box_of(map, tensor, 0, output) == "bad-tensor-map");
  }
  tensor.description.rank = 2;
  const TensorMap taller = make_tensor_map<float>(input.data(), {8, 9}, {4, 2});  // than the buffer
  tensor.at[1] = 7;
  CHECK(copy_box_of(map, tensor, 0, output) == "");
  CHECK(copy_box_of(taller, tensor, 0, output) == "out-of-bounds");
  const TensorMap large = make_tensor_map<float>(input.data(), {8, 8}, {128, 16});  // 8192 bytes
  tensor.box_bytes = 8192;
  CHECK(copy_box_of(large, tensor, 0, output) == "");
  CHECK(copy_box_of(large, tensor, 256, output) == "out-of-bounds");
}

TEST_CASE("cp.async brings 4, 8 or 16 bytes, zeros where it takes fewer from its source, and nothing beyond them") {
  for (const auto& [op, bytes] : {std::pair{Op::cp_async_4, 4}, {Op::cp_async_8, 8}, {Op::cp_async_16, 16}}) {
    for (int taken = 0; taken <= bytes; ++taken) {
      looks = 0;
      const Result result =
          run_steps(1, {{0, op, 4, source + 4, taken}, {0, Op::wait_all}, {0, Op::look}, {0, Op::load, 4}});
      REQUIRE(result.finding == "");
      std::array<unsigned char, 32> there{}, expected{};
      std::memcpy(there.data(), &seen[0][4], 32);
      std::fill(expected.begin() + bytes, expected.end(), 0x7f);
      for (int i = 0; i < taken; ++i) expected[i] = static_cast<unsigned char>(i % 4 ? 0 : value_at_source + 4 + i / 4);
      for (int i = bytes; i < 32; i += 2) expected[i] = 0xff;
      CAPTURE(bytes);
      CAPTURE(taken);
      CHECK(there == expected);
      CHECK(emulator::counts().cp_async_copies == 1);
      CHECK(emulator::counts().cp_async_bytes == static_cast<uint64_t>(taken));
    }
    const auto copy = [&, op = op](long to, long from, long taken) {
      return run_steps(1, {{0, op, to, from, taken}, {0, Op::wait_all}}).finding;
    };
    CHECK(copy(4, source, bytes + 1) == "misaligned-copy");
    CHECK(copy(5, source, bytes) == (bytes == 4 ? "" : "misaligned-copy"));
    CHECK(copy(6, source, bytes) == (bytes == 16 ? "misaligned-copy" : ""));
    CHECK(copy(4, source + 1, bytes) == (bytes == 4 ? "" : "misaligned-copy"));
    CHECK(copy(4, source + 2, bytes) == (bytes == 16 ? "misaligned-copy" : ""));
    CHECK(copy(4, global + global_words - bytes / 4, bytes) == "");
    CHECK(copy(4, global + global_words, bytes) == "out-of-bounds");
    CHECK(copy(4, global + global_words, 0) == "");  // it takes nothing from there
    CHECK(copy(288, source, bytes) == "out-of-bounds");
    CHECK(copy(288 - bytes / 4, source, bytes) == "");
    CHECK(copy(global, source, bytes) == "out-of-bounds");
    CHECK(copy(4, 64, bytes) == "out-of-bounds");  // a source in shared memory
  }
}

TEST_CASE("groups of cp.async complete one after another, the copies of a group in any order") {
  Program program;
  for (int group = 0; group < 3; ++group) {
    program.add({0, Op::cp_async_16, 8 * group, source + 8 * group, 16});
    program.add({0, Op::cp_async_16, 8 * group + 4, source + 8 * group + 4, 16});
    program.add({0, Op::commit});
  }
  for (int i = 0; i < 6; ++i) {
    program.add({0, Op::add, global, 1});  // others may go first
    program.add({0, Op::look});
  }
  program.add({0, Op::wait_group, 0});
  program.add({0, Op::look});
  bool second_first = false, first_first = false;
  std::set<int> landed_copies;
  for_seeds(200, [&] {
    REQUIRE(run_and_look(program).finding == "");
    REQUIRE(looks == 7);
    for (std::size_t look = 0; look < looks; ++look) {
      const auto has_landed = [&](int copy) { return seen[look][4 * copy + 3] == value_at_source + 4 * copy + 3; };
      int landed = 0;
      for (int copy = 0; copy < 6; ++copy) {
        REQUIRE((has_landed(copy) || seen[look][4 * copy + 3] == poison));
        landed += has_landed(copy);
        if (copy >= 2 && has_landed(copy)) {
          REQUIRE(has_landed(copy / 2 * 2 - 2));
          REQUIRE(has_landed(copy / 2 * 2 - 1));
        }
      }
      landed_copies.insert(landed);
      first_first = first_first || (has_landed(0) && !has_landed(1));
      second_first = second_first || (has_landed(1) && !has_landed(0));
      if (look == 6) REQUIRE(landed == 6);
    }
  });
  CHECK(first_first);
  CHECK(second_first);
  CHECK(landed_copies.size() == 7);
}

TEST_CASE("wait_group<N> waits for all groups but the last N") {
  emulator::Options options;
  options.completion = emulator::Completion::lazy;  // nothing lands that nobody waits for
  const With with(options);
  for (int committed = 0; committed <= 5; ++committed) {
    for (int pending = 0; pending <= 3; ++pending) {
      Program program;
      for (int group = 0; group < committed; ++group) {
        program.add({0, Op::cp_async_16, 4 * group, source, 16});
        program.add({0, Op::commit});
      }
      program.add({0, Op::cp_async_4, 60, source, 4});  // of no group yet
      program.add({0, Op::wait_group, pending});
      program.add({0, Op::look});
      program.add({0, Op::wait_all});
      program.add({0, Op::look});
      for_seeds(10, [&] {
        REQUIRE(run_and_look(program).finding == "");
        CAPTURE(committed);
        CAPTURE(pending);
        for (int group = 0; group < committed; ++group) {
          CHECK(seen[0][4 * group] == (group < committed - pending ? value_at_source : poison));
          CHECK(seen[1][4 * group] == value_at_source);
        }
        CHECK(seen[0][60] == poison);
        CHECK(seen[1][60] == value_at_source);
        CHECK(emulator::counts().waits == 2);
        CHECK(emulator::counts().waits_blocked == (committed > pending ? 2 : 1));
      });
    }
  }
}

TEST_CASE("what a thread has waited for it may read; an empty group counts, and a copy outside all groups does not") {
  const Step copy{0, Op::cp_async_16, 0, source, 16}, commit{0, Op::commit}, read{0, Op::load, 0};
  const auto wait = [](long pending) { return Step{0, Op::wait_group, pending}; };
  check_always("", 1, {copy, commit, wait(0), read});
  check_always("", 1, {copy, {0, Op::wait_all}, read});
  check_always("", 1, {copy, commit, commit, wait(1), read});
  check_always("", 1, {copy, commit, commit, commit, commit, wait(3), read});
  check_always("", 1, {copy, commit, wait(0), commit, commit, wait(1), read});
  check_always("read-in-flight", 1, {copy, read});
  check_always("read-in-flight", 1, {copy, commit, read});
  check_always("read-in-flight", 1, {copy, wait(0), commit, read});
  check_always("read-in-flight", 1, {commit, copy, wait(0), read});
  check_always("read-in-flight", 1, {copy, commit, wait(1), read});
  check_always("read-in-flight", 1, {copy, commit, commit, commit, wait(3), read});
  check_always("read-in-flight", 1, {copy, commit, wait(1), commit, wait(2), read});
  check_always("read-in-flight", 1, {{0, Op::cp_async_4, 8, source, 4}, commit, wait(0), copy, commit, wait(1), read});
  check_always("write-in-flight", 1, {copy, commit, {0, Op::store, 3, 1}});
  check_always("write-in-flight", 1, {copy, copy});
  check_always("", 1, {copy, commit, wait(0), copy, commit, wait(0), read});
  check_always("source-changed-in-flight", 1, {copy, {0, Op::store, source + 3, 1}});
  check_always("", 1, {copy, {0, Op::wait_all}, {0, Op::store, source + 3, 1}});
}

TEST_CASE("what cp.async brought is its thread's own until a barrier behind the wait") {
  const Step copy{0, Op::cp_async_16, 0, source, 16}, wait{0, Op::wait_all}, read{1, Op::load, 0};
  const Step meet_0{0, Op::block_barrier}, meet_1{1, Op::block_barrier};
  check_always("", 2, {copy, wait, meet_0, meet_1, read});
  check_always("", 2, {copy, wait, {0, Op::warp_barrier, 3}, {1, Op::warp_barrier, 3}, read});
  for_seeds(40, [&] {
    const std::string finding = run_steps(2, {copy, meet_0, wait, meet_1, read}).finding;
    CHECK((finding == "visible-to-issuer-only" || finding == "read-in-flight"));
    CHECK(run_steps(2, {copy, wait, {0, Op::ballot, 3, 1}, {1, Op::ballot, 3, 1}, read}).finding ==
          "visible-to-issuer-only");
  });
}

TEST_CASE("a read of a cp.async in flight is told which wait to look at, and whether it or a barrier is missing") {
  const Step copy{0, Op::cp_async_16, 0, source, 16}, commit{0, Op::commit}, read{0, Op::load, 0};
  const auto says = [](int threads, std::initializer_list<Step> steps, const std::string& part) {
    const Result result = run_steps(threads, steps);
    INFO(result.message);
    CHECK(result.finding == "read-in-flight");
    CHECK(result.message.find(part) != std::string::npos);
  };
  const Step wait_1{0, Op::wait_group, 1};
  says(1, {copy, commit, wait_1, read}, ": N = 1, 1 group committed by then, so for none of them");
  says(1, {commit, commit, copy, commit, wait_1, read}, ": N = 1, 3 groups committed by then, so for 2 of them");
  says(1, {copy, wait_1, commit, read}, ": N = 1, 0 groups committed by then, so for none of them");
  says(1, {copy, commit, read}, "warp 0, lane 0 has not waited since it requested this copy");
  says(1, {commit, {0, Op::wait_all}, copy, commit, read}, "lane 0 has not waited since it requested this copy");
  const Step own{1, Op::cp_async_16, 4, source, 16};
  const Step meet{everybody, Op::block_barrier};
  says(2, {copy, own, {everybody, Op::commit}, meet, {1, Op::wait_group, 0}, {1, Op::load, 0}},
       "and not met warp 0, lane 0");
  says(2, {copy, own, {everybody, Op::commit}, meet, {1, Op::wait_group, 1}, {1, Op::load, 0}},
       "warp 0, lane 0 has not waited since it requested this copy");
  says(2, {copy, {0, Op::commit}, meet, {1, Op::load, 0}},
       "warp 0, lane 0 has not waited since it requested this copy");
}

TEST_CASE("cp.async needs no proxy fence; a bulk copy to the same bytes does") {
  const Step copy{0, Op::cp_async_16, 0, source, 16}, wait{0, Op::wait_all}, read{0, Op::load, 1};
  const Step init{0, Op::init, 0, 1}, init_fence{0, Op::init_fence}, fence{0, Op::proxy_fence};
  const Step meet{everybody, Op::block_barrier}, bulk{0, Op::bulk, 0, source, 16, 0};
  const Step expect{0, Op::arrive_expect, 0, 16}, wait_phase{0, Op::wait_parity, 0, 0};
  check_always("", 2, {{0, Op::store, 1, 5}, copy, wait, read});
  check_always("", 2, {{1, Op::load, 1}, {1, Op::store, 2, 5}, meet, copy, wait, read});
  check_always("", 2, {{1, Op::store, source, 5}, meet, copy, wait, read});
  check_always("overwrite-while-read", 2, {{1, Op::load, 1}, {everybody, Op::ballot, 3, 1}, copy, wait});
  check_always("unfenced-store", 2, {init, init_fence, copy, wait, bulk, expect, wait_phase});
  check_always("", 2, {init, copy, wait, fence, bulk, expect, wait_phase, copy, wait, read});
  check_always("write-in-flight", 2, {init, init_fence, copy, bulk, expect, wait_phase});
}

TEST_CASE("cp_async_mbarrier_arrive arrives when the thread's copies have landed, and brings its own arrival") {
  const Step init{0, Op::init, 0, 1}, meet_0{0, Op::block_barrier}, meet_1{1, Op::block_barrier};
  const Step copy{0, Op::cp_async_16, 0, source, 16}, wait{1, Op::wait_parity, 0, 0}, read{1, Op::load, 3};
  const Step arrive{0, Op::arrive, 0, 1}, arrive_copied{0, Op::arrive_copied, 0};
  check_always("", 2, {init, meet_0, meet_1, copy, arrive_copied, arrive, wait, read});
  check_always("", 2, {init, meet_0, meet_1, copy, arrive_copied, arrive_copied, arrive, wait, read});
  check_always("deadlock", 2, {init, meet_0, meet_1, copy, arrive_copied, wait, read});
  check_always("read-in-flight", 2, {init, meet_0, meet_1, arrive_copied, copy, arrive, wait, read});
  check_always("", 2, {init, meet_0, meet_1, arrive_copied, arrive, wait});
}

TEST_CASE("cp_async_mbarrier_arrive_noinc is an arrival that the barrier counts") {
  const Step init{0, Op::init, 0, 1}, meet_0{0, Op::block_barrier}, meet_1{1, Op::block_barrier};
  const Step copy{0, Op::cp_async_16, 0, source, 16}, wait{1, Op::wait_parity, 0, 0}, read{1, Op::load, 3};
  const Step arrive{0, Op::arrive, 0, 1}, noinc{0, Op::arrive_noinc, 0};
  check_always("", 2, {init, meet_0, meet_1, copy, noinc, wait, read});
  check_always("", 2, {{0, Op::init, 0, 2}, meet_0, meet_1, copy, noinc, arrive, wait, read});
  check_always("read-in-flight", 2, {init, meet_0, meet_1, noinc, copy, wait, read});
  check_always("", 2, {init, meet_0, meet_1, noinc, wait});
  // An arrival for copies that have landed already, and one that waits for none of the later ones.
  check_always("", 2, {init, meet_0, meet_1, copy, {0, Op::wait_all}, noinc, wait, read});
  check_always("", 2,
               {init, meet_0, meet_1, copy, noinc, {0, Op::cp_async_16, 4, source, 16}, wait, read, {0, Op::wait_all}});
  // In the end all arrive, also where two barriers wait for copies of one thread.
  check_always("", 2,
               {init,
                {0, Op::init, 1, 1},
                meet_0,
                meet_1,
                copy,
                noinc,
                {0, Op::cp_async_16, 4, source, 16},
                {0, Op::arrive_noinc, 1},
                {1, Op::wait_parity, 1, 0},
                {1, Op::load, 4},
                wait,
                read});
}
