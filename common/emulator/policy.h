#pragma once

namespace emulator {

/// Which broken rules are findings, where the sources differ.
enum class Policy {
  strict,    // what the PTX ISA's text demands
  guide,     // what the CUDA Programming Guide's examples do is allowed: no proxy fence between reading a slot and the
             // copy that refills it, none after mbarrier_init, and threads that have left are not awaited by
             // __syncthreads
  hardware,  // what could be shown to do harm on a GPU (docs/hardware-litmus.md): a missing proxy fence between
             // ordinary accesses and a copy does; a missing fence after mbarrier_init, a phase that nobody observes,
             // and a thread that leaves before __syncthreads do not
};

}  // namespace emulator
