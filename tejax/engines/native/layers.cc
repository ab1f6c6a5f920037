// Layers of trits for XLA on a CPU, sliced by bits: one bit a sample, hundreds of samples to a register.
//
// Activations are planes [F, 2, W] of 32-bit words: for feature f the samples where it is +1, then those where it is -1.
// A synapse of weight +1 counts "x is +1" and "x is not -1", that is x + 1 of 0, 1 or 2; one of weight -1 counts them the
// other way round; one of weight 0 is passed over. With n synapses counted, sum = count - n. The counters are bit-sliced
// too: bit l of every sample's counter stands in register l, and carry-save adders (Harley and Seal) feed them, so that a
// synapse costs about five logical operations for all samples of a register.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <type_traits>
#include <vector>

#ifdef __AVX512BW__
#include <immintrin.h>
#endif

#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace {

constexpr int kCounter = 32;  // bits of a counter: any fan-in below 2^30

#define TEJAX_INLINE inline __attribute__((always_inline))

// One bit of each of 32 * kWords samples.
template <int kWords>
struct Register {
  typedef uint32_t Bits __attribute__((vector_size(4 * kWords)));
};

template <class S>
TEJAX_INLINE S load(const uint32_t* words) {
  S samples;
  std::memcpy(&samples, words, sizeof(S));
  return samples;
}

template <class S>
TEJAX_INLINE void store(uint32_t* words, S samples) {
  std::memcpy(words, &samples, sizeof(S));
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

// A synapse that counts: where the planes of its +1s and of its -1s begin, in words.
struct Synapse {
  int32_t plus, minus;
};

// The synapses of a neuron that have a weight, and up to three that add nothing (plus = minus): a multiple of 4 in all.
int gather(const int8_t* weights, int64_t fan_in, int64_t plane, Synapse* synapses) {
  int count = 0;
  int64_t f = 0;
#ifdef __AVX512F__
  const __m512i size = _mm512_set1_epi32(plane);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  alignas(64) int32_t plus[16], minus[16];
  for (; f + 16 <= fan_in; f += 16) {
    const __m512i w = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)(weights + f)));
    const __mmask16 kept = _mm512_test_epi32_mask(w, w), negative = _mm512_movepi32_mask(w);
    const __m512i base = _mm512_mullo_epi32(_mm512_add_epi32(_mm512_set1_epi32(f), lanes), _mm512_slli_epi32(size, 1));
    const __m512i a = _mm512_mask_add_epi32(base, negative, base, size);
    const __m512i b = _mm512_mask_add_epi32(base, ~negative, base, size);
    _mm512_store_si512(plus, _mm512_maskz_compress_epi32(kept, a));
    _mm512_store_si512(minus, _mm512_maskz_compress_epi32(kept, b));
    const int many = __builtin_popcount(kept);
    for (int i = 0; i < many; ++i) synapses[count + i] = {plus[i], minus[i]};
    count += many;
  }
#endif
  for (; f < fan_in; ++f) {
    const int32_t base = 2 * f * plane, negative = weights[f] < 0;
    synapses[count] = {base + negative * (int32_t)plane, base + (1 - negative) * (int32_t)plane};
    count += weights[f] != 0;
  }
  while (count % 4) synapses[count++] = {0, 0};
  return count;
}

// Adds 2^LEVEL synapses into counter[0..LEVEL]; returns the carry, of weight 2^(LEVEL + 1).
template <int LEVEL, class S>
TEJAX_INLINE S add(S* counter, const uint32_t* planes, const Synapse*& next) {
  S first, second;
  if constexpr (LEVEL == 0) {
    first = load<S>(planes + next->plus);
    second = ~load<S>(planes + next->minus);
    ++next;
  } else {
    first = add<LEVEL - 1, S>(counter, planes, next);
    second = add<LEVEL - 1, S>(counter, planes, next);
  }
  const S carry = majority(counter[LEVEL], first, second);
  counter[LEVEL] = sum3(counter[LEVEL], first, second);
  return carry;
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

// Counts the synapses of a neuron; returns how many bits the counter takes.
template <class S>
TEJAX_INLINE int count(const uint32_t* planes, const Synapse* synapses, int many, S* counter) {
  const int bits = 32 - __builtin_clz(2 * many | 1);
  for (int l = 4; l < bits; ++l) counter[l] = S{};
  S low[4] = {};  // the lowest bits stay in registers
  const Synapse* const end = synapses + many;
  while (end - synapses >= 8) ripple(counter, add<3, S>(low, planes, synapses), 4, bits);
  if (synapses < end) {
    const S carry = add<2, S>(low, planes, synapses);
    ripple(counter, low[3] & carry, 4, bits);
    low[3] ^= carry;
  }
  for (int l = 0; l < 4; ++l) counter[l] = low[l];
  return bits;
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

// out[s] = counter of sample s + offset, for the first `samples` of the register.
template <class S>
TEJAX_INLINE void spread(const S* counter, int bits, int32_t offset, int64_t samples, int32_t* out) {
  constexpr int kWords = sizeof(S) / 4;
  const uint32_t* const plane = (const uint32_t*)counter;
  for (int64_t word = 0; word < kWords && 32 * word < samples; word += 2) {
    alignas(64) int32_t sums[64];
#ifdef __AVX512BW__
    __m512i wide[4];
    for (int part = 0; part < 4; ++part) wide[part] = _mm512_set1_epi32(offset);
    for (int low = 0; low < bits; low += 8) {
      __m512i bytes = _mm512_setzero_si512();
      for (int l = low; l < std::min(bits, low + 8); ++l) {
        uint64_t mask;
        std::memcpy(&mask, plane + l * kWords + word, 8);
        bytes = _mm512_mask_add_epi8(bytes, mask, bytes, _mm512_set1_epi8(1 << (l - low)));
      }
      alignas(64) uint8_t byte[64];
      _mm512_store_si512(byte, bytes);
      for (int part = 0; part < 4; ++part) {
        const __m512i lane = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i*)(byte + 16 * part)));
        wide[part] = _mm512_add_epi32(wide[part], _mm512_slli_epi32(lane, low));
      }
    }
    for (int part = 0; part < 4; ++part) _mm512_store_si512(sums + 16 * part, wide[part]);
#else
    for (int s = 0; s < 64; ++s) sums[s] = offset;
    for (int l = 0; l < bits; ++l)
      for (int s = 0; s < 64; ++s) sums[s] += ((plane[l * kWords + word + s / 32] >> s % 32) & 1) << l;
#endif
    std::memcpy(out + word * 32, sums, 4 * std::min<int64_t>(64, samples - word * 32));
  }
}

// One layer of one individual, on the samples of some words.
struct Layer {
  int64_t features, neurons, words, samples;
  int32_t dead_zone;
  const uint32_t* x;  // [F, 2, W]
  const int8_t* weights;
  const int32_t* bias;
  uint32_t* planes;  // [O, 2, W], of a hidden layer
  int32_t* sums;     // [O, samples], of an output layer
};

template <int kWords>
void run(const Layer& layer, int64_t first, int64_t last) {
  using S = typename Register<kWords>::Bits;
  std::vector<Synapse> synapses(layer.features + 20);
  S counter[kCounter];
  for (int64_t o = 0; o < layer.neurons; ++o) {
    const int many = gather(layer.weights + o * layer.features, layer.features, layer.words, synapses.data());
    const int64_t zero = many - layer.bias[o];  // the counter where the sum is 0
    for (int64_t word = first; word < last; word += kWords) {
      const int bits = count(layer.x + word, synapses.data(), many, counter);
      if (layer.planes) {
        uint32_t* const place = layer.planes + 2 * o * layer.words + word;
        store(place, above(counter, bits, zero + layer.dead_zone));
        store(place + layer.words, ~above(counter, bits, zero - layer.dead_zone - 1));
      } else {
        const int64_t sample = 32 * word;
        spread(counter, bits, -zero, layer.samples - sample, layer.sums + o * layer.samples + sample);
      }
    }
  }
}

// Calls work(0..count - 1) on the threads of the pool and on this one.
template <class Work>
void in_parallel(ffi::ThreadPool pool, int64_t count, Work work) {
  struct Shared {
    std::atomic<int64_t> next{0}, done{0};
    std::mutex mutex;
    std::condition_variable finished;
  };
  const auto shared = std::make_shared<Shared>();
  const auto loop = [shared, count, work] {
    int64_t mine = 0;
    for (int64_t i; (i = shared->next.fetch_add(1)) < count; ++mine) work(i);
    if (mine && shared->done.fetch_add(mine) + mine == count) {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->finished.notify_all();
    }
  };
  const int64_t helpers = std::min<int64_t>(pool.num_threads(), count) - 1;
  for (int64_t i = 0; i < helpers; ++i) pool.Schedule([loop] { loop(); });
  loop();
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->finished.wait(lock, [&] { return shared->done.load() == count; });
}

// Which row of an array an individual reads: of the batch axes in front, one of length 1 is shared by all.
int64_t row(ffi::Span<const int64_t> own, ffi::Span<const int64_t> batch, size_t axes, int64_t individual) {
  int64_t row = 0, unit = 1;
  for (size_t axis = axes; axis-- > 0;) {
    if (own[axis] != 1) row += individual % batch[axis] * unit;
    unit *= own[axis];
    individual /= batch[axis];
  }
  return row;
}

template <class Out>
ffi::Error layers(ffi::ThreadPool pool, ffi::Buffer<ffi::U32>& x, ffi::Buffer<ffi::S8>& weights,
                  ffi::Buffer<ffi::S32>& bias, Out& out, int32_t dead_zone) {
  constexpr bool kHidden = std::is_same_v<Out, ffi::Result<ffi::Buffer<ffi::U32>>>;
  const auto result = out->dimensions();
  const size_t axes = result.size() - (kHidden ? 3 : 2);
  const int64_t neurons = result[axes], features = weights.dimensions()[axes + 1], words = x.dimensions()[axes + 2];
  const int64_t samples = kHidden ? 32 * words : result[axes + 1], size = kHidden ? 2 * words : samples;
  int64_t count = 1;
  for (size_t axis = 0; axis < axes; ++axis) count *= result[axis];
  const int64_t wide = words % 16 == 0 ? 16 : words % 8 == 0 ? 8 : 4;
  const int64_t parts = count < 4 * pool.num_threads() ? words / wide : 1;  // few individuals: share out their samples
  in_parallel(pool, count * parts, [=, &x, &weights, &bias, &out](int64_t unit) {
    const int64_t individual = unit / parts, part = unit % parts;
    auto* const place = out->typed_data() + individual * neurons * size;
    const Layer layer{features,
                      neurons,
                      words,
                      samples,
                      dead_zone,
                      x.typed_data() + row(x.dimensions(), result, axes, individual) * features * 2 * words,
                      weights.typed_data() + row(weights.dimensions(), result, axes, individual) * neurons * features,
                      bias.typed_data() + row(bias.dimensions(), result, axes, individual) * neurons,
                      kHidden ? (uint32_t*)place : nullptr,
                      kHidden ? nullptr : (int32_t*)place};
    const int64_t share = words / parts;
    (wide == 16 ? run<16> : wide == 8 ? run<8> : run<4>)(layer, part * share, (part + 1) * share);
  });
  return ffi::Error::Success();
}

ffi::Error hidden(ffi::ThreadPool pool, ffi::Buffer<ffi::U32> x, ffi::Buffer<ffi::S8> weights,
                  ffi::Buffer<ffi::S32> bias, ffi::Result<ffi::Buffer<ffi::U32>> out, int32_t dead_zone) {
  return layers(pool, x, weights, bias, out, dead_zone);
}

ffi::Error output(ffi::ThreadPool pool, ffi::Buffer<ffi::U32> x, ffi::Buffer<ffi::S8> weights,
                  ffi::Buffer<ffi::S32> bias, ffi::Result<ffi::Buffer<ffi::S32>> out) {
  return layers(pool, x, weights, bias, out, 0);
}

// Trits [B, F] as planes [F, 2, W]; the bits of the padding are 0.
ffi::Error encode(ffi::Buffer<ffi::S8> trits, ffi::Result<ffi::Buffer<ffi::U32>> out) {
  const auto result = out->dimensions();
  const size_t axes = result.size() - 3;
  const int64_t features = result[axes], words = result[axes + 2], samples = trits.dimensions()[axes];
  int64_t count = 1;
  for (size_t axis = 0; axis < axes; ++axis) count *= result[axis];
  std::vector<uint32_t> plus(features), minus(features);
  for (int64_t individual = 0; individual < count; ++individual) {
    const int8_t* const x = trits.typed_data() + individual * samples * features;
    uint32_t* const planes = out->typed_data() + individual * features * 2 * words;
    for (int64_t word = 0; word < words; ++word) {
      std::fill(plus.begin(), plus.end(), 0);
      std::fill(minus.begin(), minus.end(), 0);
      for (int64_t s = 32 * word; s < std::min(samples, 32 * word + 32); ++s) {
        const int8_t* const row = x + s * features;
        for (int64_t f = 0; f < features; ++f) {
          plus[f] |= (uint32_t)(row[f] > 0) << s % 32;
          minus[f] |= (uint32_t)(row[f] < 0) << s % 32;
        }
      }
      for (int64_t f = 0; f < features; ++f) {
        planes[2 * f * words + word] = plus[f];
        planes[(2 * f + 1) * words + word] = minus[f];
      }
    }
  }
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_encode, encode,
                              ffi::Ffi::Bind().Arg<ffi::Buffer<ffi::S8>>().Ret<ffi::Buffer<ffi::U32>>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_hidden, hidden,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::S32>>()
                                  .Ret<ffi::Buffer<ffi::U32>>()
                                  .Attr<int32_t>("dead_zone"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_output, output,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::S32>>()
                                  .Ret<ffi::Buffer<ffi::S32>>());
