#pragma once

#include <vector>

#include "trace/trace.h"

namespace trace {

/// From now on launches are recorded.
void start(const Setting& setting);

/// The events of the launch since start().
std::vector<Event> stop();

}  // namespace trace
