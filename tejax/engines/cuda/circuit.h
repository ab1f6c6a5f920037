// What a thread of an autonomous network's kernel does; see circuit.cu.
//
// Values are digits (0, 1, 2 are the trits -1, +1, 0) of two bits, 16 to a word. A thread owns eight neurons that follow
// one another, whose next values are half a word. Their wiring and tables stay in its registers: three sources of 16 bits,
// each where its word is (11 bits, in bytes) and the shift (5 bits) that takes its digit to bits 1 and 2; and 27 digits in
// two words.

#ifndef TEJAX_CUDA_CIRCUIT_H_
#define TEJAX_CUDA_CIRCUIT_H_

#include <cstdint>

#ifdef __CUDACC__
#define TEJAX_BOTH __host__ __device__ __forceinline__
#else
#define TEJAX_BOTH inline
#endif

namespace tejax {

constexpr int kOwn = 8;       // neurons of a thread
constexpr int kMost = 8192;   // neurons
constexpr int kLines = 27;    // of a table
constexpr int kTicks = 16;    // ticks after which the network is graded
constexpr int32_t kEndless = 2147483647;

TEJAX_BOTH uint32_t digit(int8_t trit) { return trit < 0 ? 0 : trit > 0 ? 1 : 2; }

TEJAX_BOTH int count_bits(uint32_t mask) {
#ifdef __CUDA_ARCH__
  return __popc(mask);
#else
  return __builtin_popcount(mask);
#endif
}

// The bits of a lane and of those before it.
TEJAX_BOTH uint32_t up_to(int lane) { return (2u << lane) - 1; }

// The low word of high:low >> the last five bits of shift.
TEJAX_BOTH uint32_t funnel(uint32_t low, uint32_t high, uint32_t shift) {
#ifdef __CUDA_ARCH__
  return __funnelshift_r(low, high, shift);
#else
  return (uint32_t)(((uint64_t)high << 32 | low) >> (shift & 31));
#endif
}

TEJAX_BOTH uint32_t value_of(const uint32_t* values, uint32_t neuron) {
  return values[neuron / 16] >> 2 * (neuron % 16) & 3;
}

// Eight neurons.
struct Own {
  uint32_t wires[3 * kOwn / 2];  // two sources a word
  uint32_t tables[2 * kOwn];

  // `wiring` [N, 3] of the whole network, `lines` [neurons, 27] of these, which begin at number `first`.
  TEJAX_BOTH void take(const int16_t* wiring, const int8_t* lines, int first, int neurons) {
    for (int i = 0; i < kOwn; ++i) {
      uint32_t low = 0, high = 0;
      for (int line = 0; line < kLines && first + i < neurons; ++line) {
        const uint32_t entry = digit(lines[kLines * i + line]);
        (line < 16 ? low : high) |= entry << 2 * (line % 16);
      }
      tables[2 * i] = low;
      tables[2 * i + 1] = high;
    }
    for (int pair = 0; pair < 3 * kOwn / 2; ++pair) {
      uint32_t both = 0;
      for (int half = 0; half < 2; ++half) {
        const int place = 3 * first + 2 * pair + half;
        int source = place < 3 * neurons ? wiring[place] : 0;
        if (source < 0) source += neurons;  // as XLA reads an array beyond its ends
        source = source < 0 ? 0 : source >= neurons ? neurons - 1 : source;
        both |= (uint32_t)(source / 16 << 7 | (2 * source + 31) % 32) << 16 * half;
      }
      wires[pair] = both;
    }
  }

  // The values after a tick, eight digits.
  TEJAX_BOTH uint32_t tick(const uint32_t* now) const {
    uint32_t next = 0;
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
    for (int i = 0; i < kOwn; ++i) {
      uint32_t twice[3];
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
      for (int k = 0; k < 3; ++k) {
        const int place = 3 * i + k;
        const uint32_t wire = place % 2 ? wires[place / 2] >> 16 : wires[place / 2];
        const uint32_t word = *(const uint32_t*)((const char*)now + (wire >> 5 & 0x7fc));
        twice[k] = funnel(word, word, wire) & 6;
      }
      const uint32_t place = twice[0] + 3 * twice[1] + 9 * twice[2];  // two times the line
      const uint32_t table = place & 32 ? tables[2 * i + 1] : tables[2 * i];
      next = funnel(next, funnel(table, 0, place), 2);
    }
    return next >> (32 - 2 * kOwn);
  }
};

// Frames of `window` targets that move on while at most a third is wrong; see core/frames.py.
struct Frames {
  int32_t window, cap;
  uint32_t max_ticks;
};

// What a lane says in one of the ticks that are graded together, and what becomes of it.
struct Said {
  bool spoke, wrong;
  int32_t count;  // what has been said by the end of that tick

  // `spoke` of all lanes, and what had been said before them.
  TEJAX_BOTH Said(int lane, uint32_t spoke, int32_t before, uint32_t value, const int8_t* targets, int32_t length)
      : spoke(spoke >> lane & 1), wrong(false), count(before + count_bits(spoke & up_to(lane))) {
    if (this->spoke) wrong = value != digit(targets[count <= length ? count - 1 : length - 1]);
  }

  // Whether a frame is full with this, and the last. `until`: the wrong ones so far, `before`: those before each frame.
  TEJAX_BOTH bool ends(const Frames& frames, int32_t first, int32_t until, const int32_t* before) const {
    const int32_t shift = count - frames.window;
    if (!spoke || shift < first) return false;
    return shift >= frames.cap || until - before[shift] > frames.window / 3;
  }
};

}  // namespace tejax

#endif  // TEJAX_CUDA_CIRCUIT_H_
