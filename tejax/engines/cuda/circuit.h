// What a thread of an autonomous network's kernel does; see circuit.cu.
//
// Values are digits (0, 1, 2 are the trits -1, +1, 0) of two bits, 16 to a word. A thread owns four or eight neurons that
// follow one another. Their wiring and tables stay in its registers: three sources of 16 bits, each where its word is (11
// bits, in bytes) and the shift (5 bits) that takes its digit to bits 1 and 2; and 27 digits in two words.
//
// Of the 32 words that a warp reads at once, those in one bank of shared memory wait for one another, unless they are
// one word. All words of 512 neurons, a row of the banks, are in different ones. So neurons are numbered anew within
// each row, in the order of the rows that they read, and each reads its sources in the order of their rows: then most of
// a warp's 32 neurons read the same row, and half of the conflicts are gone.

#ifndef TEJAX_CUDA_CIRCUIT_H_
#define TEJAX_CUDA_CIRCUIT_H_

#include <cstdint>

#include "both.h"

namespace tejax {

constexpr int kMost = 8192;  // neurons
constexpr int kLines = 27;   // of a table
constexpr int kTicks = 16;   // ticks after which the network is graded
constexpr int kRow = 512;    // neurons
constexpr int kKinds = 20;   // of neurons: the rows of three sources, in ascending order, among four
constexpr uint16_t kNobody = 0xffff;
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

TEJAX_BOTH uint32_t value_of(const uint32_t* values, uint32_t place) {
  return values[place / 16] >> 2 * (place % 16) & 3;
}

// The three sources of a neuron, in the order of their rows.
struct Sources {
  int neuron[3], stride[3];  // stride: how far apart the lines of a table are that differ in this source's digit

  TEJAX_BOTH Sources(const int16_t* wiring, int neurons) {
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
    for (int k = 0; k < 3; ++k) {
      int source = wiring[k];
      if (source < 0) source += neurons;  // as XLA reads an array beyond its ends
      neuron[k] = source < 0 ? 0 : source >= neurons ? neurons - 1 : source;
      stride[k] = k == 0 ? 1 : k == 1 ? 3 : 9;
    }
    order(0, 1);
    order(1, 2);
    order(0, 1);
  }

  // Which of the kinds the neuron is, in a network of up to four rows; they are numbered by the first row, then the next.
  TEJAX_BOTH int kind() const {
    const int a = neuron[0] / kRow, b = neuron[1] / kRow, c = neuron[2] / kRow;
    return c > 3 ? 0 : (0x13100a00 >> 8 * a & 255) + (0x09070400 >> 8 * b & 255) - (0x09070400 >> 8 * a & 255) + c - b;
  }

 private:
  TEJAX_BOTH void order(int a, int b) {
    if (neuron[a] / kRow <= neuron[b] / kRow) return;
    const int other = neuron[a], step = stride[a];
    neuron[a] = neuron[b], stride[a] = stride[b];
    neuron[b] = other, stride[b] = step;
  }
};

// A thread's neurons, kOwn of them.
template <int kOwn>
struct Own {
  uint32_t wires[3 * kOwn / 2];  // two sources a word
  uint32_t tables[2 * kOwn];

  // Where the neuron lies that is the `rank`th of its row: the first 32 of a row are those that a warp's lanes tick at once.
  TEJAX_BOTH static int place(int row, int rank) {
    const int turn = rank / 32, lane = rank % 32;
    return row * kRow + kOwn * (32 * (turn / kOwn) + lane) + turn % kOwn;
  }

  // The i-th neuron: its sources, its 27 lines, and where every neuron lies.
  TEJAX_BOTH void take(int i, const Sources& sources, const int8_t* lines, const uint16_t* places) {
    uint32_t low = 0, high = 0;
    for (int line = 0; line < kLines; ++line) {
      const uint32_t entry = digit(lines[line % 3 * sources.stride[0] + line / 3 % 3 * sources.stride[1] +
                                         line / 9 * sources.stride[2]]);
      (line < 16 ? low : high) |= entry << 2 * (line % 16);
    }
    tables[2 * i] = low;
    tables[2 * i + 1] = high;
    for (int k = 0; k < 3; ++k) {
      const int place = places[sources.neuron[k]], wire = 3 * i + k;
      wires[wire / 2] |= (uint32_t)(place / 16 << 7 | (2 * place + 31) % 32) << 16 * (wire % 2);
    }
  }

  // The values after a tick, kOwn digits.
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
      const uint32_t line = twice[0] + 3 * twice[1] + 9 * twice[2];  // two times it
      next = funnel(next, funnel(line & 32 ? tables[2 * i + 1] : tables[2 * i], 0, line), 2);
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
