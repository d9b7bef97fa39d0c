#include "gpu/device.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>

#include "gpu/error.h"
#include "gpu/launch.h"
#include "gpu/watchdog.h"
#if !GPU_IS_REAL
#include "emulator/control.h"
#endif

namespace gpu {

namespace {

// A whole number from the environment, or `fallback`.
uint64_t number_from_environment(const char* name, uint64_t least, uint64_t fallback) {
  const char* text = std::getenv(name);
  if (!text) return fallback;
  const char* end = text + std::strlen(text);
  uint64_t value = 0;
  const auto parsed = std::from_chars(text, end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || value < least) {
    throw Error(std::string(name) + " must be a whole number, at least " + std::to_string(least) + ", and is \"" +
                text + "\"");
  }
  return value;
}

}  // namespace

#if GPU_IS_REAL

namespace {

std::string version(int number) { return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10); }

int attribute(cudaDeviceAttr which) {
  int value = 0;
  GPU_CHECK(cudaDeviceGetAttribute(&value, which, 0));
  return value;
}

// The kernel module tells its version; where it does not, the CUDA version that the driver supports must do.
std::string driver_version() {
  std::ifstream file("/sys/module/nvidia/version");
  std::string text;
  if (std::getline(file, text) && !text.empty()) return text;
  int number = 0;
  GPU_CHECK(cudaDriverGetVersion(&number));
  return "of CUDA " + version(number);
}

bool is_lost = false;

int most_blocks_per_sm = 0;  // 0: as many as fit

cudaStream_t stream_of_launches = nullptr;

struct LastLaunch {
  const void* kernel = nullptr;
  LaunchShape shape;
} last_launch;

}  // namespace

Device device() {
  cudaDeviceProp properties;
  GPU_CHECK(cudaGetDeviceProperties(&properties, 0));
  int runtime = 0;
  GPU_CHECK(cudaRuntimeGetVersion(&runtime));
  // Two transfers a clock (double data rate); the clock is in kHz, the bus width in bits.
  const double dram =
      2.0 * attribute(cudaDevAttrMemoryClockRate) * 1e3 * attribute(cudaDevAttrGlobalMemoryBusWidth) / 8;
  return {properties.name,
          10 * properties.major + properties.minor,
          properties.multiProcessorCount,
          attribute(cudaDevAttrClockRate) * 1e3,
          dram,
          static_cast<std::size_t>(properties.l2CacheSize),
          driver_version(),
          version(runtime)};
}

std::string why_not(int compute_capability) {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result != cudaSuccess || count == 0) {
    return std::string("no GPU can be used here (") + cudaGetErrorString(result) +
           "): the emulator runs every chapter without one";
  }
  const int present = 10 * attribute(cudaDevAttrComputeCapabilityMajor) + attribute(cudaDevAttrComputeCapabilityMinor);
  if (present >= compute_capability) return "";
  const auto dotted = [](int c) { return std::to_string(c / 10) + "." + std::to_string(c % 10); };
  return "this chapter needs a GPU of compute capability " + dotted(compute_capability) + " or higher, and this one (" +
         device().name + ") has " + dotted(present) + ": the emulator runs it";
}

namespace {

unsigned* the_todo_word = nullptr;

void throw_if_todo_is_open() {
  if (!the_todo_word) return;
  volatile unsigned* const word = the_todo_word;
  const unsigned number = *word;
  *word = 0;
  if (number != 0) throw_todo(number, nullptr, 0);
}

}  // namespace

unsigned* todo_word() {
  if (!the_todo_word) {
    void* memory = nullptr;
    GPU_CHECK(cudaHostAlloc(&memory, sizeof(unsigned), cudaHostAllocMapped));
    the_todo_word = new (memory) unsigned{0};
  }
  return the_todo_word;
}

void throw_todo(unsigned number, const char* file, int line) {
  const std::string place = file ? std::string("\n   ") + file + ":" + std::to_string(line) : "";
  throw Error("error[todo]: TODO " + std::to_string(number / 100) + "." + std::to_string(number % 100) +
              " is not done yet" + place);
}

void check(cudaError_t result, const char* call, const char* file, int line) {
  if (result == cudaSuccess) return;
  if (is_lost) throw Error("the GPU is lost to this process since an earlier error; start the program again");
  is_lost = cudaDeviceSynchronize() != cudaSuccess;  // an error that stays
  throw_if_todo_is_open();
  if (const std::string who_waits = watchdog::report(); !who_waits.empty()) throw Error(who_waits);
  const std::string what = std::string(cudaGetErrorString(result)) + " (" + cudaGetErrorName(result) + ")";
  if (is_lost) throw Error("error[launch-failure]: the GPU has stopped the kernel: " + what);
  throw Error(std::string(call) + " failed at " + file + ":" + std::to_string(line) + ": " + what);
}

std::string hint_for_wrong_result() { return ""; }

bool lost() { return is_lost; }

void synchronize() {
  GPU_CHECK(cudaDeviceSynchronize());
  throw_if_todo_is_open();
}

void remember_launch(const void* kernel, const LaunchShape& shape) { last_launch = {kernel, shape}; }

void limit_blocks_per_sm(int most) { most_blocks_per_sm = most; }

void launch_into(cudaStream_t stream) { stream_of_launches = stream; }

cudaStream_t launch_stream() { return stream_of_launches; }

std::size_t padded_shared_bytes(std::size_t bytes) {
  if (most_blocks_per_sm == 0) return bytes;
  const std::size_t all = attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor);
  const std::size_t reserved = attribute(cudaDevAttrReservedSharedMemoryPerBlock);  // by the system, in each block
  const std::size_t share = all / most_blocks_per_sm - reserved;
  return std::max(bytes, share / 128 * 128);
}

KernelInfo last_kernel_info() {
  if (!last_launch.kernel) return {};
  cudaFuncAttributes attributes;
  GPU_CHECK(cudaFuncGetAttributes(&attributes, last_launch.kernel));
  const LaunchShape& shape = last_launch.shape;
  KernelInfo info{attributes.numRegs, attributes.sharedSizeBytes + shape.shared_bytes, 0};
  GPU_CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(
      &info.blocks_per_sm, last_launch.kernel, static_cast<int>(shape.block.x * shape.block.y * shape.block.z),
      shape.shared_bytes));
  return info;
}

void for_each_schedule(const std::function<void()>& run, int gpu_runs) {
  struct Restored {  // whatever `run` throws
    watchdog::Options before = watchdog::options();
    ~Restored() { watchdog::options() = before; }
  } const restored;
  const auto run_with = [&](uint64_t seed) {
    watchdog::options().seed = seed;
    run();
  };
  if (std::getenv("TUTORIAL_SEED")) return run_with(number_from_environment("TUTORIAL_SEED", 0, 0));
  for (int seed = 0; seed < gpu_runs; ++seed) run_with(seed);
}

#else

Device device() { return {"emulator", 0, 0, 0, 0, 0, "", ""}; }

std::string why_not(int) { return ""; }

void synchronize() {}

KernelInfo last_kernel_info() { return {}; }

void limit_blocks_per_sm(int) {}

std::string hint_for_wrong_result() {
  std::string read = emulator::unwritten_read();
  if (read.empty()) return "";
  read.pop_back();  // the last line's end
  return "\n   the kernel read shared memory that nobody had written; if it uses what it read, begin here:\n" + read;
}

bool lost() { return false; }

void for_each_schedule(const std::function<void()>& run, int) {
  emulator::Options& options = emulator::options();
  struct Restored {  // whatever `run` throws
    emulator::Options before = emulator::options();
    ~Restored() { emulator::options() = before; }
  } const restored;
  const auto run_with = [&](emulator::Search search, uint64_t seed) {
    options.search = search;
    options.seed = seed;
    run();
  };
  if (std::getenv("TUTORIAL_SEED")) {
    const char* search = std::getenv("TUTORIAL_SEARCH");
    run_with(search && std::strcmp(search, "pct") == 0 ? emulator::Search::pct : emulator::Search::random,
             number_from_environment("TUTORIAL_SEED", 0, 0));
  } else if (std::getenv("TUTORIAL_REPLAY")) {
    run();
  } else {
    const uint64_t schedules = number_from_environment("TUTORIAL_SCHEDULES", 1, 20);
    for (uint64_t seed = 0; seed < schedules; ++seed) run_with(emulator::Search::random, seed);
    for (uint64_t seed = 0; seed < schedules / 5; ++seed) run_with(emulator::Search::pct, seed);
  }
}

#endif

void validate(const LaunchShape& shape, std::size_t allowed_bytes) {
  constexpr std::size_t most_shared_bytes = 227 * 1024;
  const auto fail = [](const std::string& sentence) { throw Error("this launch is impossible: " + sentence); };
  const auto text = [](dim3 d) {
    return std::to_string(d.x) + " x " + std::to_string(d.y) + " x " + std::to_string(d.z);
  };
  const auto volume = [](dim3 d) { return uint64_t{d.x} * d.y * d.z; };
  if (volume(shape.grid) == 0) {
    fail("its grid is " + text(shape.grid) + " blocks; where there is no work, do not launch");
  }
  if (volume(shape.block) == 0) fail("its blocks are " + text(shape.block) + " threads; a block needs at least one");
  if (volume(shape.block) > 1024 || shape.block.z > 64) {
    fail("its blocks are " + text(shape.block) + " threads; a block has at most 1024, and at most 64 in z");
  }
  if (shape.grid.x > 0x7fffffff || shape.grid.y > 65535 || shape.grid.z > 65535) {
    fail("its grid is " + text(shape.grid) + " blocks; at most 2147483647 x 65535 x 65535 are possible");
  }
  if (shape.shared_bytes > most_shared_bytes) {
    fail("it asks for " + std::to_string(shape.shared_bytes) + " bytes of shared memory per block; there are at most " +
         std::to_string(most_shared_bytes));
  }
  if (shape.shared_bytes > allowed_bytes) {
    fail("it asks for " + std::to_string(shape.shared_bytes) +
         " bytes of shared memory per block, and without a call of "
         "allow_shared_memory(kernel, bytes) " +
         std::to_string(allowed_bytes) + " are allowed");
  }
}

}  // namespace gpu
