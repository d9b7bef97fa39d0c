#pragma once

namespace emulator {

/// Which missing proxy fences and the like are findings.
enum class Policy {
  strict,    // what the PTX ISA's text demands
  guide,     // what the CUDA Programming Guide's examples do is allowed: no proxy fence between reading a slot and the
             // copy that refills it, none after mbarrier_init, and threads that have left are not awaited by
             // __syncthreads
  hardware,  // and nothing is demanded that could not be shown to matter on a GPU (docs/hardware-litmus.md)
};

}  // namespace emulator
