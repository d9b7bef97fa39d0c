#include "emulator/tests/shared_reads.h"

#include "gpu/gpu.h"

namespace shared_reads {
namespace {

struct Storage {
  int values[threads];
};

__global__ void kernel(int reads, int* output) {
  auto& shared = shared_storage<Storage>();
  shared.values[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  int sum = 0;
  for (int i = 0; i < reads; ++i) sum += shared.values[(threadIdx.x + i) % threads];
  output[threadIdx.x] = sum;
}

}  // namespace

void run(int reads, int* output) { launch(kernel, {1, threads, sizeof(Storage)}, reads, output); }

}  // namespace shared_reads
