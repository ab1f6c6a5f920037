// A network of look-up tables that clocks itself, run and graded: see core/frames.py and networks/lookup/autonomous.py.
//
// Values are digits (0, 1, 2 are the trits -1, +1, 0). Only neurons from which control or output can be reached are
// kept, numbered anew: 0 is control, 1 is output. They are ticked in one of two forms. `Bytes` is the plain loop.
// `Planes` holds 2,048 values at most as two planes of bits, 512 bytes in eight registers, and looks up 64 neurons at a
// time: a source's bit is a byte permuted out of the registers and shifted by its place in the byte, and a table is nine
// bytes of three digits each, of which masks choose.

#ifndef TEJAX_CIRCUIT_H_
#define TEJAX_CIRCUIT_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#ifdef __AVX512VBMI__
#include <immintrin.h>
#endif

namespace tejax {

struct Circuit {
  std::vector<uint16_t> sources;  // three a neuron
  std::vector<uint8_t> tables;    // 27 a neuron
  std::vector<uint8_t> start;
};

// What the neurons' own numbers become: those that matter, as they are met on the way from control and output back.
inline Circuit relevant(const int8_t* start, const int16_t* wiring, const int8_t* lines, int64_t neurons,
                        int64_t control, int64_t output) {
  const auto digit = [](int8_t trit) { return (uint8_t)((2 - trit) % 3); };
  std::vector<int32_t> number(neurons, -1);
  std::vector<int64_t> order;
  const auto met = [&](int64_t neuron) {
    if (neuron < 0) neuron += neurons;  // as XLA reads an array beyond its ends
    neuron = std::clamp<int64_t>(neuron, 0, neurons - 1);
    if (number[neuron] < 0) {
      number[neuron] = (int32_t)order.size();
      order.push_back(neuron);
    }
    return number[neuron];
  };
  met(control);
  met(output);
  Circuit circuit;
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t neuron = order[i];
    for (int k = 0; k < 3; ++k) circuit.sources.push_back((uint16_t)met(wiring[3 * neuron + k]));
    for (int line = 0; line < 27; ++line) circuit.tables.push_back(digit(lines[27 * neuron + line]));
    circuit.start.push_back(digit(start[neuron]));
  }
  return circuit;
}

// A byte a value.
class Bytes {
 public:
  explicit Bytes(const Circuit& circuit) : circuit_(circuit), now_(circuit.start), next_(circuit.start.size()) {}

  void tick() {
    const size_t size = now_.size();
    const uint16_t* const from = circuit_.sources.data();
    const uint8_t *const tables = circuit_.tables.data(), *const now = now_.data();
    uint8_t* const next = next_.data();
    for (size_t n = 0; n < size; ++n)
      next[n] = tables[27 * n + now[from[3 * n]] + 3 * now[from[3 * n + 1]] + 9 * now[from[3 * n + 2]]];
    now_.swap(next_);
  }

  int value(int neuron) const { return now_[neuron]; }

 private:
  const Circuit& circuit_;
  std::vector<uint8_t> now_, next_;
};

#ifdef __AVX512VBMI__
class Planes {
 public:
  static constexpr size_t kMost = 2048;

  explicit Planes(const Circuit& circuit) : blocks_((circuit.start.size() + 63) / 64) {
    for (size_t n = 0; n < circuit.start.size(); ++n) {
      const size_t block = n / 64, lane = n % 64;
      planes_[0].low[block] |= (uint64_t)(circuit.start[n] & 1) << lane;
      planes_[0].high[block] |= (uint64_t)(circuit.start[n] >> 1) << lane;
      for (int k = 0; k < 3; ++k) {
        const uint32_t source = circuit.sources[3 * n + k], byte = source / 8;
        const size_t place = 3 * block + k;
        wires_[place].bytes[lane] = byte % 128;
        wires_[place].shifts[lane] = 8 * (lane % 8) + source % 8;
        upper_[place] |= (uint64_t)(byte / 128) << lane;
      }
      for (int group = 0; group < 9; ++group) {
        const uint8_t* const three = &circuit.tables[27 * n + 3 * group];
        tables_[9 * block + group].bytes[lane] = three[0] | three[1] << 2 | three[2] << 4;
      }
    }
  }

  void tick() {
    const Plane& now = planes_[turn_];
    Plane& next = planes_[turn_ ^= 1];
    __m512i low[4], high[4];
    for (int i = 0; i < 4; ++i) {
      low[i] = _mm512_load_si512(now.low + 8 * i);
      high[i] = _mm512_load_si512(now.high + 8 * i);
    }
    const __m512i first = _mm512_set1_epi8(1), second = _mm512_set1_epi8(2);
    for (size_t block = 0; block < blocks_; ++block) {
      __mmask64 is1[3], is2[3];
      for (int k = 0; k < 3; ++k) {
        const Wires& wires = wires_[3 * block + k];
        const __m512i byte = _mm512_load_si512(wires.bytes), shift = _mm512_load_si512(wires.shifts);
        const __mmask64 upper = upper_[3 * block + k];
        is1[k] = _mm512_test_epi8_mask(_mm512_multishift_epi64_epi8(shift, gathered(low, byte, upper)), first);
        is2[k] = _mm512_test_epi8_mask(_mm512_multishift_epi64_epi8(shift, gathered(high, byte, upper)), first);
      }
      const Row* const tables = &tables_[9 * block];
      const auto chosen = [](__m512i a, __m512i b, __m512i c, __mmask64 one, __mmask64 two) {
        return _mm512_mask_mov_epi8(_mm512_mask_mov_epi8(a, one, b), two, c);
      };
      __m512i group[3];
      for (int c = 0; c < 3; ++c)
        group[c] = chosen(_mm512_load_si512(tables[3 * c].bytes), _mm512_load_si512(tables[3 * c + 1].bytes),
                          _mm512_load_si512(tables[3 * c + 2].bytes), is1[1], is2[1]);
      const __m512i three = chosen(group[0], group[1], group[2], is1[2], is2[2]);
      const __m512i digit =
          chosen(three, _mm512_srli_epi16(three, 2), _mm512_srli_epi16(three, 4), is1[0], is2[0]);
      next.low[block] = _mm512_test_epi8_mask(digit, first);
      next.high[block] = _mm512_test_epi8_mask(digit, second);
    }
  }

  int value(int neuron) const {
    const Plane& now = planes_[turn_];
    return (int)(now.low[0] >> neuron & 1) | (int)(now.high[0] >> neuron & 1) << 1;  // of the first 64
  }

 private:
  struct alignas(64) Row {
    uint8_t bytes[64] = {};
  };
  struct alignas(64) Wires {
    uint8_t bytes[64] = {}, shifts[64] = {};
  };
  struct alignas(64) Plane {
    uint64_t low[32] = {}, high[32] = {};
  };

  static __m512i gathered(const __m512i* plane, __m512i byte, __mmask64 upper) {
    return _mm512_mask_blend_epi8(upper, _mm512_permutex2var_epi8(plane[0], byte, plane[1]),
                                  _mm512_permutex2var_epi8(plane[2], byte, plane[3]));
  }

  size_t blocks_;
  int turn_ = 0;
  Plane planes_[2];
  Wires wires_[3 * 32];
  uint64_t upper_[3 * 32] = {};
  Row tables_[9 * 32];
};
#endif

// Targets (trits) to be said in order, in frames of `window` that move on while at most a third is wrong.
struct Frames {
  const int8_t* targets;
  int64_t window, cap, max_ticks;
};

constexpr int32_t kEndless = 2147483647;

// Runs a machine from a frame on: the last shift, the errors there, the ticks, and how many trits were said.
template <class Machine>
void rate(Machine& machine, const Frames& frames, int64_t shift, int32_t* out) {
  std::vector<uint8_t> wrong(frames.window + frames.cap);
  int64_t ticks = 0, said = 0, error = 0;
  bool ended = false;
  while (!ended && ticks < frames.max_ticks - 1) {
    machine.tick();
    ++ticks;
    if (machine.value(0) == 2) continue;
    const int trit = 1 - (machine.value(1) + 2) % 3;  // digits 0, 1, 2 -> -1, +1, 0
    wrong[said] = trit != frames.targets[said];
    error += said >= shift && wrong[said];
    if (++said != shift + frames.window) continue;
    ended = error > frames.window / 3 || shift == frames.cap;
    if (!ended) error -= wrong[shift++];
  }
  out[0] = (int32_t)shift;
  out[1] = ended ? (int32_t)error : kEndless;
  out[2] = (int32_t)ticks;
  out[3] = (int32_t)said;
}

}  // namespace tejax

#endif  // TEJAX_CIRCUIT_H_
