// Functions for a GPU and for whatever compiler tests them without one.

#ifndef TEJAX_CUDA_BOTH_H_
#define TEJAX_CUDA_BOTH_H_

#ifdef __CUDACC__
#define TEJAX_BOTH __host__ __device__ __forceinline__
#else
#define TEJAX_BOTH inline
#endif

#endif  // TEJAX_CUDA_BOTH_H_
