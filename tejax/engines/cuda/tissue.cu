// Tissues of up to 256 neurons, ticked from many samples until each has settled: see networks/tissue/growing.py.
//
// A block's warps share a network, whose weights lie in shared memory as the tensor cores take them. Each warp ticks 32
// samples; one that has settled gives its outputs, and the next of the block's samples takes its place, so that none ticks
// along with the slowest of its neighbours. Values stay in registers from tick to tick (tissue.h).

#include "handler.h"
#include "tissue.h"

namespace tejax {
namespace {

constexpr int kWarps = 4, kBlocks = 3;  // of a block, and blocks of a multiprocessor
constexpr int64_t kEnough = 800;        // blocks that keep any GPU busy

// sums [16, 8] += values [16, 32] times weights [32, 8].
__device__ __forceinline__ void multiply(int32_t (&sums)[4], const uint32_t (&values)[4], uint32_t low, uint32_t high) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
      : "r"(values[0]), "r"(values[1]), "r"(values[2]), "r"(values[3]), "r"(low), "r"(high));
}

struct Samples {
  Rows<int8_t> weights;  // [N, N]
  Rows<int8_t> fed;      // [B, inputs]
  int8_t* answers;       // [.., B, outputs]
  int count, parts, ticks;
};

__global__ void __launch_bounds__(32 * kWarps, kBlocks) settle(Samples samples, Net net, Batch batch) {
  extern __shared__ uint4 weights[];  // [pair of tiles of neurons][tile of sources][lane]
  __shared__ int next_sample;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, quad = lane % 4, row = lane / 4;
  const int network = blockIdx.x / samples.parts, part = blockIdx.x % samples.parts;
  const int first = (int)((int64_t)samples.count * part / samples.parts);
  const int last = (int)((int64_t)samples.count * (part + 1) / samples.parts);
  const int8_t* const fed = samples.fed.row(batch, network);
  int8_t* const answers = samples.answers + (int64_t)network * samples.count * net.outputs;
  net.weights = samples.weights.row(batch, network);

  for (int place = threadIdx.x; place < kPairs * kTiles * 32; place += 32 * kWarps) {
    const int tile = place / 32 % kTiles, neuron = place / 32 / kTiles * 16 + place % 32 / 4;
    weights[place] = make_uint4(net.word(neuron, tile, 0, place % 4), net.word(neuron, tile, 1, place % 4),
                                net.word(neuron + 8, tile, 0, place % 4), net.word(neuron + 8, tile, 1, place % 4));
  }
  if (threadIdx.x == 0) next_sample = first + kWarps * kSamples;
  __syncthreads();

  uint32_t now[kGroups][kTiles][4];
  int sample[kRows], ticks[kRows];  // -1 where there is none left

  // A sample takes the place of another.
  const auto take = [&](int r, int number) {
    sample[r] = number < last ? number : -1;
    ticks[r] = 0;
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const bool given = tile < kEnds && 32 * tile < net.inputs && number < last;
        now[r / 2][tile][2 * half + r % 2] =
            given ? net.start(fed + (int64_t)number * net.inputs, tile, half, quad) : 0;
      }
  };
#pragma unroll
  for (int r = 0; r < kRows; ++r) take(r, first + kSamples * warp + 8 * r + row);

  while (true) {
    bool left = false;
#pragma unroll
    for (int r = 0; r < kRows; ++r) left |= sample[r] >= 0;
    if (!__any_sync(~0u, left)) return;

    uint32_t next[kGroups][kTiles][4], changed[kRows] = {}, silent = 0;
#pragma unroll
    for (int pair = 0; pair < kPairs; ++pair) {
      int32_t sums[kGroups][2][4] = {};
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        const uint4 four = weights[(pair * kTiles + tile) * 32 + lane];
#pragma unroll
        for (int group = 0; group < kGroups; ++group) {
          multiply(sums[group][0], now[group][tile], four.x, four.y);
          multiply(sums[group][1], now[group][tile], four.z, four.w);
        }
      }
      const int tile = pair / 2, half = pair % 2;
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const int group = r / 2, upper = r % 2;
        const uint32_t word = signs(sums[group][0][2 * upper], sums[group][0][2 * upper + 1],
                                    sums[group][1][2 * upper], sums[group][1][2 * upper + 1]);
        changed[r] |= word ^ now[group][tile][2 * half + upper];
        if (tile < kEnds) silent |= (uint32_t)net.silent(word, tile, half, quad) << r;
        next[group][tile][2 * half + upper] = word;
      }
    }
    // what the four lanes of a sample have seen together
    uint32_t seen = silent;
#pragma unroll
    for (int r = 0; r < kRows; ++r) seen |= (uint32_t)(changed[r] != 0) << (kRows + r);
    seen |= __shfl_xor_sync(~0u, seen, 1);
    seen |= __shfl_xor_sync(~0u, seen, 2);

    uint32_t settled[kRows], total = 0;  // masks of lanes
    bool mine[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const bool running = (seen >> r & 1) && (seen >> (kRows + r) & 1) && ++ticks[r] < samples.ticks;
      mine[r] = sample[r] >= 0 && !running;
      settled[r] = __ballot_sync(~0u, mine[r]);
      total += __popc(settled[r]) / 4;
    }
#pragma unroll
    for (int group = 0; group < kGroups; ++group)
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
        for (int word = 0; word < 4; ++word) now[group][tile][word] = next[group][tile][word];
    if (total == 0) continue;

    int number = 0;
    if (lane == 0) number = atomicAdd(&next_sample, (int)total);
    number = __shfl_sync(~0u, number, 0);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      if (mine[r]) {
#pragma unroll
        for (int tile = 0; tile < kEnds; ++tile)
#pragma unroll
          for (int half = 0; half < 2; ++half)
            net.answer(now[r / 2][tile][2 * half + r % 2], tile, half, quad,
                       answers + (int64_t)sample[r] * net.outputs);
        take(r, number + __popc(settled[r] & ((1u << (lane - quad)) - 1)) / 4);
      }
      number += __popc(settled[r]) / 4;
    }
  }
}

// The outputs [.., B, O] of tissues: weights [N, N], inputs [B, I].
ffi::Error settle_tissues(cudaStream_t stream, ffi::Buffer<ffi::S8> weights, ffi::Buffer<ffi::S8> fed,
                          ffi::Result<ffi::Buffer<ffi::S8>> out, int64_t ticks, int64_t hold) {
  const Batch batch = batch_of(out->dimensions(), 2);
  if (batch.axes > kMostAxes) return ffi::Error::InvalidArgument("a batch of too many axes");
  const auto sizes = out->dimensions();
  const int64_t neurons = weights.dimensions()[batch.axes], inputs = fed.dimensions()[batch.axes + 1];
  const int64_t count = sizes[batch.axes], outputs = sizes[batch.axes + 1], networks = batch.count();
  if (neurons > kNeurons || inputs + outputs > kMostEnds)
    return ffi::Error::InvalidArgument("a tissue of too many neurons");
  if (networks == 0 || count == 0) return ffi::Error::Success();
  const int64_t most = (count + 2 * kWarps * kSamples - 1) / (2 * kWarps * kSamples), wanted = (kEnough + networks - 1) / networks;
  const int64_t parts = wanted < most ? wanted : most;
  const Samples samples{rows_of(weights, batch), rows_of(fed, batch), out->typed_data(),
                        (int)count,              (int)parts,          (int)ticks};
  const Net net{nullptr, (int)neurons, (int)inputs, (int)outputs, hold != 0};
  return launch(settle, networks * parts, 32 * kWarps, kNeurons * kNeurons, stream, samples, net, batch);
}

}  // namespace
}  // namespace tejax

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_cuda_settle, tejax::settle_tissues,
                              tejax::ffi::Ffi::Bind()
                                  .Ctx<tejax::ffi::PlatformStream<cudaStream_t>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Ret<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Attr<int64_t>("ticks")
                                  .Attr<int64_t>("hold"),
                              {xla::ffi::Traits::kCmdBufferCompatible});
