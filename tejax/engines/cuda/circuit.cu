// Autonomous networks of look-up tables, run and graded: see core/frames.py and networks/lookup/autonomous.py.
//
// A block runs one network. Its values lie in shared memory twice, before and after a tick; wiring and tables are read
// once, into registers (circuit.h). What bounds it are the three values that a neuron reads from anywhere: with two bits a
// value the words of a network of 2,048 are 128, and few of a warp's 32 reads meet in a bank. The first warp notes what
// control and output say, and grades 16 ticks at once, a lane each.

#include "circuit.h"
#include "handler.h"

namespace tejax {
namespace {

constexpr int kMostThreads = kMost / kOwn;
constexpr int kFew = 256, kBlocks = 3;  // of a multiprocessor, whose registers then hold three networks of 2,048
constexpr int kStaged = 128;  // threads whose tables go through shared memory at once

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

template <int kThreads, int kAtOnce>
__global__ void __launch_bounds__(kThreads, kAtOnce) rate(Genomes genomes, Frames frames, Batch batch, int32_t* ratings) {
  __shared__ uint32_t values[2][kThreads * kOwn / 16];
  extern __shared__ uint32_t memory[];  // tables on their way to registers; then the errors before every frame
  const int thread = threadIdx.x, neurons = genomes.neurons, first = kOwn * thread;
  const int network = blockIdx.x;

  const int8_t* const start = genomes.start.row(batch, network);
  uint32_t word = 0;
  for (int i = 0; i < kOwn; ++i) word |= (first + i < neurons ? digit(start[first + i]) : 2) << 2 * i;
  ((uint16_t*)values[0])[thread] = (uint16_t)word;

  Own own;
  const int8_t* const lines = genomes.lines.row(batch, network);
  const int16_t* const wiring = genomes.wiring.row(batch, network);
  int8_t* const staged = (int8_t*)memory;
  for (int round = 0; round < blockDim.x; round += kStaged) {
    const int skipped = kOwn * round, left = neurons - skipped, most = kOwn * kStaged;
    if (left > 0) copy(lines + (int64_t)kLines * skipped, staged, kLines * (left < most ? left : most));
    __syncthreads();
    if (thread / kStaged * kStaged == round) own.take(wiring, staged + kLines * (first - skipped), first, neurons);
    __syncthreads();
  }

  int32_t* const wrong_before = (int32_t*)memory;
  Grade grade{min(max(*genomes.shift.row(batch, network), 0), frames.cap), 0, 0};
  if (thread == 0) wrong_before[0] = 0;

  for (uint32_t ticks = 0;; ticks += kTicks) {
    uint32_t control = 2, output = 2;
#pragma unroll 1
    for (int tick = 0; tick < kTicks; tick += 2) {
#pragma unroll
      for (int turn = 0; turn < 2; ++turn) {
        ((uint16_t*)values[1 - turn])[thread] = (uint16_t)own.tick(values[turn]);
        __syncthreads();
        if (thread < 32) {
          const uint32_t says = value_of(values[1 - turn], genomes.control);
          const uint32_t what = value_of(values[1 - turn], genomes.output);
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
  const int64_t neurons = start.dimensions()[batch.axes];
  const int threads = (int)((neurons + 32 * kOwn - 1) / (32 * kOwn) * 32);
  if (threads > kMostThreads) return ffi::Error::InvalidArgument("a network of too many neurons");
  const Genomes genomes{rows_of(start, batch),   rows_of(wiring, batch), rows_of(lines, batch), rows_of(targets, batch),
                        rows_of(shift, batch),   (int)neurons,           (int)control,          (int)output,
                        (int32_t)targets.dimensions()[batch.axes]};
  const int64_t staged = kLines * kOwn * (threads < kStaged ? threads : kStaged), errors = 4 * (cap + 1);
  const size_t bytes = (size_t)(staged > errors ? staged : errors);
  return launch(threads <= kFew ? rate<kFew, kBlocks> : rate<kMostThreads, 1>, batch.count(), threads, bytes, stream, genomes, Frames{(int32_t)window, (int32_t)cap, (uint32_t)max_ticks}, batch,
                out->typed_data());
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
