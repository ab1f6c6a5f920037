// Integer losses of a warp's 16 samples, straight from the registers of a product; the same numbers as
// tejax/core/fixedpoint.py has, whose tables are handed in.

#ifndef TEJAX_CUDA_OBJECTIVE_H_
#define TEJAX_CUDA_OBJECTIVE_H_

#include <climits>
#include <cstdint>

namespace tejax {

enum Kind { kCrossEntropy = 0, kMargin = 1, kWrong = 2, kSigns = 3 };
constexpr int kMostOutputs = 16;
constexpr int kLogarithms = 257;  // entries of the table of log2
constexpr int kNear = 512;        // entries up to which other tables are made in shared memory

struct Objective {
  int kind, outputs, halvings;
  int limit;                 // of the margin
  int over, scale, farthest;  // of the cross-entropy: temperature over / under; 1,024 * under; ceil(33 * over / under)
  int last;                  // of the powers, which is 0
  const int32_t *powers, *log2;

  // A difference, at most `farthest`, in 1,024ths of a bit.
  __device__ int scaled(int difference) const { return (difference * scale + (over >> 1)) / over; }
};

// What the cross-entropy looks up, in shared memory.
struct Tables {
  int32_t log2[kLogarithms], powers[kNear], scaled[kNear];

  __device__ void fill(const Objective& objective, int thread, int threads) {
    for (int i = thread; i < kLogarithms; i += threads) log2[i] = objective.log2[i];
    for (int i = thread; i <= min(objective.last, kNear - 1); i += threads) powers[i] = objective.powers[i];
    for (int i = thread; i <= min(objective.farthest, kNear - 1); i += threads) scaled[i] = objective.scaled(i);
  }
  // 2^20 divided by the power of two of a difference.
  __device__ int power(const Objective& objective, uint32_t difference) const {
    const uint32_t place = min(difference, (uint32_t)objective.last);
    return objective.last < kNear ? powers[place] : objective.powers[place];
  }
  __device__ int distance(const Objective& objective, uint32_t difference) const {
    const uint32_t place = min(difference, (uint32_t)objective.farthest);
    return objective.farthest < kNear ? scaled[place] : objective.scaled((int)place);
  }
};

// What four lanes that share a row make of their values.
__device__ __forceinline__ int row_max(int v) {
  v = max(v, __shfl_xor_sync(~0u, v, 1));
  return max(v, __shfl_xor_sync(~0u, v, 2));
}

// log2(x / 2^20) in 1,024ths.
__device__ __forceinline__ int log2_units(uint32_t x, const int32_t* table) {
  const int zeros = __clz(x);
  const uint32_t fraction = x << zeros & 0x7FFFFFFF;
  const int index = fraction >> 23, rest = fraction >> 13 & 1023;
  const int low = table[index], high = table[index + 1];
  return (11 - zeros) * 1024 + (low + ((high - low) * rest >> 10) + 512 >> 10);
}

// The outputs of two samples, rows g and g + 8 of a warp's 16, as a product leaves them: this lane has the outputs 2t,
// 2t + 1, 2t + 8 and 2t + 9 of both. What is left to do for a sample alone, lanes t = 0 and 2 do for the first and
// lanes 1 and 3 for the second; lanes 0 and 1 count.
struct Samples {
  const int (&sums)[2][4];
  int row, t;             // of the first sample; of the lane
  const bool (&real)[2];  // and none that fill the last tile
  const int (&label)[2];

  __device__ int column(int e) const { return 2 * t + (e & 1) + 8 * (e >> 1); }
  __device__ int mine(int first, int second) const { return t & 1 ? second : first; }
  __device__ int counted(int loss) const { return t < 2 && (t & 1 ? real[1] : real[0]) ? loss : 0; }

  // The sum over a row of each of two, of which a lane gets its own.
  __device__ int sum(int first, int second) const {
    const int own = mine(first, second) + __shfl_xor_sync(~0u, mine(second, first), 1);
    return own + __shfl_xor_sync(~0u, own, 2);
  }
  __device__ bool known(int r, const Objective& objective) const {
    return (uint32_t)label[r] < (uint32_t)objective.outputs;
  }
  // A row's output at its label; any where it has none.
  __device__ int at_label(int r) const {
    const int low = label[r] & 1 ? sums[r][1] : sums[r][0], high = label[r] & 1 ? sums[r][3] : sums[r][2];
    const int lane = threadIdx.x % 32 - t + (label[r] >> 1 & 3);
    return __shfl_sync(~0u, label[r] & 8 ? high : low, lane);
  }

  __device__ int cross_entropy(const Objective& objective, const Tables& tables) const {
    int partition[2] = {0, 0}, below[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      int top = INT_MIN;
#pragma unroll
      for (int e = 0; e < 4; ++e)
        if (column(e) < objective.outputs) top = max(top, sums[r][e]);
      top = row_max(top);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const int power = tables.power(objective, (uint32_t)top - (uint32_t)sums[r][e]);
        partition[r] += column(e) < objective.outputs ? power : 0;
      }
      const uint32_t difference = (uint32_t)top - (uint32_t)at_label(r);
      below[r] = known(r, objective) ? (int)difference : 0;
    }
    const int logarithm = log2_units(sum(partition[0], partition[1]), tables.log2);
    const int distance = tables.distance(objective, mine(below[0], below[1]));
    return counted(min(distance + logarithm, 32 * 1024) >> objective.halvings);
  }

  __device__ int margin(const Objective& objective) const {
    int own[2], best[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int value = at_label(r);
      own[r] = known(r, objective) ? value : 0;
      int other = INT_MIN;
#pragma unroll
      for (int e = 0; e < 4; ++e)
        if (column(e) < objective.outputs && column(e) != label[r]) other = max(other, sums[r][e]);
      best[r] = row_max(other);
    }
    const int value = mine(own[0], own[1]), other = mine(best[0], best[1]);
    const uint32_t limit = objective.limit, top = max(value, other);
    const int ahead = min(top - (uint32_t)other, limit), behind = min(top - (uint32_t)value, limit);
    return counted((int)limit - ahead + behind >> objective.halvings);
  }

  __device__ int wrong(const Objective& objective) const {
    int beaten[2];  // by an output before it that is as high, or by one after it that is higher
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int value = at_label(r);
      beaten[r] = !known(r, objective);
#pragma unroll
      for (int e = 0; e < 4; ++e)
        if (column(e) < objective.outputs)
          beaten[r] |= sums[r][e] > value || (sums[r][e] == value && column(e) < label[r]);
      beaten[r] = row_max(beaten[r]);
    }
    return counted(mine(beaten[0], beaten[1]) >> objective.halvings);
  }

  // How many outputs have another sign than is wanted, in signs [samples, outputs].
  __device__ int signs(const Objective& objective, const int8_t* wanted) const {
    int wrong = 0;
#pragma unroll
    for (int r = 0; r < 2; ++r)
#pragma unroll
      for (int e = 0; e < 4; ++e)
        if (real[r] && column(e) < objective.outputs)
          wrong += max(-1, min(1, sums[r][e])) != wanted[(int64_t)(row + 8 * r) * objective.outputs + column(e)];
    return wrong;
  }

  // This lane's share of the losses.
  __device__ int losses(const Objective& objective, const Tables& tables, const void* wanted) const {
    switch (objective.kind) {
      case kCrossEntropy: return cross_entropy(objective, tables);
      case kMargin: return margin(objective);
      case kWrong: return wrong(objective);
      default: return signs(objective, (const int8_t*)wanted);
    }
  }
};

}  // namespace tejax

#endif  // TEJAX_CUDA_OBJECTIVE_H_
