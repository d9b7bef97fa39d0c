#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/machine.h"

namespace emulator {

/// A load or store of kernel code that conflicts with an earlier access: which rule is broken, and how it came to it.
Report explain_access(const Thread& thread, const Region& region, uintptr_t address, std::size_t bytes,
                      const Access& access, const Conflict& conflict);

/// The same for the request of a copy, whose destination (`is_write`) or source conflicts.
Report explain_request(const Thread& thread, const Region& region, const Copy& copy, bool is_write,
                       const Conflict& conflict);

/// A load or store, for a report: where it is, of what, and whose.
Report::Side side_of_access(const Thread& thread, const Region& region, uintptr_t address, std::size_t bytes,
                            const Access& access);

/// A load, a store or a copy that touches the bytes of an mbarrier in use.
Report explain_overwritten_barrier(const Thread& thread, const Barrier& barrier, const Access& access, Here here);

}  // namespace emulator
