#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

namespace workloads {

/// Calls body(begin, end) on consecutive pieces of [0, count), on all cores, and returns when all are done.
/// Work of fewer than `grain` items stays on the calling thread. The body must not throw.
template <class Body>
void parallel_for(int64_t count, int64_t grain, const Body& body) {
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  const int64_t pieces = std::clamp<int64_t>(count / grain, 1, cores);
  std::vector<std::jthread> threads;
  for (int64_t piece = 1; piece < pieces; ++piece) {
    threads.emplace_back([&, piece] { body(count * piece / pieces, count * (piece + 1) / pieces); });
  }
  body(0, count / pieces);
}

}  // namespace workloads
