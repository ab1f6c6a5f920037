// Autonomous networks of look-up tables, run and graded: see core/frames.py and networks/lookup/autonomous.py.
//
// A block runs one network. Its values lie in shared memory twice, before and after a tick; wiring and tables are read
// once, into registers (circuit.h). What bounds it are the three values that a neuron reads from anywhere. The first warp
// notes what control and output say, and grades 16 ticks at once, a lane each.

#include <type_traits>

#include "circuit.h"
#include "handler.h"

namespace tejax {
namespace {

constexpr int kStaged = 1024;  // neurons whose tables go through shared memory at once
constexpr int kFew = 300;      // networks, of which a GPU runs no more than two on each of its multiprocessors

struct Genomes {
  Rows<int8_t> start;   // [N]
  Rows<int16_t> wiring;  // [N, 3]
  Rows<int8_t> lines;   // [N, 27]
  Rows<int8_t> targets;  // [T]
  Rows<int32_t> shift;  // []
  int neurons, control, output;
  int32_t length;
};

// Copies bytes from anywhere to shared memory, by all threads.
__device__ void copy(const int8_t* from, int8_t* to, int bytes) {
  if ((uintptr_t)from % 4 == 0) {
    const int words = bytes / 4;
    for (int i = threadIdx.x; i < words; i += blockDim.x) ((uint32_t*)to)[i] = ((const uint32_t*)from)[i];
    for (int i = 4 * words + threadIdx.x; i < bytes; i += blockDim.x) to[i] = from[i];
  } else {
    for (int i = threadIdx.x; i < bytes; i += blockDim.x) to[i] = from[i];
  }
}

// The run so far, as the first warp knows it.
struct Grade {
  int32_t first, said, errors;  // the first frame, what has been said, and how much of it was wrong

  // Grades 16 ticks more, of which a lane knows one: what control and output said. True at the end.
  __device__ bool ended(const Genomes& genomes, const Frames& frames, const Batch& batch, uint32_t ticks,
                        uint32_t control, uint32_t output, int32_t* wrong_before, int32_t* rating) {
    const int lane = threadIdx.x;
    const bool speaks = lane < kTicks && ticks + lane < frames.max_ticks - 1 && control != 2;
    const uint32_t spoke = __ballot_sync(~0u, speaks);
    const Said mine(lane, spoke, said, output, genomes.targets.row(batch, blockIdx.x), genomes.length);
    const uint32_t wrong = __ballot_sync(~0u, mine.wrong);
    const int32_t until = errors + count_bits(wrong & up_to(lane));
    if (mine.spoke && mine.count <= frames.cap) wrong_before[mine.count] = until;
    __syncwarp();
    const uint32_t ends = __ballot_sync(~0u, mine.ends(frames, first, until, wrong_before));
    said += count_bits(spoke);
    errors += count_bits(wrong);
    const bool late = ticks + kTicks >= frames.max_ticks - 1;
    if (ends && lane == __ffs(ends) - 1) {
      rating[0] = mine.count - frames.window;
      rating[1] = until - wrong_before[mine.count - frames.window];
      rating[2] = ticks + lane + 1;
      rating[3] = mine.count;
    } else if (!ends && late && lane == 0) {
      rating[0] = max(first, said - frames.window + 1);
      rating[1] = kEndless;
      rating[2] = frames.max_ticks - 1;
      rating[3] = said;
    }
    return ends || late;
  }
};

// Numbers the neurons anew, within their rows: `places` of all neurons, and `neurons` at all places.
template <int kOwn>
__device__ void arrange(const int16_t* wiring, int count, uint16_t* places, uint16_t* neurons) {
  __shared__ int kinds[kMost / kRow][kKinds];  // how many there are; then how many neurons of the row come before
  const int thread = threadIdx.x, threads = blockDim.x;
  for (int i = thread; i < kMost / kRow * kKinds; i += threads) kinds[i / kKinds][i % kKinds] = 0;
  for (int place = thread; place < kOwn * threads; place += threads) neurons[place] = kNobody;
  __syncthreads();
  int kind[kOwn], rank[kOwn];
#pragma unroll
  for (int i = 0; i < kOwn; ++i) {
    const int neuron = thread + i * threads;
    if (neuron >= count) break;
    kind[i] = Sources(wiring + 3 * neuron, count).kind();
    rank[i] = atomicAdd(&kinds[neuron / kRow][kind[i]], 1);
  }
  __syncthreads();
  if (thread * kRow < count) {
    int before = 0;
    for (int each = 0; each < kKinds; ++each) {
      const int more = kinds[thread][each];
      kinds[thread][each] = before;
      before += more;
    }
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kOwn; ++i) {
    const int neuron = thread + i * threads, row = neuron / kRow;
    if (neuron >= count) break;
    const int place = Own<kOwn>::place(row, kinds[row][kind[i]] + rank[i]);
    places[neuron] = (uint16_t)place;
    neurons[place] = (uint16_t)neuron;
  }
  __syncthreads();
}

template <int kOwn, int kThreads, int kAtOnce>
__global__ void __launch_bounds__(kThreads, kAtOnce) rate(Genomes genomes, Frames frames, Batch batch, int32_t* ratings) {
  using Digits = std::conditional_t<kOwn == 8, uint16_t, uint8_t>;
  __shared__ uint32_t values[2][kThreads * kOwn / 16];
  extern __shared__ uint32_t memory[];  // tables on their way to registers; then the errors before every frame
  const int thread = threadIdx.x, count = genomes.neurons, network = blockIdx.x;
  const int8_t* const start = genomes.start.row(batch, network);
  const int8_t* const lines = genomes.lines.row(batch, network);
  const int16_t* const wiring = genomes.wiring.row(batch, network);
  int8_t* const staged = (int8_t*)memory;
  uint16_t* const places = (uint16_t*)(staged + kLines * kStaged);
  uint16_t* const neurons = places + kOwn * blockDim.x;
  arrange<kOwn>(wiring, count, places, neurons);

  Own<kOwn> own{};
  uint32_t digits = 0;
  for (int first = 0; first < count; first += kStaged) {
    copy(lines + (int64_t)kLines * first, staged, kLines * min(count - first, kStaged));
    __syncthreads();
    if (kOwn * thread / kStaged * kStaged == first) {
#pragma unroll
      for (int i = 0; i < kOwn; ++i) {
        const int neuron = neurons[kOwn * thread + i];
        if (neuron == kNobody) continue;
        own.take(i, Sources(wiring + 3 * neuron, count), staged + kLines * (neuron - first), places);
        digits |= digit(start[neuron]) << 2 * i;
      }
    }
    __syncthreads();
  }
  ((Digits*)values[0])[thread] = (Digits)digits;
  const int control_place = places[genomes.control], output_place = places[genomes.output];
  __syncthreads();

  int32_t* const wrong_before = (int32_t*)memory;
  Grade grade{min(max(*genomes.shift.row(batch, network), 0), frames.cap), 0, 0};
  if (thread == 0) wrong_before[0] = 0;

  for (uint32_t ticks = 0;; ticks += kTicks) {
    uint32_t control = 2, output = 2;
#pragma unroll 1
    for (int tick = 0; tick < kTicks; tick += 2) {
#pragma unroll
      for (int turn = 0; turn < 2; ++turn) {
        ((Digits*)values[1 - turn])[thread] = (Digits)own.tick(values[turn]);
        __syncthreads();
        if (thread < 32) {
          const uint32_t says = value_of(values[1 - turn], control_place);
          const uint32_t what = value_of(values[1 - turn], output_place);
          if (thread == tick + turn) control = says, output = what;
        }
      }
    }
    const bool ended = thread < 32 && grade.ended(genomes, frames, batch, ticks, control, output, wrong_before,
                                                  ratings + 4 * network);
    if (__syncthreads_or(ended)) return;
  }
}

// The ratings [.., 4] of networks: start [N], wiring [N, 3], lines [N, 27], targets [T], a first shift [].
ffi::Error rate_circuits(cudaStream_t stream, ffi::Buffer<ffi::S8> start, ffi::Buffer<ffi::S16> wiring,
                         ffi::Buffer<ffi::S8> lines, ffi::Buffer<ffi::S8> targets, ffi::Buffer<ffi::S32> shift,
                         ffi::Result<ffi::Buffer<ffi::S32>> out, int64_t control, int64_t output, int64_t window,
                         int64_t cap, int64_t max_ticks) {
  const Batch batch = batch_of(out->dimensions(), 1);
  if (batch.axes > kMostAxes) return ffi::Error::InvalidArgument("a batch of too many axes");
  const int64_t neurons = start.dimensions()[batch.axes], networks = batch.count();
  if (neurons > kMost) return ffi::Error::InvalidArgument("a network of too many neurons");
  const Genomes genomes{rows_of(start, batch),   rows_of(wiring, batch), rows_of(lines, batch), rows_of(targets, batch),
                        rows_of(shift, batch),   (int)neurons,           (int)control,          (int)output,
                        (int32_t)targets.dimensions()[batch.axes]};
  const auto run = [&](auto kernel, int own) {
    const int threads = (int)(neurons + 32 * own - 1) / (32 * own) * 32;
    const int64_t before = kLines * kStaged + 4 * own * threads, after = 4 * (cap + 1);
    return launch(kernel, networks, threads, before > after ? before : after, stream, genomes,
                  Frames{(int32_t)window, (int32_t)cap, (uint32_t)max_ticks}, batch, out->typed_data());
  };
  if (neurons > 2048) return run(rate<8, 1024, 1>, 8);
  return networks <= kFew ? run(rate<4, 512, 2>, 4) : run(rate<8, 256, 3>, 8);
}

}  // namespace
}  // namespace tejax

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_cuda_rate_circuit, tejax::rate_circuits,
                              tejax::ffi::Ffi::Bind()
                                  .Ctx<tejax::ffi::PlatformStream<cudaStream_t>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S16>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S8>>()
                                  .Arg<tejax::ffi::Buffer<tejax::ffi::S32>>()
                                  .Ret<tejax::ffi::Buffer<tejax::ffi::S32>>()
                                  .Attr<int64_t>("control")
                                  .Attr<int64_t>("output")
                                  .Attr<int64_t>("window")
                                  .Attr<int64_t>("cap")
                                  .Attr<int64_t>("max_ticks"),
                              {xla::ffi::Traits::kCmdBufferCompatible});
