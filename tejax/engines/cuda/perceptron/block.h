// A block of threads: its share of all units' tiles.

#ifndef TEJAX_CUDA_BLOCK_H_
#define TEJAX_CUDA_BLOCK_H_

#include "consumer.h"
#include "stationary.h"

namespace tejax {

constexpr int kThreads = (kGroups + 1) * kLanes;  // the last warpgroup brings weights
constexpr int kFewRegisters = 40, kManyRegisters = 232;  // of a thread that does, and of one that multiplies

// memory: kMostShared bytes. Every block has a tile.
template <int kWidth, int kNetworks, Role kRole, bool kZone>
__device__ __forceinline__ void run_block(const CUtensorMap& wide, const CUtensorMap& narrow, const Problem& problem,
                                          uint8_t* memory) {
  uint8_t* const base = memory + (kAlignment - shared_address(memory) % kAlignment) % kAlignment;
  Shared<kWidth>& shared = *(Shared<kWidth>*)(base + problem.steps * Weights<kWidth>::kStepBytes);
  if (threadIdx.x == 0) init_barriers(shared, problem.steps);
  if (kRole != kHidden && problem.objective.kind == kCrossEntropy)
    shared.tables.fill(problem.objective, threadIdx.x, kThreads);
  __syncthreads();
  const int64_t all = (int64_t)problem.units * problem.tiles;
  const int64_t begin = all * blockIdx.x / gridDim.x, end = all * (blockIdx.x + 1) / gridDim.x;
  if (threadIdx.x >= kGroups * kLanes) {
    give_registers<kFewRegisters>();
    if (threadIdx.x < kGroups * kLanes + 32)
      Producer<kWidth, kNetworks, kRole>(wide, narrow, problem, base, shared)
          .run((int)(begin / problem.tiles), (int)((end - 1) / problem.tiles));
  } else {
    take_registers<kManyRegisters>();
    Consumer<kWidth, kNetworks, kRole, kZone>(problem, base, shared).run(begin, end);
  }
}

}  // namespace tejax

#endif  // TEJAX_CUDA_BLOCK_H_
