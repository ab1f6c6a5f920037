// Which samples, weights and sums a thread has in its registers, and where weights lie in shared memory.
//
// Fragments, as PTX has them (figures of wgmma .m64nNk32 and mma .m16n8k32 for 8-bit integers). Let g = lane / 4 and
// t = lane % 4; a warp has 16 of the 64 rows. Four bytes lie in a register:
//   A, registers 0 to 3: rows g, g + 8, g, g + 8; columns 4t to 4t+3, and 16 further in registers 2 and 3;
//   B, registers 0 and 1: row (neuron) g; columns 4t to 4t+3, and 16 further in register 1;
//   sums, of neurons 8j to 8j+7: registers 4j to 4j+3: row g, neurons 8j+2t and 8j+2t+1; then the same of row g + 8.

#ifndef TEJAX_CUDA_FRAGMENTS_H_
#define TEJAX_CUDA_FRAGMENTS_H_

#include <cstdint>

#include "instructions.h"

namespace tejax {

constexpr int kStep = 32;      // inputs of one product
constexpr int kRows = 64;      // samples of one product
constexpr int kLanes = 128;    // threads of a warpgroup, which together make one
constexpr int kChunk = 4;      // steps whose weights lie side by side

// Where weights [kWidth, inputs] lie in shared memory: whole chunks [kWidth, 128 bytes] in the swizzle of 128 bytes,
// then up to three steps [kWidth, 32 bytes] in the swizzle of 32.
template <int kWidth>
class Weights {
 public:
  static constexpr int kChunkBytes = kWidth * kStep * kChunk, kStepBytes = kWidth * kStep;

  __device__ Weights(const uint8_t* base, int steps) : whole_(steps / kChunk) {
    wide_ = describe(base, 8 * kStep * kChunk, 1);
    narrow_ = describe(base + whole_ * kChunkBytes, 8 * kStep, 3);
  }
  // The descriptor of a step's weights.
  __device__ uint64_t step(int number) const {
    return number < whole_ * kChunk ? wide_ + (number / kChunk * kChunkBytes + number % kChunk * kStep >> 4)
                                    : narrow_ + ((number - whole_ * kChunk) * kStepBytes >> 4);
  }

 private:
  // Eight rows take `stride` bytes; swizzle: 1 of 128 bytes, 3 of 32. The offset of 1 in between is not used by these.
  __device__ static uint64_t describe(const uint8_t* at, int stride, uint64_t swizzle) {
    return shared_address(at) >> 4 | 1ull << 16 | (uint64_t)(stride >> 4) << 32 | swizzle << 62;
  }
  uint64_t wide_, narrow_;
  int whole_;
};

// Trits of four sums, of neurons n and n + 1 in `low` and of two others in `high`. Saturated to a byte, 128 times a
// number is 0x7F, 0 or 0x80; bit 0 of the first and the sign of the last are its trit. `shifts` are 128 * (bias - zone).
template <bool kZone>
__device__ __forceinline__ uint32_t trits(int a, int b, int c, int d, int2 low, int2 high, int zone) {
  a = a * 128 + low.x, b = b * 128 + low.y, c = c * 128 + high.x, d = d * 128 + high.y;
  const uint32_t plus = saturated(a, b, c, d);
  const int both = 256 * zone;
  const uint32_t minus = kZone ? saturated(a + both, b + both, c + both, d + both) : plus;
  return (plus & 0x01010101) | filled(minus);
}

}  // namespace tejax

#endif  // TEJAX_CUDA_FRAGMENTS_H_
