// What a lane of a tissue's kernel does; see tissue.cu.
//
// A warp ticks 32 samples of a network of up to 256 neurons by products of matrices: sums [sample, neuron] = values
// [sample, source] times weights [source, neuron], in tiles of 16 samples, 32 sources and 8 neurons. A lane finds its
// sums as the product of tiles leaves them and needs its values as the next one takes them; both are the same four rows,
// and the columns are the same once sources are numbered anew within each 32 (`source`). So values never leave
// registers: they are bytes -1, 0 and +1 of words [tile of 16 samples][tile of 32 sources][2 half + upper], where `half`
// chooses 16 of the sources and `upper` the samples from the eighth on.

#ifndef TEJAX_CUDA_TISSUE_H_
#define TEJAX_CUDA_TISSUE_H_

#include <cstdint>

#include "both.h"

namespace tejax {

constexpr int kNeurons = 256;         // at most
constexpr int kTiles = kNeurons / 32;  // of sources
constexpr int kPairs = kNeurons / 16;  // of tiles of neurons
constexpr int kGroups = 2;            // of 16 samples
constexpr int kRows = 2 * kGroups;    // samples of a lane
constexpr int kSamples = 16 * kGroups;  // of a warp
constexpr int kEnds = 2;              // the tiles that inputs and outputs lie in
constexpr int kMostEnds = 32 * kEnds;

// The neuron whose value is a byte of a word, for the lanes of a remainder `quad` by 4.
TEJAX_BOTH int source(int tile, int half, int quad, int byte) {
  return 32 * tile + 16 * half + 8 * (byte / 2) + 2 * quad + byte % 2;
}

// A network: row n of `weights` [N, N] holds the trits with which all neurons reach neuron n; inputs, outputs, others.
struct Net {
  const int8_t* weights;
  int neurons, inputs, outputs;
  bool hold;  // inputs keep their value

  // Four weights with which sources reach a neuron. An input that keeps its value is reached by itself alone.
  TEJAX_BOTH uint32_t word(int neuron, int tile, int half, int quad) const {
    uint32_t word = 0;
    for (int byte = 0; byte < 4; ++byte) {
      const int from = source(tile, half, quad, byte);
      int8_t weight = 0;
      if (hold && neuron < inputs)
        weight = from == neuron;
      else if (neuron < neurons && from < neurons)
        weight = weights[neuron * neurons + from];
      word |= (uint32_t)(uint8_t)weight << 8 * byte;
    }
    return word;
  }

  // The values of a sample before the first tick, of `fed` [inputs].
  TEJAX_BOTH uint32_t start(const int8_t* fed, int tile, int half, int quad) const {
    uint32_t word = 0;
    for (int byte = 0; byte < 4; ++byte) {
      const int neuron = source(tile, half, quad, byte);
      if (neuron < inputs) word |= (uint32_t)(uint8_t)fed[neuron] << 8 * byte;
    }
    return word;
  }

  // Whether outputs among four values are zero.
  TEJAX_BOTH bool silent(uint32_t word, int tile, int half, int quad) const {
    bool silent = false;
    for (int byte = 0; byte < 4; ++byte) {
      const int output = source(tile, half, quad, byte) - inputs;
      silent |= output >= 0 && output < outputs && !(word >> 8 * byte & 1);
    }
    return silent;
  }

  // Writes the outputs among four values to `answer` [outputs].
  TEJAX_BOTH void answer(uint32_t word, int tile, int half, int quad, int8_t* answer) const {
    for (int byte = 0; byte < 4; ++byte) {
      const int output = source(tile, half, quad, byte) - inputs;
      if (output >= 0 && output < outputs) answer[output] = (int8_t)(word >> 8 * byte);
    }
  }
};

TEJAX_BOTH uint32_t sign(int32_t sum) { return (uint32_t)(sum > 0) - (uint32_t)(sum < 0); }

// Four values of the signs of sums: two of a tile of neurons, two of the next.
TEJAX_BOTH uint32_t signs(int32_t a, int32_t b, int32_t c, int32_t d) {
#ifdef __CUDA_ARCH__
  a = min(max(a, -1), 1), b = min(max(b, -1), 1), c = min(max(c, -1), 1), d = min(max(d, -1), 1);
  return __byte_perm(__byte_perm(a, b, 0x0040), __byte_perm(c, d, 0x0040), 0x5410);
#else
  return (sign(a) & 255) | (sign(b) & 255) << 8 | (sign(c) & 255) << 16 | sign(d) << 24;
#endif
}

}  // namespace tejax

#endif  // TEJAX_CUDA_TISSUE_H_
