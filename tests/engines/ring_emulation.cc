// The kernel of rings, its threads one after the other: what ring.h holds, and ring.cu around it.

#include "ring.h"

#include <utility>
#include <vector>

using namespace tejax;

extern "C" void settle(const int8_t* synapses, const int8_t* kinds, const int8_t* start, int32_t neurons,
                       int32_t neighbors, int32_t samples, int32_t most, int32_t hold, int32_t capped, int8_t* values,
                       int32_t* ended) {
  int population = 0;
  for (int n = 0; n < neurons; ++n) population += kinds[n] != 0;
  const Reach reach(population, neighbors, capped != 0);
  const int seen = reach.words_seen(), words = reach.words(), threads = (neurons + 31) / 32 * 32;
  std::vector<Trits> weights(threads * seen);
  for (int n = 0; n < threads; ++n)
    for (int i = 0; i < seen; ++i)
      weights[n * seen + i] =
          reach.weights(synapses, neighbors, reach.word(reach.first_word(n / 32), i), n);
  for (int sample = 0; sample < samples; ++sample) {
    std::vector<int> value(threads), next(threads);
    for (int n = 0; n < neurons; ++n) value[n] = start[sample * neurons + n];
    int ticks = 0, reason = 0;
    while (ticks < most && reason == 0) {
      std::vector<Trits> now(72);
      for (int n = 0; n < 32 * words; ++n)
        for (int place : {n / 32, n / 32 + words}) {
          now.at(place).nonzero |= (uint32_t)(n < threads && value[n] != 0) << n % 32;
          now.at(place).negative |= (uint32_t)(n < threads && value[n] < 0) << n % 32;
        }
      bool changed = false, silent = false;
      for (int n = 0; n < threads; ++n) {
        Sum sum;
        const int first = reach.first_word(n / 32);
        for (int i = 0; i < seen; i += 4) {
          const Trits* const four = &weights[n * seen + i];
          const Trits* const seen_now = &now.at(first + i);
          sum.add({four[0], four[1], four[2], four[3]}, {seen_now[0], seen_now[1], seen_now[2], seen_now[3]});
        }
        const bool held = hold && n < neurons && kinds[n] == 1;
        next[n] = held ? value[n] : (sum.total() > 0) - (sum.total() < 0);
        changed |= next[n] != value[n];
        silent |= n < neurons && kinds[n] == 2 && next[n] == 0;
      }
      std::swap(value, next);
      ++ticks;
      reason = 2 * !changed + !silent;
    }
    for (int n = 0; n < neurons; ++n) values[sample * neurons + n] = (int8_t)value[n];
    ended[2 * sample] = ticks;
    ended[2 * sample + 1] = reason;
  }
}
