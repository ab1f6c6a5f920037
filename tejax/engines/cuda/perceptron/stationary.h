// Layers whose weights stay in shared memory while samples stream by: what a block works on, and who brings it.
//
// The work of all blocks is a row of tiles: for every unit - a network, or several narrow ones, or a part of a wide
// one's neurons - the tiles of 64 samples. A block has an equal share of that row, and so mostly several units, one
// after the other. Two warpgroups multiply, each every other tile, so that one makes products while the other makes
// trits and losses; a warp brings the weights of the next unit, chunk by chunk, as soon as both have gone past a chunk.

#ifndef TEJAX_CUDA_STATIONARY_H_
#define TEJAX_CUDA_STATIONARY_H_

#include "fragments.h"
#include "objective.h"

namespace tejax {

// What a kernel makes of its tiles: outputs of a hidden layer and the one after it, and their losses; the trits of a
// hidden layer; outputs of one layer, and their losses.
enum Role { kBoth, kHidden, kOutputs };

constexpr int kGroups = 2;                  // warpgroups that multiply
constexpr int kMostChunks = 128;
constexpr int kMostShared = 227 * 1024;     // bytes that a block may have
constexpr int kAlignment = 1024;            // of weights in the swizzle of 128 bytes

struct Problem {
  const uint4* x;    // fragments [networks, tiles, steps, kLanes]
  int64_t x_stride;  // between networks; 0 where all have the same samples
  const void* y;     // labels, int32 [samples]; or signs, int8 [samples, outputs]
  const int32_t *hidden_bias, *output_bias;  // [networks, neurons], [networks, outputs]
  const int8_t* readout;                     // [networks, outputs, pitch], of the output layer after a hidden one
  int32_t* losses;   // [networks], zeros
  uint4* hidden;     // fragments [networks, tiles, ceil(neurons / kStep), kLanes]
  int networks, samples, neurons, outputs, steps, pitch, zone;
  int tiles, parts, units;  // tiles of samples; parts of a network's neurons; units of work
  Objective objective;
};

// Beside the weights of a unit.
template <int kWidth>
struct Extras {
  int shifts[kWidth];              // 128 * (bias - zone)
  uint4 readout[kWidth / 32][32];  // weights of the output layer: for every step and lane two fragments of 8 outputs
  int biases[2][kMostOutputs];     // of the outputs of up to two networks
};

template <int kWidth>
struct Shared {  // after the weights
  Extras<kWidth> extras[2];
  Tables tables;
  Barrier full[kMostChunks], empty[kMostChunks], extras_full[2], extras_empty[2];
};

__host__ __device__ inline int chunks_of(int steps) { return (steps + kChunk - 1) / kChunk; }

template <int kWidth>
__device__ void init_barriers(Shared<kWidth>& shared, int steps) {
  for (int c = 0; c < chunks_of(steps); ++c) shared.full[c].init(1), shared.empty[c].init(4 * kGroups);
  for (int b = 0; b < 2; ++b) shared.extras_full[b].init(1), shared.extras_empty[b].init(4 * kGroups);
  publish_barriers();
}

// Brings units first to last, one after the other. A warp does this.
template <int kWidth, int kNetworks, Role kRole>
class Producer {
 public:
  __device__ Producer(const CUtensorMap& wide, const CUtensorMap& narrow, const Problem& problem, uint8_t* base,
                      Shared<kWidth>& shared)
      : wide_(wide), narrow_(narrow), problem_(problem), base_(base), shared_(shared), lane_(threadIdx.x % 32) {}

  __device__ void run(int first, int last) {
    load(first, 0);
    bring_extras(first, 0);
    for (int unit = first + 1; unit <= last; ++unit) {
      each_box(unit, [&](int c, uint8_t* to, const CUtensorMap* map, int x, int y, int z) { prefetch_box(map, x, y, z); });
      bring_extras(unit, unit - first);
      load(unit, unit - first);
    }
  }

 private:
  using Place = Weights<kWidth>;

  template <class F>
  __device__ void each_box(int unit, F f) {
    const int row = unit % problem_.parts * kWidth, network = unit / problem_.parts * kNetworks;
    const int whole = problem_.steps / kChunk;
    if (lane_ == 0) {
#pragma unroll 1
      for (int c = 0; c < whole; ++c) f(c, base_ + c * Place::kChunkBytes, &wide_, c * kChunk * kStep, row, network);
#pragma unroll 1
      for (int s = whole * kChunk; s < problem_.steps; ++s)
        f(whole, base_ + s * Place::kStepBytes, &narrow_, s * kStep, row, network);
    }
    __syncwarp();
  }

  // Loads the weights of a unit, the block's unit number `number`.
  __device__ void load(int unit, int number) {
    each_box(unit, [&](int c, uint8_t* to, const CUtensorMap* map, int x, int y, int z) {
      if (x == c * kChunk * kStep) {  // the first of its chunk
        if (number > 0) shared_.empty[c].wait(number - 1);
        shared_.full[c].expect(min(kChunk, problem_.steps - c * kChunk) * Place::kStepBytes);
      }
      load_box(to, map, x, y, z, shared_.full[c]);
    });
  }

  __device__ void bring_extras(int unit, int number) {
    if (number > 1) shared_.extras_empty[number & 1].wait((number >> 1) - 1);
    Extras<kWidth>& extras = shared_.extras[number & 1];
    const int part = unit % problem_.parts, network = unit / problem_.parts * kNetworks;
    if constexpr (kRole != kOutputs) bring_shifts(extras, part, network);
    if constexpr (kRole != kHidden) bring_biases(extras, network);
    if constexpr (kRole == kBoth) bring_readout(extras, network);
    __syncwarp();
    if (lane_ == 0) shared_.extras_full[number & 1].arrive();
  }

  __device__ void bring_shifts(Extras<kWidth>& extras, int part, int first) {
    constexpr int kOwn = kWidth / kNetworks;  // neurons of a network
#pragma unroll 4
    for (int i = lane_; i < kWidth; i += 32) {
      const int neuron = part * kWidth + i % kOwn, network = first + i / kOwn;
      const bool real = neuron < problem_.neurons && network < problem_.networks;
      const int bias = real ? problem_.hidden_bias[(int64_t)network * problem_.neurons + neuron] : 0;
      extras.shifts[i] = 128 * (bias - problem_.zone);
    }
  }

  __device__ void bring_biases(Extras<kWidth>& extras, int first) {
    for (int i = lane_; i < kNetworks * kMostOutputs; i += 32) {
      const int output = i % kMostOutputs, network = first + i / kMostOutputs;
      const bool real = output < problem_.outputs && network < problem_.networks;
      extras.biases[i / kMostOutputs][output] =
          real ? problem_.output_bias[(int64_t)network * problem_.outputs + output] : 0;
    }
  }

  // A thread of the first product has, of 8 neurons, two: 2t and 2t + 1. So that its trits are a fragment of the second
  // as they are, what that takes for inputs 4t to 4t+3 are neurons 2t, 2t+1, 2t+8 and 2t+9, and for 16 further 16 more.
  __device__ void bring_readout(Extras<kWidth>& extras, int first) {
    constexpr int kSteps = kWidth / kStep / kNetworks;  // of a network
#pragma unroll 4
    for (int i = 0; i < kWidth / kStep * 4; ++i) {
      const int step = i / 4, octet = i / 2 % 2, half = i % 2;
      const int output = 8 * octet + lane_ / 4, network = first + step / kSteps;
      const int neuron = step % kSteps * kStep + 16 * half + 2 * (lane_ % 4);
      uint32_t word = 0;
      if (output < problem_.outputs && network < problem_.networks) {  // rows are filled up to an even length
        const int8_t* const row = problem_.readout + ((int64_t)network * problem_.outputs + output) * problem_.pitch;
        if (neuron < problem_.neurons) word = *(const uint16_t*)(row + neuron);
        if (neuron + 8 < problem_.neurons) word |= (uint32_t) * (const uint16_t*)(row + neuron + 8) << 16;
      }
      ((uint32_t*)&extras.readout[step][lane_])[2 * octet + half] = word;
    }
  }

  const CUtensorMap &wide_, &narrow_;
  const Problem& problem_;
  uint8_t* const base_;
  Shared<kWidth>& shared_;
  const int lane_;
};

}  // namespace tejax

#endif  // TEJAX_CUDA_STATIONARY_H_
