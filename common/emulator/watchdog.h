#pragma once

// A thread that loops without ever meeting the machine would hang the run: there is one processor, and it has it.
// A timer of processor time looks after that.

#include <csignal>

namespace emulator::watchdog {

/// The timer of a run.
void start();
void stop();

/// A thread begins a step.
void restart();

/// Set when a thread has been running for too long while it accesses memory: its next access ends the run.
extern volatile std::sig_atomic_t expired;

/// Called by every access hook: counts as a sign of life.
extern volatile unsigned long signs_of_life;

/// Ends the run: the current thread never gives the processor back. `code` is where it is.
[[noreturn]] void stop_run(const void* code);

}  // namespace emulator::watchdog
