// The kernel of wide perceptrons on the host: its threads take turns, and what Hopper has instructions for is done as
// the PTX ISA says, at once.

#include <ucontext.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define __device__
#define __host__
#define __forceinline__ inline
struct int2 { int x, y; };
struct uint2 { uint32_t x, y; };
struct alignas(16) uint4 { uint32_t x, y, z, w; };
inline uint2 make_uint2(uint32_t x, uint32_t y) { return {x, y}; }
using std::max;
using std::min;

struct Place { unsigned x; };
Place threadIdx, blockIdx, gridDim;

// ------------------------------------------------------------------------------------------ threads that take turns

constexpr int kAll = 384, kWarp = 32, kWarpgroup = 128;
constexpr int kStack = 1 << 17, kPatience = 2000;  // bytes; rounds in which every thread waits

ucontext_t scheduler, contexts[kAll];
std::vector<char> stacks(kAll * kStack);
bool ended[kAll], moved;

void yield() {
  const unsigned thread = threadIdx.x;
  swapcontext(&contexts[thread], &scheduler);
  threadIdx.x = thread;
}

// Threads that wait for one another.
struct Meeting {
  int size, here = 0, number = 0;

  void attend() {
    const int mine = number;
    if (++here == size) here = 0, ++number;
    moved = true;
    while (number == mine) yield();
  }
};
std::vector<Meeting> warps, warpgroups;
Meeting block{kAll};

void __syncthreads() { block.attend(); }
void __syncwarp() { warps[threadIdx.x / kWarp].attend(); }

// What every thread hands over, twice, so that the next exchange does not overwrite what is still read.
uint32_t handed[2][kAll];
int exchanges[kAll];
const uint32_t* exchange(uint32_t value) {
  uint32_t* const row = handed[exchanges[threadIdx.x]++ % 2];
  row[threadIdx.x] = value;
  __syncwarp();
  return row + threadIdx.x / kWarp * kWarp;
}
int __shfl_sync(unsigned, int value, int from) { return (int)exchange(value)[from % kWarp]; }
int __shfl_xor_sync(unsigned, int value, int mask) { return (int)exchange(value)[threadIdx.x % kWarp ^ mask]; }
int __reduce_add_sync(unsigned, int value) {
  const uint32_t* const row = exchange(value);
  uint32_t sum = 0;
  for (int i = 0; i < kWarp; ++i) sum += row[i];
  return (int)sum;
}
int __clz(uint32_t x) { return x ? __builtin_clz(x) : 32; }
uint32_t __byte_perm(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t both = (uint64_t)b << 32 | a;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) result |= (uint32_t)(both >> 8 * (selector >> 4 * i & 7) & 255) << 8 * i;
  return result;
}
void atomicAdd(int32_t* to, int32_t value) { *to = (int32_t)((uint32_t)*to + (uint32_t)value); }

// ------------------------------------------------------------------------------------------- instructions of Hopper

struct CUtensorMap {  // of bytes; sizes and strides from the innermost axis on
  const uint8_t* data;
  int64_t sizes[3], strides[3];
  int box[3];
  int swizzled;  // bytes
};

#define TEJAX_CUDA_INSTRUCTIONS_H_
namespace tejax {

alignas(1024) uint8_t shared_memory[228 * 1024];

inline uint32_t shared_address(const void* p) { return (uint32_t)((const uint8_t*)p - shared_memory); }

// Within every `width` bytes of eight rows, blocks of 16 bytes are exchanged by their row.
inline uint32_t swizzle(uint32_t address, int width) {
  return width == 128 ? address ^ (address >> 7 & 7) << 4 : address ^ (address >> 7 & 1) << 4;
}

struct Barrier {
  int16_t arrivals, pending;
  int32_t bytes : 24;
  uint32_t phase : 8;

  void init(int count) { arrivals = pending = (int16_t)count, bytes = 0, phase = 0; }
  void arrive() { --pending, finish(); }
  void expect(int more) { bytes += more, arrive(); }
  void came(int some) { bytes -= some, finish(); }
  void wait(int number) {
    if ((uint32_t)(number & 255) != phase && (uint32_t)(number + 1 & 255) != phase) std::abort();
    while (phase % 2 == (uint32_t)number % 2) yield();
  }
  void finish() {
    moved = true;
    if (pending < 0) std::abort();
    if (pending == 0 && bytes == 0) pending = arrivals, ++phase;
  }
};
static_assert(sizeof(Barrier) == 8);

inline void publish_barriers() {}
inline void prefetch_box(const CUtensorMap*, int, int, int) {}
void load_box(void* to, const CUtensorMap* map, int x, int y, int z, Barrier& barrier) {
  const uint32_t start = shared_address(to);
  if (start % (8 * map->swizzled)) std::abort();
  uint32_t place = start;
  for (int k = z; k < z + map->box[2]; ++k)
    for (int j = y; j < y + map->box[1]; ++j)
      for (int i = x; i < x + map->box[0]; ++i) {
        const bool inside = k < map->sizes[2] && j < map->sizes[1] && i < map->sizes[0];
        shared_memory[swizzle(place++, map->swizzled)] = inside ? map->data[k * map->strides[2] + j * map->strides[1] + i] : 0;
      }
  barrier.came((int)(place - start));
}
inline uint4 load_once(const uint4* from) { return *from; }
inline void prefetch(const void*, int) {}
template <int>
void give_registers() {}
template <int>
void take_registers() {}
inline void wgmma_fence() {}
inline void wgmma_commit() {}
template <int>
void wgmma_wait() {}

// Column k of row r, of 16, among the registers of a warp's lanes.
inline int8_t fragment(const uint4* lanes, int row, int k) {
  const uint4& registers = lanes[row % 8 * 4 + k % 16 / 4];
  const uint32_t words[] = {registers.x, registers.y, registers.z, registers.w};
  return (int8_t)(words[k / 16 * 2 + row / 8] >> 8 * (k % 4));
}

uint4 given[2][kAll];
int products[kAll];
template <int kWidth>
void wgmma(int (&sums)[kWidth / 2], const uint4& a, uint64_t weights, int add) {
  const int thread = (int)threadIdx.x, lane = thread % kWarp;
  uint4* const row = given[products[thread]++ % 2];
  row[thread] = a;
  warpgroups[thread / kWarpgroup].attend();
  const uint32_t start = (weights & 0x3FFF) << 4, stride = (weights >> 32 & 0x3FFF) << 4;
  const int width = weights >> 62 == 1 ? 128 : 32;
  if (stride != 8u * width) std::abort();
  for (int i = 0; i < kWidth / 2; ++i) {
    const int r = lane / 4 + i / 2 % 2 * 8, n = i / 4 * 8 + lane % 4 * 2 + i % 2;
    int sum = add ? sums[i] : 0;
    for (int k = 0; k < 32; ++k)
      sum += fragment(row + thread / kWarp * kWarp, r, k) *
             (int8_t)shared_memory[swizzle(start + n / 8 * stride + n % 8 * width + k, width)];
    sums[i] = sum;
  }
  warpgroups[thread / kWarpgroup].attend();  // before the weights may be overwritten
}
void mma(int (&sums)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  const int thread = (int)threadIdx.x, lane = thread % kWarp, first = thread - lane;
  uint4* const row = given[products[thread]++ % 2];
  row[thread] = {a[0], a[1], a[2], a[3]};
  const uint32_t* const low = exchange(b0);
  const uint32_t* const high = exchange(b1);
  for (int i = 0; i < 4; ++i)
    for (int k = 0; k < 32; ++k) {
      const int n = lane % 4 * 2 + i % 2;
      const int8_t b = (int8_t)((k < 16 ? low : high)[n * 4 + k % 16 / 4] >> 8 * (k % 4));
      sums[i] += fragment(row + first, lane / 4 + i / 2 * 8, k) * b;
    }
  __syncwarp();
}
uint32_t saturated(int a, int b, int c, int d) {
  const int values[] = {a, b, c, d};
  uint32_t bytes = 0;
  for (int i = 0; i < 4; ++i) bytes |= (uint32_t)(uint8_t)std::clamp(values[i], -128, 127) << 8 * i;
  return bytes;
}
uint32_t filled(uint32_t bytes) { return (bytes >> 7 & 0x01010101) * 255; }

}  // namespace tejax

#include "block.h"

// ------------------------------------------------------------------------------------------------------- the launch

namespace {

using namespace tejax;

void (*program)();

void enter() {
  program();
  ended[threadIdx.x] = moved = true;
  swapcontext(&contexts[threadIdx.x], &scheduler);
}

void run_threads() {
  std::fill(ended, ended + kAll, false);
  std::fill(exchanges, exchanges + kAll, 0);
  std::fill(products, products + kAll, 0);
  warps.assign(kAll / kWarp, {kWarp});
  warpgroups.assign(kAll / kWarpgroup, {kWarpgroup});
  block = {kAll};
  for (unsigned i = 0; i < kAll; ++i) {
    getcontext(&contexts[i]);
    contexts[i].uc_stack.ss_sp = &stacks[i * kStack];
    contexts[i].uc_stack.ss_size = kStack;
    contexts[i].uc_link = &scheduler;
    makecontext(&contexts[i], enter, 0);
  }
  for (int idle = 0; !std::all_of(ended, ended + kAll, [](bool end) { return end; });) {
    moved = false;
    for (unsigned i = 0; i < kAll; ++i)
      if (!ended[i]) threadIdx.x = i, swapcontext(&scheduler, &contexts[i]);
    idle = moved ? 0 : idle + 1;
    if (idle == kPatience) std::fprintf(stderr, "every thread waits\n"), std::abort();
  }
}

Problem problem;
CUtensorMap wide, narrow;

template <int kWidth, int kNetworks, Role kRole, bool kZone>
void run(const int8_t* weights, int rows, int pitch, int blocks) {
  problem.parts = kRole == kHidden ? (rows + kWidth - 1) / kWidth : 1;
  problem.units = (problem.networks + kNetworks - 1) / kNetworks * problem.parts;
  for (const int size : {128, 32})
    (size == 128 ? wide : narrow) = {(const uint8_t*)weights,
                                     {pitch, rows, problem.networks},
                                     {1, pitch, (int64_t)pitch * rows},
                                     {size, kWidth / kNetworks, kNetworks},
                                     size};
  program = [] { run_block<kWidth, kNetworks, kRole, kZone>(wide, narrow, problem, shared_memory); };
  gridDim.x = (unsigned)std::min<int64_t>(blocks, (int64_t)problem.units * problem.tiles);
  for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x) {
    std::memset(shared_memory, 0x5A, sizeof shared_memory);
    run_threads();
  }
}

template <int kWidth, int kNetworks, Role kRole>
void launch(bool zone, const int8_t* weights, int rows, int pitch, int blocks) {
  (zone ? run<kWidth, kNetworks, kRole, true> : run<kWidth, kNetworks, kRole, false>)(weights, rows, pitch, blocks);
}

}  // namespace

// The arrays and numbers of perceptron.cu's handlers.
extern "C" void hidden(const int8_t* x, int64_t x_stride, const int8_t* weights, const int32_t* biases, int8_t* out,
                       int width, int networks, int tiles, int steps, int neurons, int pitch, int zone, int blocks) {
  problem = {};
  problem.x = (const uint4*)x, problem.x_stride = x_stride / 16;
  problem.hidden_bias = biases, problem.hidden = (uint4*)out;
  problem.networks = networks, problem.tiles = tiles, problem.steps = steps, problem.neurons = neurons;
  problem.zone = zone;
  (width == 128 ? launch<128, 1, kHidden> : width == 208 ? launch<208, 1, kHidden> : launch<256, 1, kHidden>)(
      zone, weights, neurons, pitch, blocks);
}

struct Numbers {
  int32_t networks, tiles, steps, samples, neurons, hidden_pitch, pitch, zone, fused, blocks;
  int32_t kind, outputs, halvings, limit, over, scale, farthest, last;
};

extern "C" void losses(const int8_t* x, int64_t x_stride, const void* y, const int8_t* hidden_weights,
                       const int32_t* hidden_biases, const int8_t* weights, const int32_t* biases, const int32_t* powers,
                       const int32_t* log2, const Numbers* n, int32_t* out) {
  problem = {};
  problem.x = (const uint4*)x, problem.x_stride = x_stride / 16;
  problem.y = y;
  problem.hidden_bias = hidden_biases, problem.output_bias = biases, problem.readout = weights;
  problem.losses = out;
  problem.networks = n->networks, problem.samples = n->samples, problem.neurons = n->neurons;
  problem.outputs = n->outputs, problem.steps = n->steps, problem.pitch = n->pitch, problem.zone = n->zone;
  problem.tiles = n->tiles;
  problem.objective = {n->kind, n->outputs, n->halvings, n->limit, n->over, n->scale, n->farthest, n->last, powers, log2};
  if (n->fused == 0)
    launch<16, 1, kOutputs>(false, weights, n->outputs, n->pitch, n->blocks);
  else
    (n->fused == 2 ? launch<256, 2, kBoth> : launch<256, 1, kBoth>)(n->zone, hidden_weights, n->neurons, n->hidden_pitch, n->blocks);
}
