// Rings of up to 1,024 neurons, ticked until they settle: see Tissue.settle in networks/tissue/growing.py.
//
// A block ticks one ring, a thread a neuron. The bits of all weights lie in shared memory, and those of all values, twice:
// before and after a tick. Values stand there two times around the ring, so that a warp reads its words in one piece.

#include "handler.h"
#include "ring.h"

namespace tejax {
namespace {

constexpr int kEmpty = 0, kInput = 1, kOutput = 2;  // kinds of neurons
constexpr int kAnswered = 1, kUnchanged = 2;        // why ticking ended
constexpr int64_t kEnough = 264;                    // blocks that keep any GPU busy

struct Rings {
  Rows<int8_t> synapses;  // [N, K]
  Rows<int8_t> kinds;     // [N]
  Rows<int8_t> start;     // [B, N]
  int8_t* values;         // [.., B, N]
  int32_t* ended;         // [.., B, 2]: ticks and reason
  int neurons, neighbors, samples, parts, ticks;
  bool hold, capped;
};

__device__ void sum_four(Sum& sum, uint4 weights, uint4 more_weights, uint4 values, uint4 more_values) {
  sum.add({{weights.x, weights.y}, {weights.z, weights.w}, {more_weights.x, more_weights.y},
           {more_weights.z, more_weights.w}},
          {{values.x, values.y}, {values.z, values.w}, {more_values.x, more_values.y}, {more_values.z, more_values.w}});
}

__global__ void __launch_bounds__(kMostNeurons, 1) settle(Rings rings, Batch batch) {
  extern __shared__ uint4 weights[];  // [pair of words][neuron]
  __shared__ uint4 turns[2][kMostNeurons / 32 + 4];  // pairs of words, two times around
  const int neuron = threadIdx.x, warp = neuron / 32, lane = neuron % 32, threads = blockDim.x;
  const int network = blockIdx.x / rings.parts, part = blockIdx.x % rings.parts;
  const int8_t* const synapses = rings.synapses.row(batch, network);
  const int8_t* const start = rings.start.row(batch, network);

  const int kind = neuron < rings.neurons ? rings.kinds.row(batch, network)[neuron] : kEmpty;
  const Reach reach(__syncthreads_count(kind != kEmpty), rings.neighbors, rings.capped);
  const int seen = reach.words_seen(), first = reach.first_word(warp), words = reach.words();
  const bool held = rings.hold && kind == kInput;
  const uint32_t outputs = __ballot_sync(~0u, kind == kOutput);
  for (int pair = 0; pair < seen / 2; ++pair) {
    const Trits low = reach.weights(synapses, rings.neighbors, reach.word(first, 2 * pair), neuron);
    const Trits high = reach.weights(synapses, rings.neighbors, reach.word(first, 2 * pair + 1), neuron);
    weights[pair * threads + neuron] = make_uint4(low.nonzero, low.negative, high.nonzero, high.negative);
  }
  const auto put = [&](int turn, Trits bits) {
    if (lane != 0 || warp >= words) return;
    Trits* const place = (Trits*)turns[turn];
    place[warp] = place[warp + words] = bits;
  };
  for (int i = neuron; i < 2 * (kMostNeurons / 32 + 4); i += threads) turns[0][i] = make_uint4(0, 0, 0, 0);
  __syncthreads();

  const int last = (int)((int64_t)rings.samples * (part + 1) / rings.parts);
  for (int sample = (int)((int64_t)rings.samples * part / rings.parts); sample < last; ++sample) {
    const int64_t row = (int64_t)sample * rings.neurons + neuron;
    int value = neuron < rings.neurons ? start[row] : 0, ticks = 0, reason = 0, turn = 0;
    Trits bits{__ballot_sync(~0u, value != 0), __ballot_sync(~0u, value < 0)};
    put(0, bits);
    __syncthreads();
    while (ticks < rings.ticks && reason == 0) {
      const uint4* const now = turns[turn] + first / 2;
      Sum sum;
#pragma unroll 2
      for (int pair = 0; pair < seen / 2; pair += 2)
        sum_four(sum, weights[pair * threads + neuron], weights[(pair + 1) * threads + neuron], now[pair],
                 now[pair + 1]);
      const int total = sum.total();
      if (!held) value = min(max(total, -1), 1);
      const Trits next{__ballot_sync(~0u, value != 0), __ballot_sync(~0u, value < 0)};
      const bool changed = next.nonzero != bits.nonzero || next.negative != bits.negative;
      bits = next;
      put(turn ^= 1, bits);
      ++ticks;
      reason = __syncthreads_or(changed) ? 0 : kUnchanged;
      reason |= __syncthreads_or((outputs & ~bits.nonzero) != 0) ? 0 : kAnswered;
    }
    const int64_t answer = (int64_t)network * rings.samples * rings.neurons + row;
    if (neuron < rings.neurons) rings.values[answer] = (int8_t)value;
    if (neuron < 2) rings.ended[2 * ((int64_t)network * rings.samples + sample) + neuron] = neuron ? reason : ticks;
  }
}

// Values [.., B, N] and ends [.., B, 2] of rings: synapses [N, K], kinds [N], values before the first tick [B, N].
ffi::Error settle_rings(cudaStream_t stream, ffi::Buffer<ffi::S8> synapses, ffi::Buffer<ffi::S8> kinds,
                        ffi::Buffer<ffi::S8> start, ffi::Result<ffi::Buffer<ffi::S8>> values,
                        ffi::Result<ffi::Buffer<ffi::S32>> ended, int64_t ticks, int64_t hold, int64_t capped) {
  const Batch batch = batch_of(values->dimensions(), 2);
  if (batch.axes > kMostAxes) return ffi::Error::InvalidArgument("a batch of too many axes");
  const auto sizes = synapses.dimensions();
  const int neurons = (int)sizes[batch.axes], neighbors = (int)sizes[batch.axes + 1];
  const int64_t samples = values->dimensions()[batch.axes], networks = batch.count();
  if (networks == 0 || samples == 0) return ffi::Error::Success();
  const int threads = (neurons + 31) / 32 * 32;
  const size_t bytes = (size_t)Reach(neurons, neighbors, capped != 0).words_seen() * sizeof(Trits) * threads;
  if (neurons > kMostNeurons) return ffi::Error::InvalidArgument("a ring of too many neurons");
  const int64_t wanted = (kEnough + networks - 1) / networks, parts = wanted < samples ? wanted : samples;
  const Rings rings{rows_of(synapses, batch), rows_of(kinds, batch), rows_of(start, batch), values->typed_data(),
                    ended->typed_data(),      neurons,               neighbors,             (int)samples,
                    (int)parts,               (int)ticks,            hold != 0,             capped != 0};
  return launch(settle, networks * parts, threads, bytes, stream, rings, batch);
}

}  // namespace
}  // namespace tejax

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_cuda_settle_ring, tejax::settle_rings,
                              tejax::ffi::Ffi::Bind()
                                  .Ctx<tejax::ffi::PlatformStream<cudaStream_t>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Ret<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Ret<tejax::ffi::Buffer<tejax::ffi::S32>>()
                                  .Attr<int64_t>("ticks")
                                  .Attr<int64_t>("hold")
                                  .Attr<int64_t>("capped"),
                              {xla::ffi::Traits::kCmdBufferCompatible});
