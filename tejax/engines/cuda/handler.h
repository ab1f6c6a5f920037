// What the handlers of kernels share: which rows of batched arrays a block reads, and the launch.

#ifndef TEJAX_CUDA_HANDLER_H_
#define TEJAX_CUDA_HANDLER_H_

#include <cuda_runtime.h>

#include <cstdint>

#include "xla/ffi/api/ffi.h"

namespace tejax {

namespace ffi = xla::ffi;

constexpr int kMostAxes = 6;  // of a batch

// The axes in front of an output, over which a kernel runs.
struct Batch {
  int axes = 0;
  uint32_t sizes[kMostAxes] = {};

  int64_t count() const {
    int64_t product = 1;
    for (int axis = 0; axis < axes; ++axis) product *= sizes[axis];
    return product;
  }
};

// Where an array lies for every individual of a batch; axes of length 1 are shared by all.
template <class T>
struct Rows {
  const T* data;
  int64_t strides[kMostAxes];

  __device__ const T* row(const Batch& batch, uint32_t individual) const {
    const T* row = data;
#pragma unroll 1
    for (int axis = batch.axes; axis-- > 0; individual /= batch.sizes[axis])
      row += individual % batch.sizes[axis] * strides[axis];
    return row;
  }
};

// The batch of an output whose last `own` axes are an individual's.
inline Batch batch_of(ffi::Span<const int64_t> sizes, size_t own) {
  Batch batch;
  batch.axes = (int)(sizes.size() - own);
  for (int axis = 0; axis < batch.axes && axis < kMostAxes; ++axis) batch.sizes[axis] = (uint32_t)sizes[axis];
  return batch;
}

template <ffi::DataType type>
auto rows_of(const ffi::Buffer<type>& array, const Batch& batch) {
  const auto sizes = array.dimensions();
  Rows<std::remove_reference_t<decltype(*array.typed_data())>> rows{array.typed_data(), {}};
  int64_t stride = 1;
  for (size_t axis = sizes.size(); axis-- > 0; stride *= sizes[axis])
    if ((int)axis < batch.axes && (int)axis < kMostAxes) rows.strides[axis] = sizes[axis] == 1 ? 0 : stride;
  return rows;
}

inline ffi::Error error_of(cudaError_t code) {
  return code == cudaSuccess ? ffi::Error::Success() : ffi::Error::Internal(cudaGetErrorString(code));
}

// Launches a kernel with `bytes` of shared memory.
template <class... Parameters, class... Arguments>
ffi::Error launch(void (*kernel)(Parameters...), int64_t blocks, int threads, size_t bytes, cudaStream_t stream,
                  Arguments... arguments) {
  if (blocks == 0) return ffi::Error::Success();
  if (bytes > (48 << 10)) {
    const cudaError_t code = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)bytes);
    if (code != cudaSuccess) return error_of(code);
  }
  kernel<<<(unsigned)blocks, threads, bytes, stream>>>(arguments...);
  return error_of(cudaGetLastError());
}

}  // namespace tejax

#endif  // TEJAX_CUDA_HANDLER_H_
