#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace gpu {

/// The machine that kernels of this build run on.
struct Device {
  std::string name;             // "NVIDIA H200", or "emulator"
  int compute_capability = 0;   // 90 is 9.0; 0 on the emulator
  int sms = 0;                  // streaming multiprocessors
  double clock_hz = 0;          // the highest SM clock
  double dram_bytes_per_s = 0;  // peak by clock and bus width
  std::size_t l2_bytes = 0;
  std::string driver;   // the driver's version, "580.159.04"
  std::string runtime;  // CUDA version of this build
};

/// Asks the device. Errors: Error if there is none (see why_not).
Device device();

/// Why kernels that need this compute capability (90 is 9.0) cannot run here: one sentence, or "" if they can.
std::string why_not(int compute_capability);

/// Waits for all launches. Errors: Error for a launch that failed, for an open TODO that a kernel came to, and for
/// waits that the watchdog ended (watchdog.h).
void synchronize();

/// A hint for a wrong result of the last launch, in lines that begin with a line break: on the emulator, where it read
/// shared memory that nobody had written. "" if it did not, and on a GPU.
std::string hint_for_wrong_result();

/// Whether an error has ended this process's use of the GPU: whatever asks it for something now gets an Error.
bool lost();

/// How often a test launches a kernel on a GPU.
inline constexpr int usual_gpu_runs = 3;

/// On the emulator calls `run` under as many random schedules as TUTORIAL_SCHEDULES says (default 20), and under a
/// fifth as many of PCT's (see emulator::Search); or only under TUTORIAL_SEED (with TUTORIAL_SEARCH=pct: of PCT), or
/// under the schedule in the file TUTORIAL_REPLAY. On a GPU no schedule can be chosen: there it calls it `gpu_runs`
/// times, without delays and with those of seeds 1, 2, ... (watchdog.h), or once with those of TUTORIAL_SEED. Errors:
/// Error if a variable is no number or asks for 0 schedules; whatever `run` throws.
void for_each_schedule(const std::function<void()>& run, int gpu_runs = usual_gpu_runs);

}  // namespace gpu
