// Layers of trits for XLA on a CPU, sliced by bits: one bit a sample, hundreds of samples to a register.
//
// Between calls activations are planes [F, 2, W] of 32-bit words: for feature f the samples where it is +1, then those
// where it is -1. Whole numbers are planes of the bits of their magnitudes, with their signs, bit after bit: the more
// features than the weights have, the more bits. Inside (network.h) a call takes a block of samples at a time through as many layers as it is given.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "circuit.h"
#include "loss.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace tejax {
namespace {

constexpr int64_t kCache = 48 << 10;  // bytes of blocks that a layer goes through at once

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

int64_t product(ffi::Span<const int64_t> sizes, size_t axes) {
  int64_t product = 1;
  for (size_t axis = 0; axis < axes; ++axis) product *= sizes[axis];
  return product;
}

// The inputs of an individual, its layers, and which blocks of samples are to be done.
struct Task {
  const uint32_t* x;  // [F, 2, W]
  int64_t words;
  std::vector<Layer> layers;
  bool signs;  // the last layer's sums are wanted by their signs alone
  int64_t first, last;
};

// What a thread keeps between calls.
struct Scratch {
  std::vector<Wiring> wirings;
  std::vector<char> in, out, values;
};

// Takes blocks of samples through the layers; calls finish(wiring, blocks, how many, the first) for the last layer.
template <class S, class Finish>
void forward(const Task& task, Scratch& scratch, Finish finish) {
  constexpr int kBytes = sizeof(S), kWords = kBytes / 4;
  const size_t depth = task.layers.size();
  if (scratch.wirings.size() < depth) scratch.wirings.resize(depth);
  int64_t widest = 0;
  for (size_t i = 0; i < depth; ++i) {
    const bool output = i + 1 == depth && !task.signs;
    (output ? wire_output<kBytes> : wire_hidden<kBytes>)(task.layers[i], scratch.wirings[i]);
    widest = std::max(widest, scratch.wirings[i].features);
  }
  const int64_t stride = kPlanes * (widest + 1), features = scratch.wirings[0].features;
  const int64_t most = std::clamp<int64_t>(kCache / (stride * kBytes), 1, 8);
  S* in = aligned<S>(scratch.in, most * stride);
  S* out = aligned<S>(scratch.out, most * stride);
  for (int64_t block = task.first; block < task.last; block += most) {
    const int blocks = std::min(most, task.last - block);
    for (int b = 0; b < blocks; ++b)
      read_block(task.x, features, task.words, (block + b) * kWords, in + b * kPlanes * (features + 1));
    for (size_t i = 0; i + 1 < depth; ++i) {
      hidden_layer(scratch.wirings[i], in, out, blocks);
      std::swap(in, out);
    }
    finish(scratch.wirings[depth - 1], in, blocks, block);
  }
}

// Bytes of the register that samples fit best: as few registers as possible, and these as narrow as possible.
int narrowest(int64_t words) {
  int best = kWidest;
  for (int bytes = kWidest / 2; bytes >= 16; bytes /= 2)
    if ((4 * words + bytes - 1) / bytes == (4 * words + best - 1) / best) best = bytes;
  return best;
}

// Calls work(zero of a register type, task, scratch) for all samples of all individuals, on all threads.
template <class Make, class Work>
void run(ffi::ThreadPool pool, int64_t count, int64_t words, Make make, Work work) {
  const int bytes = narrowest(words);
  const int64_t blocks = (4 * words + bytes - 1) / bytes;
  // few individuals: share out their samples
  const int64_t parts = std::min(blocks, std::max<int64_t>(1, 4 * pool.num_threads() / std::max<int64_t>(1, count)));
  in_parallel(pool, count * parts, [=](int64_t unit) {
    thread_local Scratch scratch;
    const int64_t individual = unit / parts, part = unit % parts;
    Task task = make(individual);
    task.first = blocks * part / parts;
    task.last = blocks * (part + 1) / parts;
    if constexpr (kWidest >= 64)
      if (bytes == 64) return work(Register<64>::Bits{}, individual, task, scratch);
    if constexpr (kWidest >= 32)
      if (bytes == 32) return work(Register<32>::Bits{}, individual, task, scratch);
    work(Register<16>::Bits{}, individual, task, scratch);
  });
}

ffi::Error hidden(ffi::ThreadPool pool, ffi::Buffer<ffi::U32> x, ffi::Buffer<ffi::S8> weights,
                  ffi::Buffer<ffi::S32> bias, ffi::Result<ffi::Buffer<ffi::U32>> out, int32_t dead_zone) {
  const auto result = out->dimensions();
  const size_t axes = result.size() - 3;
  const int64_t neurons = result[axes], features = weights.dimensions()[axes + 1], words = result[axes + 2];
  const int64_t seen = x.dimensions()[axes];
  const auto make = [=](int64_t i) {
    const Layer layer{features, neurons, seen / features,
                      weights.typed_data() + row(weights.dimensions(), result, axes, i) * neurons * features,
                      bias.typed_data() + row(bias.dimensions(), result, axes, i) * neurons, dead_zone};
    return Task{x.typed_data() + row(x.dimensions(), result, axes, i) * seen * 2 * words, words, {layer}, true, 0, 0};
  };
  uint32_t* const planes = out->typed_data();
  run(pool, product(result, axes), words, make, [=](auto zero, int64_t i, const Task& task, Scratch& scratch) {
    using S = decltype(zero);
    constexpr int64_t kWords = sizeof(S) / 4;
    forward<S>(task, scratch, [=](const Wiring& wiring, const S* in, int blocks, int64_t first) {
      each_counter(wiring, in, blocks, [&](int64_t o, int b, const S* counter, int bits) {
        S plus, not_minus;
        threshold(counter, bits, wiring.dead_zone, plus, not_minus);
        const S minus = ~not_minus;
        const int64_t word = (first + b) * kWords;
        uint32_t* const place = planes + (i * neurons + o) * 2 * words + word;
        const size_t bytes = 4 * std::min(kWords, words - word);
        std::memcpy(place, &plus, bytes);
        std::memcpy(place + words, &minus, bytes);
      });
    });
  });
  return ffi::Error::Success();
}

// out[s] = counter of sample s - zero, for the first `samples` of a register.
template <class V, class S>
void spread(const S* counter, int bits, uint32_t zero, int64_t samples, int32_t* out) {
  constexpr int kBits = 8 * sizeof(V);
  S lanes[kBits];
  for (int l = 0; l < kBits; ++l) lanes[l] = l < bits ? counter[l] : S{};
  to_lanes<kBits>(lanes);
  const V* const values = (const V*)lanes;
  constexpr int kRow = sizeof(S) / sizeof(V);
  int64_t s = 0;
  for (int j = 0; s + kBits <= samples; ++j, s += kBits)
    for (int l = 0; l < kBits; ++l) out[s + l] = values[l * kRow + j] - zero;
  for (int l = 0; s + l < samples; ++l) out[s + l] = values[l * kRow + s / kBits] - zero;
}

ffi::Error output(ffi::ThreadPool pool, ffi::Buffer<ffi::U32> x, ffi::Buffer<ffi::S8> weights,
                  ffi::Buffer<ffi::S32> bias, ffi::Result<ffi::Buffer<ffi::S32>> out) {
  const auto result = out->dimensions();
  const size_t axes = result.size() - 2;
  const int64_t neurons = result[axes], features = weights.dimensions()[axes + 1], words = x.dimensions()[axes + 2];
  const int64_t samples = result[axes + 1], seen = x.dimensions()[axes];
  const auto make = [=](int64_t i) {
    const Layer layer{features, neurons, seen / features,
                      weights.typed_data() + row(weights.dimensions(), result, axes, i) * neurons * features,
                      bias.typed_data() + row(bias.dimensions(), result, axes, i) * neurons, 0};
    return Task{x.typed_data() + row(x.dimensions(), result, axes, i) * seen * 2 * words, words, {layer}, false, 0, 0};
  };
  int32_t* const sums = out->typed_data();
  run(pool, product(result, axes), (samples + 31) / 32, make,
      [=](auto zero, int64_t i, const Task& task, Scratch& scratch) {
        using S = decltype(zero);
        forward<S>(task, scratch, [=](const Wiring& wiring, const S* in, int blocks, int64_t first) {
          each_counter(wiring, in, blocks, [&](int64_t o, int b, const S* counter, int bits) {
            const int64_t sample = (first + b) * 8 * sizeof(S),
                          count = std::min<int64_t>(8 * sizeof(S), samples - sample);
            int32_t* const place = sums + (i * neurons + o) * samples + sample;
            (bits <= 8    ? spread<uint8_t, S>
             : bits <= 16 ? spread<uint16_t, S>
                          : spread<uint32_t, S>)(counter, bits, wiring.zero, count, place);
          });
        });
      });
  return ffi::Error::Success();
}

// The summed loss of a perceptron. `y` are labels [B], or for the loss of signs planes [O, 2, W]; `tables` are log2 of
// 1 to 2, eight fractional powers, the powers and the scaled differences; then weights and bias of every layer.
ffi::Error loss(ffi::ThreadPool pool, ffi::Buffer<ffi::U32> x, ffi::AnyBuffer y, ffi::Buffer<ffi::S32> tables,
                ffi::RemainingArgs layers, ffi::Result<ffi::Buffer<ffi::S32>> out, ffi::Span<const int32_t> zones,
                int64_t samples, int32_t kind, int32_t halvings, int64_t limit, int32_t over, int64_t powers) {
  const auto result = out->dimensions();
  const size_t axes = result.size(), depth = layers.size() / 2;
  const int64_t features = x.dimensions()[axes], words = x.dimensions()[axes + 2];
  std::vector<ffi::AnyBuffer> buffers;
  for (size_t i = 0; i < layers.size(); ++i) buffers.push_back(layers.get<ffi::AnyBuffer>(i).value());
  const int64_t outputs = buffers.back().dimensions()[axes], entries = tables.dimensions()[axes];
  const int64_t size = (entries - 257 - 8) / 2;
  const auto make = [=, &buffers](int64_t i) {
    Task task{
        x.typed_data() + row(x.dimensions(), result, axes, i) * features * 2 * words, words, {}, kind == kSigns, 0, 0};
    for (size_t l = 0; l < depth; ++l) {
      const auto shape = buffers[2 * l].dimensions();
      const int64_t neurons = shape[axes], inputs = shape[axes + 1];
      task.layers.push_back(
          {inputs, neurons, l == 0 ? features / inputs : 1,
           (const int8_t*)buffers[2 * l].untyped_data() + row(shape, result, axes, i) * neurons * inputs,
           (const int32_t*)buffers[2 * l + 1].untyped_data() +
               row(buffers[2 * l + 1].dimensions(), result, axes, i) * neurons,
           l < zones.size() ? zones[l] : 0});
    }
    return task;
  };
  int32_t* const losses = out->typed_data();
  const int64_t count = product(result, axes);
  std::fill_n(losses, count, 0);
  run(pool, count, (samples + 31) / 32, make, [=](auto zero, int64_t i, const Task& task, Scratch& scratch) {
    using S = decltype(zero);
    const int32_t* const table = tables.typed_data() + row(tables.dimensions(), result, axes, i) * entries;
    const Objective objective{kind, halvings, limit,       over,        powers,
                              size, table,    table + 257, table + 265, table + 265 + size};
    const int64_t member = row(y.dimensions(), result, axes, i);
    int64_t total = 0;
    forward<S>(task, scratch, [&](const Wiring& wiring, const S* in, int blocks, int64_t first) {
      const int64_t sample = first * 8 * sizeof(S);
      if (kind == kSigns) {
        const int64_t width = y.dimensions()[axes + 2];
        const uint32_t* const wanted = (const uint32_t*)y.untyped_data() + member * outputs * 2 * width;
        total += sign_loss(wiring, in, blocks, wanted, width, sample, samples);
      } else {
        const int32_t* const labels = (const int32_t*)y.untyped_data() + member * samples;
        const auto lanes = wiring.bits <= 8    ? labelled_loss<uint8_t, S>
                           : wiring.bits <= 16 ? labelled_loss<uint16_t, S>
                                               : labelled_loss<uint32_t, S>;
        total += lanes(wiring, in, blocks, objective, labels, sample, samples, scratch.values);
      }
    });
    __atomic_fetch_add(losses + i, (int32_t)total, __ATOMIC_RELAXED);
  });
  return ffi::Error::Success();
}

// Trits [B, F] as planes [F, 2, W]; the bits of the padding are 0.
ffi::Error encode(ffi::Buffer<ffi::S8> trits, ffi::Result<ffi::Buffer<ffi::U32>> out) {
  const auto result = out->dimensions();
  const size_t axes = result.size() - 3;
  const int64_t features = result[axes], words = result[axes + 2], samples = trits.dimensions()[axes];
  const int64_t count = product(result, axes);
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

// The ratings [.., 4] of autonomous networks: start [N], wiring [N, 3], lines [N, 27], targets [T], a first shift [].
ffi::Error rate_circuit(ffi::ThreadPool pool, ffi::Buffer<ffi::S8> start, ffi::Buffer<ffi::S16> wiring,
                        ffi::Buffer<ffi::S8> lines, ffi::Buffer<ffi::S8> targets, ffi::Buffer<ffi::S32> shift,
                        ffi::Result<ffi::Buffer<ffi::S32>> out, int64_t control, int64_t output, int64_t window,
                        int64_t cap, int64_t max_ticks) {
  const auto result = out->dimensions();
  const size_t axes = result.size() - 1;
  const int64_t neurons = start.dimensions()[axes], length = targets.dimensions()[axes];
  int32_t* const ratings = out->typed_data();
  in_parallel(pool, product(result, axes), [=](int64_t i) {
    const auto at = [&](const auto& array) { return row(array.dimensions(), result, axes, i); };
    const Circuit circuit =
        relevant(start.typed_data() + at(start) * neurons, wiring.typed_data() + at(wiring) * neurons * 3,
                 lines.typed_data() + at(lines) * neurons * 27, neurons, control, output);
    const Frames frames{targets.typed_data() + at(targets) * length, window, cap, max_ticks};
    const int64_t first = std::clamp<int64_t>(shift.typed_data()[at(shift)], 0, cap);
    int32_t* const rating = ratings + 4 * i;
#ifdef __AVX512VBMI__
    if (circuit.start.size() <= Planes::kMost) {
      Planes planes(circuit);
      return rate(planes, frames, first, rating);
    }
#endif
    Bytes bytes(circuit);
    rate(bytes, frames, first, rating);
  });
  return ffi::Error::Success();
}

}  // namespace
}  // namespace tejax

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_encode, tejax::encode,
                              ffi::Ffi::Bind().Arg<ffi::Buffer<ffi::S8>>().Ret<ffi::Buffer<ffi::U32>>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_hidden, tejax::hidden,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::S32>>()
                                  .Ret<ffi::Buffer<ffi::U32>>()
                                  .Attr<int32_t>("dead_zone"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_output, tejax::output,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::S32>>()
                                  .Ret<ffi::Buffer<ffi::S32>>());

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_loss, tejax::loss,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::Buffer<ffi::S32>>()
                                  .RemainingArgs()
                                  .Ret<ffi::Buffer<ffi::S32>>()
                                  .Attr<ffi::Span<const int32_t>>("zones")
                                  .Attr<int64_t>("samples")
                                  .Attr<int32_t>("kind")
                                  .Attr<int32_t>("halvings")
                                  .Attr<int64_t>("limit")
                                  .Attr<int32_t>("over")
                                  .Attr<int64_t>("powers"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_rate_circuit, tejax::rate_circuit,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::S16>>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::S32>>()
                                  .Ret<ffi::Buffer<ffi::S32>>()
                                  .Attr<int64_t>("control")
                                  .Attr<int64_t>("output")
                                  .Attr<int64_t>("window")
                                  .Attr<int64_t>("cap")
                                  .Attr<int64_t>("max_ticks"));

extern "C" int tejax_vector_bits() { return 8 * tejax::kWidest; }

// Whether this processor has the instructions that this file was compiled for, as far as a compiler can ask for them.
extern "C" int tejax_runs_here() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
#ifdef __SSE4_2__
  if (!__builtin_cpu_supports("sse4.2")) return 0;
#endif
#ifdef __AVX2__
  if (!__builtin_cpu_supports("avx2")) return 0;
#endif
#ifdef __BMI2__
  if (!__builtin_cpu_supports("bmi2")) return 0;
#endif
#ifdef __AVX512F__
  if (!__builtin_cpu_supports("avx512f")) return 0;
#endif
#ifdef __AVX512BW__
  if (!__builtin_cpu_supports("avx512bw")) return 0;
#endif
#ifdef __AVX512VL__
  if (!__builtin_cpu_supports("avx512vl")) return 0;
#endif
#ifdef __AVX512VBMI__
  if (!__builtin_cpu_supports("avx512vbmi")) return 0;
#endif
#ifdef __AVX512VPOPCNTDQ__
  if (!__builtin_cpu_supports("avx512vpopcntdq")) return 0;
#endif
#endif
  return 1;
}
