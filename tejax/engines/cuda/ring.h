// What a thread of a ring's kernel does; see ring.cu.
//
// Trits are two bits, is it non-zero and is it negative, of 32 neurons to a word. A thread owns a neuron; the 32 neurons
// of a warp see the same words of the ring, those that their windows reach together, so weights are words in that order.

#ifndef TEJAX_CUDA_RING_H_
#define TEJAX_CUDA_RING_H_

#include <cstdint>

#include "both.h"

namespace tejax {

constexpr int kMostNeurons = 1024;

// Bits of 32 trits.
struct Trits {
  uint32_t nonzero, negative;
};

// A ring of `population` neurons that send trits to `left` neurons to the left of them and `right` to the right.
struct Reach {
  int population, left, right;

  TEJAX_BOTH Reach(int population, int neighbors, bool capped) : population(population) {
    const int active = capped && population - 1 < neighbors ? population - 1 : neighbors;
    left = (active + 1) / 2;
    right = active / 2;
  }

  TEJAX_BOTH int words() const { return (population + 31) / 32; }

  // How many words the neurons of a warp see, filled up to a multiple of four.
  TEJAX_BOTH int words_seen() const {
    // of 32 neurons together, begun anywhere in two words, and perhaps with the ring's last word, which may not be full
    const int seen = (left + right + 32 + 63 + 31) / 32 + 1;
    return ((seen < words() ? seen : words()) + 3) / 4 * 4;
  }

  // The first of them, an even one.
  TEJAX_BOTH int first_word(int warp) const {
    if (words_seen() >= words() || 32 * warp >= population) return 0;
    const int neuron = 32 * warp - right;  // the first that is seen
    return (neuron < 0 ? neuron + population : neuron) / 32 & ~1;
  }

  // The `number`th word from `first` on around the ring; -1 if that has been seen.
  TEJAX_BOTH int word(int first, int number) const {
    return number < words() ? (first + number) % words() : -1;
  }

  // The slot through which a neuron sends to another, of `neighbors`; -1 for none.
  TEJAX_BOTH int slot(int from, int to, int neighbors) const {
    const int onward = to - from + (to < from ? population : 0), back = population - onward;
    const int reached = onward <= right ? neighbors / 2 + onward - 1 : back <= left ? neighbors / 2 - back : -1;
    return from < population && to < population && onward != 0 ? reached : -1;
  }

  // The weights with which the 32 neurons of a word reach a neuron; `synapses` [N, neighbors].
  TEJAX_BOTH Trits weights(const int8_t* synapses, int neighbors, int word, int neuron) const {
    Trits trits{0, 0};
    if (word < 0) return trits;
#ifdef __CUDA_ARCH__
#pragma unroll 16
#endif
    for (int bit = 0; bit < 32; ++bit) {
      const int from = 32 * word + bit, place = slot(from, neuron, neighbors);
      const int8_t weight = place < 0 ? 0 : synapses[(int64_t)from * neighbors + place];
      trits.nonzero |= (uint32_t)(weight != 0) << bit;
      trits.negative |= (uint32_t)(weight < 0) << bit;
    }
    return trits;
  }
};

TEJAX_BOTH int count_bits(uint32_t mask) {
#ifdef __CUDA_ARCH__
  return __popc(mask);
#else
  return __builtin_popcount(mask);
#endif
}

// The bits of many words, counted four words at a time by full adders.
struct Count {
  uint32_t ones = 0, twos = 0;
  int fours = 0;

  TEJAX_BOTH void add(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    const uint32_t first = carry(ones, a, b);
    ones ^= a ^ b;
    const uint32_t second = carry(ones, c, d);
    ones ^= c ^ d;
    fours += count_bits(carry(twos, first, second));
    twos ^= first ^ second;
  }

  TEJAX_BOTH int total() const { return count_bits(ones) + 2 * count_bits(twos) + 4 * fours; }

 private:
  TEJAX_BOTH static uint32_t carry(uint32_t a, uint32_t b, uint32_t c) { return (a & b) | (c & (a | b)); }
};

// What arrives at a neuron.
struct Sum {
  Count nonzero, negative;

  TEJAX_BOTH void add(const Trits (&weights)[4], const Trits (&values)[4]) {
    uint32_t there[4], minus[4];
    for (int i = 0; i < 4; ++i) {
      there[i] = weights[i].nonzero & values[i].nonzero;
      minus[i] = (weights[i].negative ^ values[i].negative) & there[i];
    }
    nonzero.add(there[0], there[1], there[2], there[3]);
    negative.add(minus[0], minus[1], minus[2], minus[3]);
  }

  TEJAX_BOTH int total() const { return nonzero.total() - 2 * negative.total(); }
};

}  // namespace tejax

#endif  // TEJAX_CUDA_RING_H_
