// Numbers sliced by bits: one bit a sample, a whole register of samples at a time, on registers of any width.
//
// A plane is one bit of every sample. A counter is a number for every sample, bit l of it in plane l; carry-save adders
// (Harley and Seal) feed it, so that adding one bit of all samples costs one full adder, whatever the counter holds.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define TEJAX_INLINE inline __attribute__((always_inline))

namespace tejax {

constexpr int kCounter = 40;  // bits of a counter: a fan-in below 2^30, and thresholds and biases of 32 bits

// The widest register that this code is compiled for, in bytes.
#if defined(__AVX512BW__)
constexpr int kWidest = 64;
#elif defined(__AVX2__)
constexpr int kWidest = 32;
#else
constexpr int kWidest = 16;
#endif

template <int kBytes>
struct Register {
  typedef uint32_t Bits __attribute__((vector_size(kBytes)));
};

template <class S>
TEJAX_INLINE S load(const void* from) {
  S samples;
  std::memcpy(&samples, from, sizeof(S));
  return samples;
}

template <class S>
TEJAX_INLINE S sum3(S a, S b, S c) {
#ifdef __AVX512F__
  if constexpr (sizeof(S) == 64) return (S)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
#endif
  return a ^ b ^ c;
}

template <class S>
TEJAX_INLINE S majority(S a, S b, S c) {
#ifdef __AVX512F__
  if constexpr (sizeof(S) == 64) return (S)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0xE8);
#endif
  return (a & b) | (c & (a ^ b));
}

// Adds a carry of weight 2^from into counter[from..bits - 1].
template <class S>
TEJAX_INLINE void ripple(S* counter, S carry, int from, int bits) {
  for (int l = from; l < bits; ++l) {
    const S old = counter[l];
    counter[l] = old ^ carry;
    carry = old & carry;
  }
}

// Adds 2^LEVEL synapses, two planes each, into counter[0..LEVEL]; returns the carry, of weight 2^(LEVEL + 1).
template <int LEVEL, class S>
TEJAX_INLINE S add(S* counter, const char* block, const uint32_t*& next) {
  S first, second;
  if constexpr (LEVEL == 0) {
    const char* const planes = block + *next++;
    first = load<S>(planes);
    second = load<S>(planes + sizeof(S));
  } else {
    first = add<LEVEL - 1, S>(counter, block, next);
    second = add<LEVEL - 1, S>(counter, block, next);
  }
  const S carry = majority(counter[LEVEL], first, second);
  counter[LEVEL] = sum3(counter[LEVEL], first, second);
  return carry;
}

// Adds 2^LEVEL synapses into a counter whose lowest kLow bits stay in registers.
template <int LEVEL, int kLow, class S>
TEJAX_INLINE void add_all(S* low, S* counter, const char* block, const uint32_t*& next, int bits) {
  S carry = add<LEVEL, S>(low, block, next);
  for (int l = LEVEL + 1; l < kLow; ++l) {
    const S old = low[l];
    low[l] = old ^ carry;
    carry = old & carry;
  }
  ripple(counter, carry, kLow, bits);
}

constexpr int kLow = 5;  // bits of a counter that stay in registers while synapses are added

// Adds what the synapses count, the lowest bits being `low`, and stores these. `many` is even, bits at least kLow.
template <class S>
TEJAX_INLINE void count_on(const void* planes, const uint32_t* synapses, int many, S* low, int bits, S* counter) {
  const char* const block = (const char*)planes;
  for (int groups = many >> 4; groups; --groups) add_all<4, kLow, S>(low, counter, block, synapses, bits);
  if (many & 8) add_all<3, kLow, S>(low, counter, block, synapses, bits);
  if (many & 4) add_all<2, kLow, S>(low, counter, block, synapses, bits);
  if (many & 2) add_all<1, kLow, S>(low, counter, block, synapses, bits);
  for (int l = 0; l < kLow; ++l) counter[l] = low[l];
}

// counter = start + what the synapses count. Bit l of `start` is all ones or none.
template <class S>
TEJAX_INLINE void count(const void* planes, const uint32_t* synapses, int many, const uint32_t* start, int bits,
                        S* counter) {
  for (int l = kLow; l < bits; ++l) counter[l] = S{} + start[l];
  S low[kLow];
  for (int l = 0; l < kLow; ++l) low[l] = S{} + start[l];
  count_on(planes, synapses, many, low, bits, counter);
}

// counter += what the synapses count.
template <class S>
TEJAX_INLINE void count_more(const void* planes, const uint32_t* synapses, int many, int bits, S* counter) {
  S low[kLow];
  for (int l = 0; l < kLow; ++l) low[l] = counter[l];
  count_on(planes, synapses, many, low, bits, counter);
}

// The samples whose counter is above `bound`.
template <class S>
TEJAX_INLINE S above(const S* counter, int bits, int64_t bound) {
  if (bound < 0) return ~S{};
  if (bound >> bits) return S{};
  S greater = {};
  for (int l = 0; l < bits; ++l) greater = (bound >> l) & 1 ? greater & counter[l] : greater | counter[l];
  return greater;
}

// From planes to lanes: kBits planes of bits become kBits registers of unsigned lanes of kBits bits, in place.
// Lane j of register l is the number of sample kBits * j + l.
template <int kBits, class S>
TEJAX_INLINE void to_lanes(S* planes) {
  constexpr uint32_t kMasks[] = {0x55555555, 0x33333333, 0x0F0F0F0F, 0x00FF00FF, 0x0000FFFF};
  int step = 0;
  for (int apart = 1; apart < kBits; apart *= 2, ++step) {
    for (int l = 0; l < kBits; ++l) {
      if (l & apart) continue;
      const S swapped = ((planes[l] >> apart) ^ planes[l + apart]) & kMasks[step];
      planes[l + apart] ^= swapped;
      planes[l] ^= swapped << apart;
    }
  }
}

// The bits that a number takes.
TEJAX_INLINE int width(uint64_t number) { return number ? 64 - __builtin_clzll(number) : 0; }

}  // namespace tejax
