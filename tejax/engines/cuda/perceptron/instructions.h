// Instructions of Hopper that C++ has no words for (PTX ISA): barriers in shared memory, copies that complete on them,
// and products of int8 by int8 whose sums stay in registers.

#ifndef TEJAX_CUDA_INSTRUCTIONS_H_
#define TEJAX_CUDA_INSTRUCTIONS_H_

#include <cuda.h>

#include <cstdint>

namespace tejax {

__device__ __forceinline__ uint32_t shared_address(const void* p) { return (uint32_t)__cvta_generic_to_shared(p); }

// Counts arrivals, and bytes that are still to come; its phase ends when there are none to wait for.
struct Barrier {
  uint64_t word;

  __device__ void init(int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(this)), "r"(arrivals) : "memory");
  }
  __device__ void arrive() {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(this)) : "memory");
  }
  // Arrives, and has the phase wait for bytes of copies.
  __device__ void expect(int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(this)), "r"(bytes)
                 : "memory");
  }
  // Waits for the end of phase number `phase`, the first being 0; the barrier is in that phase or in the next.
  __device__ void wait(int phase) {
    for (int tries = 0; !ended(phase & 1);)
      if (++tries == kPatience) __trap();  // an error that is seen, and no machine that hangs
  }

 private:
  static constexpr int kPatience = 1 << 22;  // tries, each of which sleeps for a while

  __device__ bool ended(int parity) {
    uint32_t done;
    asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                 : "=r"(done)
                 : "r"(shared_address(this)), "r"(parity)
                 : "memory");
    return done;
  }
};

// After `init`: before other threads, and the engine that copies, see the barriers.
__device__ __forceinline__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// Copies the box of a tensor that begins at (x, y, z) to shared memory; what lies outside the tensor is zero.
__device__ __forceinline__ void load_box(void* to, const CUtensorMap* map, int x, int y, int z, Barrier& barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], "
      "[%5];" ::"r"(shared_address(to)),
      "l"(map), "r"(x), "r"(y), "r"(z), "r"(shared_address(&barrier))
      : "memory");
}

// Brings such a box into the cache that all multiprocessors share.
__device__ __forceinline__ void prefetch_box(const CUtensorMap* map, int x, int y, int z) {
  asm volatile("cp.async.bulk.prefetch.tensor.3d.L2.global.tile [%0, {%1, %2, %3}];" ::"l"(map), "r"(x), "r"(y), "r"(z)
               : "memory");
}

// 16 bytes that are read once by this multiprocessor.
__device__ __forceinline__ uint4 load_once(const uint4* from) {
  uint4 v;
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(from));
  return v;
}

// Brings bytes, a multiple of 16, into the cache that all multiprocessors share.
__device__ __forceinline__ void prefetch(const void* from, int bytes) {
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
}

// A warpgroup gives registers back to its block, or takes such, and then has so many a thread.
template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// Registers may be changed before this, by other instructions, and not after it until `wgmma_wait`.
__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Waits until at most so many of the latest products are under way.
template <int kPending>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

// sums (+)= a [64, 32] times weights [kWidth, 32] transposed, for a whole warpgroup; `add`: 0 begins a new sum.
template <int kWidth>
__device__ void wgmma(int (&sums)[kWidth / 2], const uint4& a, uint64_t weights, int add);

// the operands of its instruction: so many sums, four registers of a, and two more
#define TEN(t) "%" #t "0,%" #t "1,%" #t "2,%" #t "3,%" #t "4,%" #t "5,%" #t "6,%" #t "7,%" #t "8,%" #t "9,"
#define FOUR(i) "+r"(sums[i]), "+r"(sums[i + 1]), "+r"(sums[i + 2]), "+r"(sums[i + 3])
#define EIGHT(i) FOUR(i), FOUR(i + 4)
#define MANY(i) EIGHT(i), EIGHT(i + 8), EIGHT(i + 16), EIGHT(i + 24)
#define WGMMA(width, names, a, descriptor, predicate, ...)                                                       \
  template <>                                                                                                    \
  __device__ __forceinline__ void wgmma<width>(int(&sums)[width / 2], const uint4& x, uint64_t weights, int add) { \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " predicate ", 0;\nwgmma.mma_async.sync.aligned.m64n" #width      \
                 "k32.s32.s8.s8 {" names "}, {" a "}, " descriptor ", p;\n}"                                       \
                 : __VA_ARGS__                                                                                   \
                 : "r"(x.x), "r"(x.y), "r"(x.z), "r"(x.w), "l"(weights), "r"(add));                              \
  }
WGMMA(16, "%0,%1,%2,%3,%4,%5,%6,%7", "%8,%9,%10,%11", "%12", "%13", EIGHT(0))
WGMMA(128, TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) "%60,%61,%62,%63", "%64,%65,%66,%67", "%68", "%69", MANY(0), MANY(32))
WGMMA(208, TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9) "%100,%101,%102,%103",
      "%104,%105,%106,%107", "%108", "%109", MANY(0), MANY(32), MANY(64), EIGHT(96))
WGMMA(256, TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9) TEN(10) TEN(11)
      "%120,%121,%122,%123,%124,%125,%126,%127", "%128,%129,%130,%131", "%132", "%133", MANY(0), MANY(32), MANY(64), MANY(96))
#undef WGMMA
#undef MANY
#undef EIGHT
#undef FOUR
#undef TEN

// sums += a [16, 32] times weights [8, 32] transposed, for a warp.
__device__ __forceinline__ void mma(int (&sums)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
      : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four numbers as signed bytes, the nearest that there are.
__device__ __forceinline__ uint32_t saturated(int a, int b, int c, int d) {
  uint32_t high, all;
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, 0;" : "=r"(high) : "r"(d), "r"(c));
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, %3;" : "=r"(all) : "r"(b), "r"(a), "r"(high));
  return all;
}

// Every byte filled with its sign.
__device__ __forceinline__ uint32_t filled(uint32_t bytes) {
  uint32_t signs;
  asm("prmt.b32 %0, %1, 0, 0xBA98;" : "=r"(signs) : "r"(bytes));
  return signs;
}

}  // namespace tejax

#endif  // TEJAX_CUDA_INSTRUCTIONS_H_
