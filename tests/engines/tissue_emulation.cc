// The kernel of tissues, its lanes one after the other: what tissue.h holds, and a warp of tissue.cu around it.

#include "tissue.h"

#include <cstring>
#include <vector>

using namespace tejax;

namespace {

// sums [16, 8] += values [16, 32] times weights [32, 8], as the lanes of a warp hold them: PTX's mma.m16n8k32 for s8.
void multiply(int32_t (*sums)[4], const uint32_t (*values)[4], const uint32_t (*weights)[2]) {
  int8_t a[16][32], b[32][8];
  for (int lane = 0; lane < 32; ++lane)
    for (int byte = 0; byte < 4; ++byte) {
      const int row = lane / 4, column = lane % 4 * 4 + byte;
      for (int half = 0; half < 2; ++half) {
        for (int upper = 0; upper < 2; ++upper)
          a[row + 8 * upper][column + 16 * half] = (int8_t)(values[lane][2 * half + upper] >> 8 * byte);
        b[column + 16 * half][row] = (int8_t)(weights[lane][half] >> 8 * byte);
      }
    }
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      for (int k = 0; k < 32; ++k) sums[lane][i] += a[lane / 4 + 8 * (i / 2)][k] * b[k][lane % 4 * 2 + i % 2];
}

}  // namespace

// One warp takes 16 samples at a time through all their ticks.
extern "C" void settle(const int8_t* weights, const int8_t* fed, int32_t neurons, int32_t inputs, int32_t outputs,
                       int32_t count, int32_t most, int32_t hold, int8_t* answers) {
  const Net net{weights, neurons, inputs, outputs, hold != 0};
  for (int first = 0; first < count; first += 16) {
    std::vector<uint32_t[32][4]> now(kTiles), next(kTiles);
    bool running[16];
    for (int row = 0; row < 16; ++row) running[row] = first + row < count;
    for (int tile = 0; tile < kTiles; ++tile)
      for (int lane = 0; lane < 32; ++lane)
        for (int word = 0; word < 4; ++word) {
          const int row = lane / 4 + word % 2 * 8;
          now[tile][lane][word] = running[row] && 32 * tile < inputs
                                      ? net.start(fed + (first + row) * inputs, tile, word / 2, lane % 4)
                                      : 0;
        }
    for (int ticks = 1; ticks <= most; ++ticks) {
      bool changed[16] = {}, silent[16] = {};
      for (int pair = 0; pair < kPairs; ++pair) {
        int32_t sums[2][32][4] = {};
        for (int tile = 0; tile < kTiles; ++tile)
          for (int one = 0; one < 2; ++one) {
            uint32_t part[32][2];
            for (int lane = 0; lane < 32; ++lane)
              for (int half = 0; half < 2; ++half)
                part[lane][half] = net.word(16 * pair + 8 * one + lane / 4, tile, half, lane % 4);
            multiply(sums[one], now[tile], part);
          }
        for (int lane = 0; lane < 32; ++lane)
          for (int upper = 0; upper < 2; ++upper) {
            const int row = lane / 4 + 8 * upper, tile = pair / 2, half = pair % 2;
            const uint32_t word = signs(sums[0][lane][2 * upper], sums[0][lane][2 * upper + 1],
                                        sums[1][lane][2 * upper], sums[1][lane][2 * upper + 1]);
            changed[row] |= word != now[tile][lane][2 * half + upper];
            silent[row] |= tile < kEnds && net.silent(word, tile, half, lane % 4);
            next[tile][lane][2 * half + upper] = word;
          }
      }
      for (int tile = 0; tile < kTiles; ++tile)
        for (int lane = 0; lane < 32; ++lane)
          for (int word = 0; word < 4; ++word) {
            const int row = lane / 4 + word % 2 * 8;
            if (!running[row]) continue;
            now[tile][lane][word] = next[tile][lane][word];
            if (tile < kEnds)
              net.answer(next[tile][lane][word], tile, word / 2, lane % 4, answers + (first + row) * outputs);
          }
      for (int row = 0; row < 16; ++row) running[row] &= silent[row] && changed[row];
    }
  }
}
