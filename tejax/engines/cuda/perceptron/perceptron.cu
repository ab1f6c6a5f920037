// The summed losses of a population of wide perceptrons, on Hopper's matrix units: see stationary.h, block.h and consumer.h.

#include "block.h"
#include "../handler.h"

namespace tejax {
namespace {

constexpr int kWeights = 208 * 1024;  // bytes of weights that fit beside all else, as perceptron.py has it
static_assert(kWeights + sizeof(Shared<256>) + kAlignment <= kMostShared);

template <int kWidth, int kNetworks, Role kRole, bool kZone>
__global__ void __launch_bounds__(kThreads, 1)
    stationary(const __grid_constant__ CUtensorMap wide, const __grid_constant__ CUtensorMap narrow,
               const __grid_constant__ Problem problem) {
  extern __shared__ uint8_t memory[];
  run_block<kWidth, kNetworks, kRole, kZone>(wide, narrow, problem, memory);
}

// Boxes of weights [networks, rows, 128 or 32 columns].
bool describe(CUtensorMap* map, const int8_t* weights, const Problem& problem, int neurons, int64_t pitch, int networks,
              int rows, int columns) {
  static const auto encode = [] {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result;
    cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result);
    return (decltype(&cuTensorMapEncodeTiled))found;
  }();
  const cuuint64_t sizes[] = {(cuuint64_t)pitch, (cuuint64_t)neurons, (cuuint64_t)problem.networks};
  const cuuint64_t strides[] = {(cuuint64_t)pitch, (cuuint64_t)(pitch * neurons)};
  const cuuint32_t box[] = {(cuuint32_t)columns, (cuuint32_t)rows, (cuuint32_t)networks}, every[] = {1, 1, 1};
  return encode && encode(map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 3, (void*)weights, sizes, strides, box, every,
                          CU_TENSOR_MAP_INTERLEAVE_NONE,
                          columns == kStep ? CU_TENSOR_MAP_SWIZZLE_32B : CU_TENSOR_MAP_SWIZZLE_128B,
                          CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

// The weights that stay: int8 [networks, neurons, pitch].
struct Layer {
  const int8_t* weights;
  int neurons;
  int64_t pitch;
};

template <int kWidth, int kNetworks, Role kRole>
ffi::Error multiply(cudaStream_t stream, Problem problem, const Layer& layer) {
  const int64_t weights = problem.steps * Weights<kWidth>::kStepBytes;
  if (weights > kWeights || chunks_of(problem.steps) > kMostChunks)
    return ffi::Error::InvalidArgument("a layer of too many inputs");
  CUtensorMap wide, narrow;
  for (const bool is_wide : {true, false})
    if (!describe(is_wide ? &wide : &narrow, layer.weights, problem, layer.neurons, layer.pitch, kNetworks,
                  kWidth / kNetworks, is_wide ? kStep * kChunk : kStep))
      return ffi::Error::Internal("weights that cannot be copied in boxes");
  problem.parts = kRole == kHidden ? (layer.neurons + kWidth - 1) / kWidth : 1;
  problem.units = (problem.networks + kNetworks - 1) / kNetworks * problem.parts;
  int device = 0, processors = 1;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  const int64_t blocks = std::min<int64_t>(processors, (int64_t)problem.units * problem.tiles);
  const auto kernel = kRole != kOutputs && problem.zone ? stationary<kWidth, kNetworks, kRole, kRole != kOutputs>
                                                        : stationary<kWidth, kNetworks, kRole, false>;
  return launch(kernel, blocks, kThreads, weights + sizeof(Shared<kWidth>) + kAlignment, stream, wide,
                narrow, problem);
}

using Trits = ffi::Buffer<ffi::S8>;
using Numbers = ffi::Buffer<ffi::S32>;

// A problem, as far as samples, fragments int8 [(networks,) tiles, steps, kLanes, 16], say.
Problem problem_of(const Trits& x, const Trits& weights) {
  const auto sizes = x.dimensions();
  const size_t axes = sizes.size();
  Problem problem{};
  problem.x = (const uint4*)x.typed_data();
  problem.networks = (int)weights.dimensions()[0];
  problem.tiles = (int)sizes[axes - 4];
  problem.steps = (int)sizes[axes - 3];
  problem.x_stride = axes > 4 ? (int64_t)problem.tiles * problem.steps * kLanes : 0;
  return problem;
}

Layer layer_of(const Trits& weights) {
  const auto sizes = weights.dimensions();
  return {weights.typed_data(), (int)sizes[1], sizes[2]};
}

// The trits of a hidden layer as samples, fragments [networks, tiles, steps, kLanes, 16] of the next.
ffi::Error hidden(cudaStream_t stream, Trits x, Trits weights, Numbers biases, ffi::Result<Trits> out, int64_t width,
                  int64_t zone) {
  Problem problem = problem_of(x, weights);
  const Layer layer = layer_of(weights);
  problem.neurons = layer.neurons;
  problem.zone = (int)zone;
  problem.hidden_bias = biases.typed_data();
  problem.hidden = (uint4*)out->typed_data();
  switch (width) {
    case 128: return multiply<128, 1, kHidden>(stream, problem, layer);
    case 208: return multiply<208, 1, kHidden>(stream, problem, layer);
    default: return multiply<256, 1, kHidden>(stream, problem, layer);
  }
}

// The losses [networks] of the last one or two layers; `hidden_weights` and `hidden_biases` are empty for one.
ffi::Error losses(cudaStream_t stream, Trits x, ffi::AnyBuffer y, Trits hidden_weights, Numbers hidden_biases,
                  Trits weights, Numbers biases, Numbers powers, Numbers log2, ffi::Result<Numbers> out, int64_t samples,
                  int64_t networks, int64_t zone, int64_t kind, int64_t halvings, int64_t limit, int64_t over,
                  int64_t scale, int64_t farthest) {
  Problem problem = problem_of(x, weights);
  const Layer readout = layer_of(weights);
  problem.y = y.untyped_data();
  problem.samples = (int)samples;
  problem.zone = (int)zone;
  problem.outputs = readout.neurons;
  problem.output_bias = biases.typed_data();
  problem.losses = out->typed_data();
  problem.objective = {(int)kind,  readout.neurons, (int)halvings,
                       (int)limit, (int)over,       (int)scale,
                       (int)farthest, (int)powers.element_count() - 1, powers.typed_data(), log2.typed_data()};
  if (readout.neurons > kMostOutputs) return ffi::Error::InvalidArgument("a network of too many outputs");
  const cudaError_t code = cudaMemsetAsync(problem.losses, 0, out->size_bytes(), stream);
  if (code != cudaSuccess) return error_of(code);
  if (hidden_weights.element_count() == 0) return multiply<16, 1, kOutputs>(stream, problem, readout);
  const Layer layer = layer_of(hidden_weights);
  problem.neurons = layer.neurons;
  problem.hidden_bias = hidden_biases.typed_data();
  problem.readout = readout.weights;
  problem.pitch = (int)readout.pitch;
  return networks == 2 ? multiply<256, 2, kBoth>(stream, problem, layer)
                       : multiply<256, 1, kBoth>(stream, problem, layer);
}

}  // namespace
}  // namespace tejax

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_cuda_hidden, tejax::hidden,
                              tejax::ffi::Ffi::Bind()
                                  .Ctx<tejax::ffi::PlatformStream<cudaStream_t>>()
                                  .Arg<tejax::Trits>()
                                  .Arg<tejax::Trits>()
                                  .Arg<tejax::Numbers>()
                                  .Ret<tejax::Trits>()
                                  .Attr<int64_t>("width")
                                  .Attr<int64_t>("zone"),
                              {xla::ffi::Traits::kCmdBufferCompatible});

XLA_FFI_DEFINE_HANDLER_SYMBOL(tejax_cuda_losses, tejax::losses,
                              tejax::ffi::Ffi::Bind()
                                  .Ctx<tejax::ffi::PlatformStream<cudaStream_t>>()
                                  .Arg<tejax::Trits>()
                                  .Arg<tejax::ffi::AnyBuffer>()
                                  .Arg<tejax::Trits>()
                                  .Arg<tejax::Numbers>()
                                  .Arg<tejax::Trits>()
                                  .Arg<tejax::Numbers>()
                                  .Arg<tejax::Numbers>()
                                  .Arg<tejax::Numbers>()
                                  .Ret<tejax::Numbers>()
                                  .Attr<int64_t>("samples")
                                  .Attr<int64_t>("networks")
                                  .Attr<int64_t>("zone")
                                  .Attr<int64_t>("kind")
                                  .Attr<int64_t>("halvings")
                                  .Attr<int64_t>("limit")
                                  .Attr<int64_t>("over")
                                  .Attr<int64_t>("scale")
                                  .Attr<int64_t>("farthest"),
                              {xla::ffi::Traits::kCmdBufferCompatible});
