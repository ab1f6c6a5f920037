"""A perceptron of trits as C for 32 samples at once: a word is one bit of a number in each of them.

Whole numbers from -L to L are stored as unsigned ones, plus L, a word a bit; so are their negatives. A weight of +1
adds the first to a counter of bits, a weight of -1 the second, by the logic of a full adder, and what L has added is
taken off at the end. A weight of 0 adds nothing. (Vertical counters; bit slicing goes back to Biham 1997.)
"""

import itertools
import math
from typing import Any

import numpy as np

__all__ = ["SAMPLES", "operations", "sliced"]

SAMPLES = 32  # bits of a word
FRAME = """\
#include "net.h"

/* Row s of x is sample s. */
void network(const int8_t *x, int32_t *y)
{{
    uint32_t plain0[{fan_in} * {bits}], minus0[{fan_in} * {bits}];
    for (int i = 0; i < {fan_in}; i++) {{
        uint32_t *u = plain0 + {bits} * i, *v = minus0 + {bits} * i, borrow = 0;
        for (int k = 0; k < {bits}; k++)
            u[k] = 0;
        for (int s = 0; s < 32; s++) {{
            uint32_t number = (uint32_t)(x[s * {fan_in} + i] + {levels});
            for (int k = 0; k < {bits}; k++)
                u[k] |= (number >> k & 1) << s;
        }}
        for (int k = 0; k < {bits}; k++) {{
            uint32_t bit = 0u - ({twice}u >> k & 1);
            v[k] = bit ^ u[k] ^ borrow;
            borrow = (~bit & u[k]) | (~(bit ^ u[k]) & borrow);
        }}
    }}
{steps}}}
"""
NEURONS = """\
    for (int o = 0; o < {neurons}; o++) {{
        uint32_t {zeros};
        const uint32_t *w = w{place} + o * {stride};
        for (int i = 0; i < {fan_in}; i++) {{
            uint32_t here = 1u << i % 32;
            if (w[i / 32 * 2] & here) {{
                const uint32_t *u = (w[i / 32 * 2 + 1] & here ? minus{place} : plain{place}) + {bits} * i;
                uint32_t carry, both, next;
{added}            }}
        }}
"""
BELOW = "        {name} = (~s{k} & (0u - ({limit} >> {k} & 1u))) | (~(s{k} ^ (0u - ({limit} >> {k} & 1u))) & {name});\n"
HIDDEN = """\
        uint32_t high = t{place}[2 * o], low = t{place}[2 * o + 1], small = 0, negative = 0;
{compared}        plain{next}[2 * o] = minus{next}[2 * o] = small & ~negative;
        plain{next}[2 * o + 1] = ~small;
        minus{next}[2 * o + 1] = negative;
    }}
"""
OUTPUT = """\
        for (int s = 0; s < 32; s++)
            y[s * {neurons} + o] = (int32_t)({total}) - t{place}[o];
    }}
"""


def sliced(network: Any, genome: Any) -> tuple[str, str]:
    """Header and code of `void network(const int8_t x[32 * inputs], int32_t y[32 * outputs])`, for an MLP."""
    tables, steps, levels = [], [], network.levels
    sizes = network.features
    for place, (fan_in, neurons) in enumerate(itertools.pairwise(sizes)):
        weights, bias = np.asarray(genome[place].weights), np.asarray(genome[place].bias, np.int64).sum(axis=1)
        bits, wide = _bits(levels), _counter(fan_in, levels)
        base = levels * np.count_nonzero(weights, axis=1) - bias  # the counter where the sum is 0
        tables.append(f"static const uint32_t w{place}[] = {{{_numbers(_words(weights))}}};")
        form = {"place": place, "next": place + 1, "fan_in": fan_in, "neurons": neurons, "bits": bits}
        zeros = ", ".join(f"s{k} = 0" for k in range(wide))
        step = NEURONS.format(**form, zeros=zeros, stride=2 * -(-fan_in // 32), added=_added(bits, wide))
        if place < len(sizes) - 2:
            zone = network.zones[place]
            limits = np.clip(np.stack([base + zone + 1, base - zone], axis=1), 0, 2**wide - 1)
            tables.append(f"static const uint16_t t{place}[] = {{{_numbers(limits)}}};")
            pairs = (("small", "high"), ("negative", "low"))
            compared = "".join(BELOW.format(name=name, limit=limit, k=k) for k in range(wide) for name, limit in pairs)
            steps += [f"    uint32_t plain{place + 1}[{2 * neurons}], minus{place + 1}[{2 * neurons}];\n", step]
            steps.append(HIDDEN.format(**form, compared=compared))
        else:
            tables.append(f"static const int16_t t{place}[] = {{{_numbers(base)}}};")
            total = " | ".join(f"(s{k} >> s & 1) << {k}" for k in range(wide))
            steps += [step, OUTPUT.format(**form, total=total)]
        levels = 1
    form = {"fan_in": sizes[0], "bits": _bits(network.levels), "levels": network.levels, "twice": 2 * network.levels}
    frame = FRAME.format(**form, steps="".join(steps))
    first, rest = frame.split("\n", 1)
    header = "#include <stdint.h>\nvoid network(const int8_t *x, int32_t *y);\n"
    return header, "\n".join([first, "", *tables, rest])


def operations(network: Any, genome: Any) -> int:
    """Bitwise operations of a sample: those of the counters, and of the inputs' bits."""
    levels, total = network.levels, 0
    for place, fan_in in enumerate(network.features[:-1]):
        bits, nonzero = _bits(levels), int(np.count_nonzero(np.asarray(genome[place].weights)))
        total += nonzero * (5 * bits + 2 * (_counter(fan_in, levels) - bits))
        levels = 1
    return total // SAMPLES + 4 * network.features[0] * _bits(network.levels)


def _bits(levels: int) -> int:
    """Of a number from 0 to twice the levels."""
    return (2 * levels).bit_length()


def _counter(fan_in: int, levels: int) -> int:
    """Bits of a counter that holds the sum of so many numbers, and one more."""
    return math.ceil(math.log2(2 * levels * fan_in + 2))


def _added(bits: int, wide: int) -> str:
    """The statements that add a number to the counter."""
    lines = ["carry = s0 & u[0], s0 ^= u[0];"]
    for k in range(1, bits):
        lines.append(f"both = s{k} ^ u[{k}];")
        lines.append(f"next = (s{k} & u[{k}]) | (both & carry), s{k} = both ^ carry, carry = next;")
    lines += [f"both = s{k} & carry, s{k} ^= carry, carry = both;" for k in range(bits, wide)]
    return "".join(f"                {line}\n" for line in lines)


def _words(weights: np.ndarray) -> np.ndarray:
    """Trits [O, F] as pairs of words (not zero, negative) [O, ceil(F / 32), 2]."""
    rows, fan_in = weights.shape
    planes = np.zeros((2, rows, -(-fan_in // 32) * 32), bool)
    planes[:, :, :fan_in] = weights != 0, weights < 0
    words = np.packbits(planes, axis=-1, bitorder="little").view("<u4")
    return np.moveaxis(words, 0, -1)


def _numbers(values: np.ndarray) -> str:
    return ", ".join(map(str, values.reshape(-1).tolist()))
