// Integer losses of a block of samples, straight from the counters of the last layer; the same numbers as
// tejax/core/fixedpoint.py has, whose tables are handed in.
//
// The outputs of a block are [O, N] lanes of 8, 16 or 32 bits, as narrow as they fit, in the order that `to_lanes`
// leaves: place l * (N / B) + j is sample B * j + l, for lanes of B bits.

#pragma once

#include <cstdlib>

#include "network.h"

namespace tejax {

enum Kind { kCrossEntropy = 0, kMargin = 1, kWrong = 2, kSigns = 3 };

// What is summed, and the tables of the cross-entropy.
struct Objective {
  int kind, halvings;
  int64_t limit;        // of the margin
  int over;             // the temperature, where it is 1, 2, 4 or 8 and powers need no table; else 0
  int64_t powers_size;  // powers beyond are 0
  int64_t size;         // of the tables of powers and of scaled differences
  const int32_t *log2, *fractions, *powers, *scaled;
};

constexpr int kOne = 20, kUnit = 10, kSteps = 8;  // as in fixedpoint.py
constexpr int32_t kLimit = 32 << kUnit;

// log2(x / 2^20) in 1,024ths.
TEJAX_INLINE int32_t log2_units(uint32_t x, const int32_t* table) {
  const int exponent = 31 - __builtin_clz(x);
  const uint32_t fraction = x << (31 - exponent) & 0x7FFFFFFF;
  const int32_t index = fraction >> (31 - kSteps), rest = fraction >> (31 - kSteps - 10) & 1023;
  const int32_t value = table[index] + ((table[index + 1] - table[index]) * rest >> 10);
  constexpr int kShift = kOne - kUnit;
  return ((exponent - kOne) << kUnit) + ((value + (1 << (kShift - 1))) >> kShift);
}

// The outputs of a block in lanes V: kBits registers S of them for each.
template <class V, class S>
struct Lanes {
  static constexpr int kBits = 8 * sizeof(V), kRow = sizeof(S) / sizeof(V), kPlaces = kBits * kRow;
  typedef V Vector __attribute__((vector_size(sizeof(S))));

  Vector* registers;  // [O, kBits]
  int64_t outputs;

  V at(int64_t output, int place) const { return ((const V*)registers)[output * kPlaces + place]; }

  static TEJAX_INLINE Vector higher(Vector a, Vector b) { return a > b ? a : b; }
  static TEJAX_INLINE Vector lower(Vector a, Vector b) { return a < b ? a : b; }

  TEJAX_INLINE Vector highest(int l) const {
    Vector highest = registers[l];
    for (int64_t o = 1; o < outputs; ++o) highest = higher(highest, registers[o * kBits + l]);
    return highest;
  }

  // Calls give(place, sample) for the first `valid` samples of the block.
  template <class Give>
  TEJAX_INLINE void each(int64_t valid, Give give) const {
    for (int l = 0; l < kBits; ++l) {
      const int count = std::clamp<int64_t>((valid - l + kBits - 1) / kBits, 0, kRow);
      for (int j = 0; j < count; ++j) give(l * kRow + j, kBits * j + l);
    }
  }
};

// Lanes of 32 bits from as many narrower ones.
template <class W, class V>
TEJAX_INLINE W widened(const V* from) {
#ifdef __AVX512BW__
  if constexpr (sizeof(W) == 64 && sizeof(V) == 1)
    return (W)_mm512_maskz_cvtepu8_epi32(-1, _mm_loadu_si128((const __m128i*)from));
  if constexpr (sizeof(W) == 64 && sizeof(V) == 2)
    return (W)_mm512_maskz_cvtepu16_epi32(-1, _mm256_loadu_si256((const __m256i*)from));
#endif
#ifdef __AVX2__
  if constexpr (sizeof(W) == 32 && sizeof(V) == 1)
    return (W)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)from));
  if constexpr (sizeof(W) == 32 && sizeof(V) == 2)
    return (W)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)from));
#endif
  W wide;
  for (size_t i = 0; i < sizeof(W) / 4; ++i) wide[i] = from[i];
  return wide;
}

// table[index], the index by its lowest bits.
template <class W>
TEJAX_INLINE W looked_up(W table, W index) {
#ifdef __AVX512F__
  if constexpr (sizeof(W) == 64) return (W)_mm512_maskz_permutexvar_epi32(-1, (__m512i)index, (__m512i)table);
#endif
#ifdef __AVX2__
  if constexpr (sizeof(W) == 32) return (W)_mm256_permutevar8x32_epi32((__m256i)table, (__m256i)index);
#endif
  W found;
  for (size_t i = 0; i < sizeof(W) / 4; ++i) found[i] = table[index[i] % (sizeof(W) / 4)];
  return found;
}

// The sums of powers of two, by shifts: constants for the fraction, and a rounding that makes one half 0.
template <class V, class S>
TEJAX_INLINE void shifted_sums(const Lanes<V, S>& lanes, const Objective& objective, uint32_t* sums) {
  constexpr int kWide = sizeof(S) / 4, kPlaces = Lanes<V, S>::kPlaces;
  const int fraction = __builtin_ctz(objective.over);
  const S one = S{} + 1, most = S{} + (uint32_t)(objective.powers_size - 1);
  S powers;
  for (int i = 0; i < kWide; ++i) powers[i] = objective.fractions[i % 8] - 1;
  const V* const values = (const V*)lanes.registers;
  for (int i = 0; i < kPlaces; i += kWide) {
    S sum = {};
    for (int64_t o = 0; o < lanes.outputs; ++o) {
      S below = widened<S>(values + o * kPlaces + i);
      below = below < most ? below : most;
      const S half = (below >> fraction) + (30 - kOne - 1);
      sum += (looked_up(powers, below) + (one << half)) >> (half + 1);
    }
    std::memcpy(sums + i, &sum, sizeof(S));
  }
}

// The sums of powers of two from their table.
template <class V, class S>
TEJAX_INLINE void table_sums(const Lanes<V, S>& lanes, const Objective& objective, uint32_t* sums) {
  for (int i = 0; i < Lanes<V, S>::kPlaces; ++i) {
    uint32_t sum = 0;
    for (int64_t o = 0; o < lanes.outputs; ++o) sum += objective.powers[lanes.at(o, i)];
    sums[i] = sum;
  }
}

template <class V, class S>
int64_t cross_entropy(const Lanes<V, S>& lanes, const int32_t* labels, int64_t valid, const Objective& objective) {
  using L = Lanes<V, S>;
  using Vector = typename L::Vector;
  const Vector most = Vector{} + (V)std::min<uint64_t>(objective.size - 1, V(-1));
  for (int l = 0; l < L::kBits; ++l) {
    const Vector highest = lanes.highest(l);
    for (int64_t o = 0; o < lanes.outputs; ++o) {
      Vector& value = lanes.registers[o * L::kBits + l];
      value = L::lower(highest - value, most);
    }
  }
  alignas(64) uint32_t sums[L::kPlaces];
  if constexpr (sizeof(S) >= 32)
    (objective.over ? shifted_sums<V, S> : table_sums<V, S>)(lanes, objective, sums);
  else
    table_sums(lanes, objective, sums);
  int64_t total = 0;
  lanes.each(valid, [&](int place, int sample) {
    const uint32_t label = labels[sample];
    const int32_t scaled = label < lanes.outputs ? objective.scaled[lanes.at(label, place)] : 0;
    total += std::min(scaled + log2_units(sums[place], objective.log2), kLimit) >> objective.halvings;
  });
  return total;
}

// limit - lead, the lead over the best other output clipped to -limit..limit; a label of no output stands for a sum of
// 0, which is `zero` in these lanes.
template <class V, class S>
int64_t margin(const Lanes<V, S>& lanes, const int32_t* labels, int64_t valid, const Objective& objective,
               int64_t zero) {
  using L = Lanes<V, S>;
  using Vector = typename L::Vector;
  alignas(64) V highest[L::kPlaces], second[L::kPlaces];  // second: of all but the first of the highest
  for (int l = 0; l < L::kBits; ++l) {
    Vector first = lanes.registers[l], next = {};
    for (int64_t o = 1; o < lanes.outputs; ++o) {
      const Vector value = lanes.registers[o * L::kBits + l];
      next = L::higher(next, L::lower(first, value));
      first = L::higher(first, value);
    }
    std::memcpy(highest + l * L::kRow, &first, sizeof(first));
    std::memcpy(second + l * L::kRow, &next, sizeof(next));
  }
  const bool alone = lanes.outputs == 1;
  int64_t total = 0;
  lanes.each(valid, [&](int place, int sample) {
    const uint32_t label = labels[sample];
    const bool known = label < lanes.outputs;
    const int64_t value = known ? lanes.at(label, place) : zero;
    const int64_t best = known && value == highest[place] ? second[place] : highest[place];
    const int64_t lead = known && alone ? objective.limit : value - best;
    total += (objective.limit - std::clamp(lead, -objective.limit, objective.limit)) >> objective.halvings;
  });
  return total;
}

// 1 where the highest output, the first of equals, is not the label's.
template <class V, class S>
int64_t wrong(const Lanes<V, S>& lanes, const int32_t* labels, int64_t valid, const Objective& objective) {
  using L = Lanes<V, S>;
  alignas(64) V highest[L::kPlaces];
  for (int l = 0; l < L::kBits; ++l) {
    const auto top = lanes.highest(l);
    std::memcpy(highest + l * L::kRow, &top, sizeof(top));
  }
  int64_t total = 0;
  lanes.each(valid, [&](int place, int sample) {
    const uint32_t label = labels[sample];
    bool right = label < lanes.outputs && lanes.at(label, place) == highest[place];
    for (uint32_t o = 0; right && o < label; ++o) right = lanes.at(o, place) != highest[place];
    total += !right >> objective.halvings;
  });
  return total;
}

// The summed loss of some blocks of samples, which begin at sample `first` of `samples`.
template <class V, class S>
int64_t labelled_loss(const Wiring& wiring, const S* in, int blocks, const Objective& objective, const int32_t* labels,
                      int64_t first, int64_t samples, std::vector<char>& memory) {
  using L = Lanes<V, S>;
  constexpr int kBits = L::kBits, kPlaces = L::kPlaces;
  const int64_t outputs = wiring.neurons.size();
  S* const values = aligned<S>(memory, blocks * outputs * kBits);
  each_counter(wiring, in, blocks, [&](int64_t o, int b, const S* counter, int bits) {
    S* const place = values + (b * outputs + o) * kBits;
    for (int l = 0; l < kBits; ++l) place[l] = l < bits ? counter[l] : S{};
    to_lanes<kBits>(place);
  });
  int64_t total = 0;
  for (int b = 0; b < blocks; ++b) {
    const L lanes{(typename L::Vector*)(values + b * outputs * kBits), outputs};
    const int64_t start = first + b * kPlaces, valid = std::min<int64_t>(kPlaces, samples - start);
    const int32_t* const given = labels + start;
    total += objective.kind == kCrossEntropy ? cross_entropy(lanes, given, valid, objective)
             : objective.kind == kMargin     ? margin(lanes, given, valid, objective, wiring.zero)
                                             : wrong(lanes, given, valid, objective);
  }
  return total;
}

// How many outputs have another sign than is wanted; `wanted` are planes [O, 2, W].
template <class S>
int64_t sign_loss(const Wiring& wiring, const S* in, int blocks, const uint32_t* wanted, int64_t words, int64_t first,
                  int64_t samples) {
  constexpr int kWords = sizeof(S) / 4;
  int64_t total = 0;
  each_counter(wiring, in, blocks, [&](int64_t o, int b, const S* counter, int bits) {
    S plus, not_minus;
    threshold(counter, bits, 0, plus, not_minus);
    for (int w = 0; w < kWords; ++w) {
      const int64_t word = first / 32 + b * kWords + w, left = samples - 32 * word;
      if (left <= 0) break;
      const uint32_t valid = left < 32 ? (1u << left) - 1 : ~0u;
      const uint32_t* const place = wanted + 2 * o * words + word;
      total += __builtin_popcount(((plus[w] ^ place[0]) | (~not_minus[w] ^ place[words])) & valid);
    }
  });
  return total;
}

}  // namespace tejax
