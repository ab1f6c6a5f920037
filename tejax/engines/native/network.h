// Layers of trits on a block of samples.
//
// In a block a feature has four planes: x is +1, x is not -1, x is -1, x is not +1. A synapse of weight +1 counts the
// first two, x + 1 of 0, 1 or 2; one of weight -1 counts the last two, 1 - x; one of weight 0 is not in the list. With
// n synapses counted, sum = count - n. Inputs may be whole numbers: a number has one such feature for each bit of its
// magnitude, and the features of bit k count into the counter from its bit k on. A counter starts where it makes the question easy: in a hidden layer its highest
// bit is the answer "above the dead zone", in an output layer all neurons count from the same zero.

#pragma once

#include <vector>

#include "slices.h"

namespace tejax {

constexpr int kPlanes = 4;  // of a feature in a block

// One layer of one individual.
struct Layer {
  int64_t features, neurons;
  int64_t planes;         // bits of a feature's magnitude: a block has features * planes of them, bit after bit
  const int8_t* weights;  // [neurons, features]
  const int32_t* bias;    // [neurons]
  int64_t dead_zone;      // of a hidden layer
};

// Where a neuron's synapses stand in the list, and how its counter starts.
struct Neuron {
  int64_t first;
  int32_t counted, bits;  // synapses of a bit, and bits of the counter
  uint64_t start;
};

// The layer as the counters want it.
struct Wiring {
  std::vector<uint32_t> synapses;  // where the planes of a synapse begin in a block, in bytes
  std::vector<Neuron> neurons;
  int64_t features, dead_zone;  // all features of a block
  int planes;
  int64_t zero;  // of an output layer: what its counters hold where the sum is 0
  int bits;      // of an output layer: what the largest of its counters takes
};

// For every set of 8 features, where these begin in a block, those of the set in front.
template <int kBytes>
struct Places {
  alignas(64) uint32_t at[256][8] = {};
  constexpr Places() {
    for (int set = 0; set < 256; ++set)
      for (int place = 0, count = 0; place < 8; ++place)
        if (set >> place & 1) at[set][count++] = place * kPlanes * kBytes;
  }
};
template <int kBytes>
inline constexpr Places<kBytes> kPlaces;

// Writes 8 words at `list`, those of the set first; returns how many these are.
template <int kBytes>
TEJAX_INLINE int append(uint32_t set, uint32_t base, uint32_t* list) {
  typedef uint32_t Four __attribute__((vector_size(16)));
  const uint32_t* const places = kPlaces<kBytes>.at[set];
  for (int i = 0; i < 8; i += 4) {
    const Four four = load<Four>(places + i) + base;
    std::memcpy(list + i, &four, sizeof(four));
  }
  return __builtin_popcount(set);
}

// The synapses of a neuron that have a weight; one that counts nothing follows, for a list of an even length: it reads
// feature `none` of the block.
template <int kBytes>
int gather(const int8_t* weights, int64_t features, int64_t none, uint32_t* list) {
  constexpr uint64_t kLowest = 0x0101010101010101, kGather = 0x0102040810204080;
  constexpr uint32_t kFeature = kPlanes * kBytes;
  int many = 0;
  for (int64_t f = 0; f < features; f += 8) {
    uint64_t trits = 0;
    if (f + 8 <= features)
      std::memcpy(&trits, weights + f, 8);
    else
      std::memcpy(&trits, weights + f, features - f);
    const uint64_t negative = trits >> 7 & kLowest, positive = trits & ~negative & kLowest;
    const uint32_t base = f * kFeature;
    many += append<kBytes>(positive * kGather >> 56, base, list + many);
    many += append<kBytes>(negative * kGather >> 56, base + 2 * kBytes, list + many);
  }
  list[many] = none * kFeature;
  return many;
}

TEJAX_INLINE int even(int number) { return (number + 1) & ~1; }

// Lists the synapses of a layer.
template <int kBytes>
void wire(const Layer& layer, Wiring& wiring) {
  wiring.features = layer.features * layer.planes;
  wiring.planes = layer.planes;
  wiring.dead_zone = layer.dead_zone;
  const size_t most = layer.neurons * (layer.features + 1) * layer.planes + 16;
  if (wiring.synapses.size() < most) wiring.synapses.resize(most);
  wiring.neurons.resize(layer.neurons);
  int64_t first = 0;
  for (int64_t o = 0; o < layer.neurons; ++o) {
    uint32_t* list = &wiring.synapses[first];
    const int counted = gather<kBytes>(layer.weights + o * layer.features, layer.features, wiring.features, list);
    const int length = even(counted);
    wiring.neurons[o] = {first, counted, 0, 0};
    const uint32_t plane = layer.features * kPlanes * kBytes;
    for (int k = 1; k < wiring.planes; ++k, list += length) {
      for (int i = 0; i < counted; ++i) list[length + i] = list[i] + plane;
      list[length + counted] = list[counted];
    }
    first += wiring.planes * length;
  }
}

// What a neuron counts where all its products are 0: every synapse once for each unit of the largest magnitude.
TEJAX_INLINE int64_t weight(const Wiring& wiring, const Neuron& neuron) {
  return int64_t{neuron.counted} * ((int64_t{1} << wiring.planes) - 1);
}

// Counters whose highest bit says that the sum is above the dead zone.
template <int kBytes>
void wire_hidden(const Layer& layer, Wiring& wiring) {
  wire<kBytes>(layer, wiring);
  for (int64_t o = 0; o < layer.neurons; ++o) {
    Neuron& neuron = wiring.neurons[o];
    const int64_t n = weight(wiring, neuron);
    // a bias or a zone that no sum can reach is as good as one that it just cannot
    const int64_t most = n + layer.dead_zone + 1;
    const int64_t bias = std::clamp<int64_t>(layer.bias[o], -most, most);
    const int highest = std::max(kLow + wiring.planes - 2, width(n + std::abs(bias) + layer.dead_zone + 1));
    neuron.bits = highest + 1;
    neuron.start = (int64_t{1} << highest) - layer.dead_zone - 1 + bias - n;
  }
}

// Counters that all hold the same where their sums are 0.
template <int kBytes>
void wire_output(const Layer& layer, Wiring& wiring) {
  wire<kBytes>(layer, wiring);
  int64_t zero = INT64_MIN;
  for (int64_t o = 0; o < layer.neurons; ++o) zero = std::max(zero, weight(wiring, wiring.neurons[o]) - layer.bias[o]);
  int64_t most = 0;
  for (int64_t o = 0; o < layer.neurons; ++o) {
    Neuron& neuron = wiring.neurons[o];
    const int64_t n = weight(wiring, neuron);
    neuron.start = zero + layer.bias[o] - n;
    most = std::max<int64_t>(most, neuron.start + 2 * n);
  }
  wiring.zero = zero;
  wiring.bits = std::clamp(width(most), kLow + wiring.planes - 1, 32);  // beyond 32 the sums wrap, as they do elsewhere
  for (Neuron& neuron : wiring.neurons) neuron.bits = wiring.bits;
}

// One bit of the start of a counter after another: all ones or none.
TEJAX_INLINE void spell(const Neuron& neuron, uint32_t* start) {
  for (int l = 0; l < neuron.bits; ++l) start[l] = -(uint32_t)(neuron.start >> l & 1);
}

// A feature's planes from where it is +1 and where it is not -1.
template <class S>
TEJAX_INLINE void put(S* feature, S plus, S not_minus) {
  feature[0] = plus;
  feature[1] = not_minus;
  feature[2] = ~not_minus;
  feature[3] = ~plus;
}

// A block of inputs from planes [F, 2, W]: samples from `word` on, those beyond the last word 0; a feature of no planes
// follows, which synapses that count nothing read.
template <class S>
void read_block(const uint32_t* x, int64_t features, int64_t words, int64_t word, S* block) {
  const size_t bytes = std::min<size_t>(sizeof(S), 4 * (words - word));
  for (int64_t f = 0; f < features; ++f) {
    S plus = {}, minus = {};
    if (bytes == sizeof(S)) {
      plus = load<S>(x + 2 * f * words + word);
      minus = load<S>(x + (2 * f + 1) * words + word);
    } else {
      std::memcpy(&plus, x + 2 * f * words + word, bytes);
      std::memcpy(&minus, x + (2 * f + 1) * words + word, bytes);
    }
    put(block + kPlanes * f, plus, ~minus);
  }
  std::fill_n(block + kPlanes * features, kPlanes, S{});
}

// Calls give(neuron, block, counter, bits) for every neuron and every block: a neuron's list is read once for them all.
template <class S, class Give>
TEJAX_INLINE void each_counter(const Wiring& wiring, const S* in, int blocks, Give give) {
  const int64_t stride = kPlanes * (wiring.features + 1);
  uint32_t start[kCounter];
  S counter[kCounter];
  for (size_t o = 0; o < wiring.neurons.size(); ++o) {
    const Neuron& neuron = wiring.neurons[o];
    spell(neuron, start);
    for (int b = 0; b < blocks; ++b) {
      const S* const block = in + b * stride;
      const uint32_t* synapses = wiring.synapses.data() + neuron.first;
      const int many = even(neuron.counted);
      count(block, synapses, many, start, neuron.bits, counter);
      for (int k = 1; k < wiring.planes; ++k)
        count_more(block, synapses += many, many, neuron.bits - k, counter + k);
      give(o, b, counter, neuron.bits);
    }
  }
}

// Where a hidden sum is +1 and where it is not -1.
template <class S>
TEJAX_INLINE void threshold(const S* counter, int bits, int64_t dead_zone, S& plus, S& not_minus) {
  plus = counter[bits - 1];
  not_minus = above(counter, bits, (int64_t{1} << (bits - 1)) - 2 * dead_zone - 2);
}

// A hidden layer: blocks in, blocks out.
template <class S>
void hidden_layer(const Wiring& wiring, const S* in, S* out, int blocks) {
  const int64_t neurons = wiring.neurons.size(), stride = kPlanes * (neurons + 1);
  each_counter(wiring, in, blocks, [&](int64_t o, int b, const S* counter, int bits) {
    S plus, not_minus;
    threshold(counter, bits, wiring.dead_zone, plus, not_minus);
    put(out + b * stride + kPlanes * o, plus, not_minus);
  });
  for (int b = 0; b < blocks; ++b) std::fill_n(out + b * stride + kPlanes * neurons, kPlanes, S{});
}

// Memory that a thread keeps from call to call, at an address that any register may have.
template <class S>
S* aligned(std::vector<char>& memory, size_t count) {
  const size_t bytes = count * sizeof(S) + 64;
  if (memory.size() < bytes) memory.resize(bytes);
  return (S*)(((uintptr_t)memory.data() + 63) & ~uintptr_t{63});
}

}  // namespace tejax
