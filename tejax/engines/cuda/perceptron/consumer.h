// A warpgroup that multiplies: every other tile of its block.

#ifndef TEJAX_CUDA_CONSUMER_H_
#define TEJAX_CUDA_CONSUMER_H_

#include "stationary.h"

namespace tejax {

template <int kWidth, int kNetworks, Role kRole, bool kZone>
class Consumer {
 public:
  __device__ Consumer(const Problem& problem, const uint8_t* base, Shared<kWidth>& shared)
      : problem_(problem), weights_(base, problem.steps), shared_(shared) {}

  // Tiles number `begin` to `end` - 1 of all units' tiles, but those of the other warpgroup.
  __device__ void run(int64_t begin, int64_t end) {
    const int first_unit = (int)(begin / problem_.tiles);
    int64_t number = begin + threadIdx.x / kLanes;
    if (number >= end) return;
    int unit = (int)(number / problem_.tiles), tile = (int)(number % problem_.tiles);
    int previous = -1, done = 0;  // the unit of the last tile; units that this warpgroup is done with
    const uint4* here = samples(unit, tile);
    load(even_, here, 0);
    while (number < end) {
      for (; done < unit - first_unit; ++done) pass(done);
      int next_unit = unit, next_tile = tile + kGroups;
      while (next_tile >= problem_.tiles) next_tile -= problem_.tiles, ++next_unit;
      const bool more = number + kGroups < end, first = unit != previous, last = !more || next_unit != unit;
      const uint4* const next = more ? samples(next_unit, next_tile) : here;
      if (problem_.x_stride && more && threadIdx.x % kLanes == 0) prefetch(next, problem_.steps * kLanes * 16);
      begin_tile(tile, first);
      multiply(here, next, done, first, last);
      if (first) shared_.extras_full[done & 1].wait(done >> 1);
      finish_tile(shared_.extras[done & 1], unit, tile);
      if (last) {
        __syncwarp();
        if (elected()) shared_.extras_empty[done & 1].arrive();
        ++done;
        if constexpr (kRole != kHidden) add_losses(unit);
      }
      previous = unit, unit = next_unit, tile = next_tile, here = next, number += kGroups;
    }
  }

 private:
  static constexpr int kGroup = kRole == kBoth ? 4 : 8;  // steps whose samples are asked for at once, as measured
  using Group = uint4[kGroup];

  __device__ bool elected() const { return threadIdx.x % 32 == 0; }
  __device__ int lane() const { return threadIdx.x % 32; }
  __device__ int t() const { return threadIdx.x % 4; }

  __device__ const uint4* samples(int unit, int tile) const {
    return problem_.x + unit / problem_.parts * problem_.x_stride + (int64_t)tile * problem_.steps * kLanes +
           threadIdx.x % kLanes;
  }

  // A unit of the block of which this warpgroup has no tile.
  __device__ void pass(int number) {
    for (int c = 0; c < chunks_of(problem_.steps); ++c) {
      shared_.full[c].wait(number);
      if (elected()) shared_.empty[c].arrive();
    }
    shared_.extras_full[number & 1].wait(number >> 1);
    if (elected()) shared_.extras_empty[number & 1].arrive();
  }

  __device__ void begin_tile(int tile, bool first) {
    row_ = tile * kRows + threadIdx.x % kLanes / 32 * 16 + lane() / 4;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      real_[r] = row_ + 8 * r < problem_.samples;
      if constexpr (kRole != kHidden)
        label_[r] = real_[r] && problem_.objective.kind != kSigns ? ((const int32_t*)problem_.y)[row_ + 8 * r] : -1;
    }
    if (first)
#pragma unroll
      for (int i = 0; i < kNetworks; ++i) losses_[i] = 0;
  }

  // Has the samples of some steps come; for steps beyond the last, some that are not used.
  __device__ void load(Group& group, const uint4* from, int start) const {
#pragma unroll
    for (int i = 0; i < kGroup; ++i) group[i] = load_once(from + min(start + i, problem_.steps - 1) * kLanes);
  }

  // The sums of a tile, whose samples begin `here`, and whose first ones are in even_ or on their way. Leaves those of
  // the next tile so.
  __device__ void multiply(const uint4* here, const uint4* next, int unit, bool first, bool last) {
    Group odd;
    for (int start = 0;; start += 2 * kGroup) {
      multiply_group(even_, odd, here, start, unit, first, last);
      if (start + kGroup >= problem_.steps) break;
      multiply_group(odd, even_, here, start + kGroup, unit, first, last);
      if (start + 2 * kGroup >= problem_.steps) break;
    }
    wgmma_wait<0>();
    if (last && elected()) shared_.empty[(problem_.steps - 1) / kChunk].arrive();
    load(even_, next, 0);
  }

  // The products of a group's steps, while the next group's samples come. A thread waits for all samples that are on
  // their way as soon as it needs one; so that these were asked for long before, they are asked for together.
  __device__ void multiply_group(const Group& group, Group& other, const uint4* here, int start, int unit, bool first,
                                 bool last) {
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
      const int step = start + i;
      if (i == 0 || step < problem_.steps) {
        if (step % kChunk == 0 && first) shared_.full[step / kChunk].wait(unit);
        wgmma_fence();
        wgmma<kWidth>(sums_, group[i], weights_.step(step), step != 0);
        wgmma_commit();
        wgmma_wait<1>();  // the step before is done: its weights are free, and after the first the other samples
        if (i == 0 && start + kGroup < problem_.steps) load(other, here, start + kGroup);
        if (step % kChunk == 0 && step > 0 && last && elected()) shared_.empty[step / kChunk - 1].arrive();
      }
    }
  }

  __device__ void finish_tile(const Extras<kWidth>& extras, int unit, int tile) {
    if constexpr (kRole == kHidden) {
      store_trits(extras, unit % problem_.parts, unit / problem_.parts, tile);
    } else {
#pragma unroll
      for (int network = 0; network < kNetworks; ++network) {
        int outputs[2][4];  // of 8 outputs each
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const int2 bias = *(const int2*)&extras.biases[network][8 * j + 2 * t()];
          outputs[j][0] = outputs[j][2] = bias.x;
          outputs[j][1] = outputs[j][3] = bias.y;
        }
        if constexpr (kRole == kOutputs) {
#pragma unroll
          for (int i = 0; i < 8; ++i) outputs[i / 4][i % 4] += sums_[i];
        } else {
          add_readout(extras, network, outputs);
        }
        int rows[2][4];
#pragma unroll
        for (int i = 0; i < 8; ++i) rows[i / 2 % 2][i / 4 * 2 + i % 2] = outputs[i / 4][i % 4];
        losses_[network] += Samples{rows, row_, t(), real_, label_}.losses(problem_.objective, shared_.tables, problem_.y);
      }
    }
  }

  // The trits of a network's neurons, step by step, times the weights of the output layer.
  __device__ void add_readout(const Extras<kWidth>& extras, int network, int (&outputs)[2][4]) const {
    constexpr int kSteps = kWidth / kStep / kNetworks;
#pragma unroll
    for (int i = 0; i < kSteps; ++i) {
      const int step = network * kSteps + i;
      uint32_t a[4];
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int r = 0; r < 2; ++r) a[2 * half + r] = hidden(extras, 2 * step + half, r);
      const uint4 b = extras.readout[step][lane()];
      mma(outputs[0], a, b.x, b.y);
      mma(outputs[1], a, b.z, b.w);
    }
  }

  // Of 16 neurons this lane's four trits in row g or g + 8 (r: 0 or 1): neurons 2t, 2t + 1, 2t + 8 and 2t + 9.
  __device__ uint32_t hidden(const Extras<kWidth>& extras, int sixteenth, int r) const {
    const int* const sums = sums_ + 8 * sixteenth + 2 * r;
    const int2* const shifts = (const int2*)&extras.shifts[16 * sixteenth + 2 * t()];
    return trits<kZone>(sums[0], sums[1], sums[4], sums[5], shifts[0], shifts[4], problem_.zone);
  }

  // Writes the trits as the next layer's samples: of 16 neurons, a lane's are to be 4t to 4t+3, two of which the lane
  // 2 * (t % 2) of the four that share a row has, and two the next.
  __device__ void store_trits(const Extras<kWidth>& extras, int part, int network, int tile) const {
    const int steps = (problem_.neurons + kStep - 1) / kStep, from = (lane() & ~3) | 2 * (t() & 1);
    uint4* const to = problem_.hidden + ((int64_t)network * problem_.tiles + tile) * steps * kLanes +
                      threadIdx.x % kLanes;
#pragma unroll
    for (int i = 0; i < kWidth / 16; ++i) {
      uint32_t words[2];
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        const uint32_t trits = hidden(extras, i, r);
        const uint32_t left = __shfl_sync(~0u, trits, from), right = __shfl_sync(~0u, trits, from + 1);
        words[r] = __byte_perm(left, right, t() < 2 ? 0x5410 : 0x7632);
      }
      const int neuron = part * kWidth + 16 * i;
      if (neuron < steps * kStep) ((uint2*)(to + neuron / kStep * kLanes))[neuron / 16 % 2] = make_uint2(words[0], words[1]);
    }
  }

  __device__ void add_losses(int unit) const {
#pragma unroll
    for (int i = 0; i < kNetworks; ++i) {
      const int sum = __reduce_add_sync(~0u, losses_[i]), network = unit * kNetworks + i;
      if (elected() && network < problem_.networks) atomicAdd(problem_.losses + network, sum);
    }
  }

  const Problem& problem_;
  const Weights<kWidth> weights_;
  Shared<kWidth>& shared_;
  Group even_;             // samples of the next steps
  int sums_[kWidth / 2];   // of this tile
  int losses_[kNetworks];  // of this unit, as far as this thread adds them
  int row_, label_[2];
  bool real_[2];
};

}  // namespace tejax

#endif  // TEJAX_CUDA_CONSUMER_H_
