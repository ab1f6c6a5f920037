// The kernel of autonomous networks, its threads one after the other: what circuit.h holds, and circuit.cu around it.

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "circuit.h"

using namespace tejax;

namespace {

// The rating of a network whose threads own kOwn neurons each.
template <int kOwn>
void rate(const int8_t* start, const int16_t* wiring, const int8_t* lines, const int8_t* targets, int32_t neurons,
          int32_t control, int32_t output, int32_t length, int32_t window, int32_t cap, uint32_t max_ticks, int32_t first,
          int32_t* rating) {
  using Digits = std::conditional_t<kOwn == 8, uint16_t, uint8_t>;
  const int threads = (neurons + 32 * kOwn - 1) / (32 * kOwn) * 32;
  std::vector<uint32_t> values[2];
  for (auto& each : values) each.assign(threads * kOwn / 16, 0);
  std::vector<uint16_t> places(neurons);
  for (int row = 0; row * kRow < neurons; ++row) {
    int rank = 0;
    for (int kind = 0; kind < kKinds; ++kind)
      for (int n = row * kRow; n < std::min(neurons, (row + 1) * kRow); ++n)
        if (Sources(wiring + 3 * n, neurons).kind() == kind) places[n] = (uint16_t)Own<kOwn>::place(row, rank++);
    if (rank != std::min(neurons - row * kRow, kRow)) return;  // a kind that is none
  }
  std::vector<Own<kOwn>> own(threads);
  for (int n = 0; n < neurons; ++n) {
    const int place = places[n];
    values[0][place / 16] |= digit(start[n]) << 2 * (place % 16);
    own.at(place / kOwn).take(place % kOwn, Sources(wiring + 3 * n, neurons), lines + kLines * n, places.data());
  }

  std::vector<int32_t> wrong_before(cap + 1);
  const Frames frames{window, cap, max_ticks};
  int32_t said = 0, errors = 0;
  for (uint32_t ticks = 0;; ticks += kTicks) {
    uint32_t spoke = 0, outputs[32] = {};
    for (int tick = 0; tick < kTicks; ++tick) {
      Digits* const next = (Digits*)values[(tick + 1) % 2].data();
      for (int t = 0; t < threads; ++t) next[t] = (Digits)own[t].tick(values[tick % 2].data());
      spoke |= (uint32_t)(value_of((uint32_t*)next, places[control]) != 2 && ticks + tick < max_ticks - 1) << tick;
      outputs[tick] = value_of((uint32_t*)next, places[output]);
    }
    uint32_t wrong = 0;
    std::vector<Said> lanes;
    for (int lane = 0; lane < 32; ++lane) {
      lanes.emplace_back(lane, spoke, said, outputs[lane], targets, length);
      wrong |= (uint32_t)lanes[lane].wrong << lane;
    }
    const auto until = [&](int lane) { return errors + count_bits(wrong & up_to(lane)); };
    for (int lane = 0; lane < 32; ++lane)
      if (lanes[lane].spoke && lanes[lane].count <= cap) wrong_before[lanes[lane].count] = until(lane);
    for (int lane = 0; lane < 32; ++lane) {
      if (!lanes[lane].ends(frames, first, until(lane), wrong_before.data())) continue;
      const int32_t shift = lanes[lane].count - window;
      const int32_t found[4] = {shift, until(lane) - wrong_before[shift], (int32_t)ticks + lane + 1, lanes[lane].count};
      return (void)memcpy(rating, found, sizeof found);
    }
    said += count_bits(spoke);
    errors += count_bits(wrong);
    if (ticks + kTicks < max_ticks - 1) continue;
    const int32_t found[4] = {std::max(first, said - window + 1), kEndless, (int32_t)max_ticks - 1, said};
    return (void)memcpy(rating, found, sizeof found);
  }
}

}  // namespace

extern "C" void rate(const int8_t* start, const int16_t* wiring, const int8_t* lines, const int8_t* targets,
                     int32_t neurons, int32_t control, int32_t output, int32_t length, int32_t window, int32_t cap,
                     uint32_t max_ticks, int32_t first, int32_t own, int32_t* rating) {
  (own == 8 ? rate<8> : rate<4>)(start, wiring, lines, targets, neurons, control, output, length, window, cap, max_ticks,
                                 first, rating);
}
