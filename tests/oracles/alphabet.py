"""Trits and bits by hand: loops over single values."""

import numpy as np


def ternarize(sums, dead_zone=0):
    out = np.zeros(np.shape(sums), np.int8)
    for place, value in np.ndenumerate(sums):
        out[place] = 0 if abs(int(value)) <= dead_zone else (1 if value > 0 else -1)
    return out


def dot(x, w):
    return np.asarray(x).astype(np.int64) @ np.asarray(w).astype(np.int64).T


def pack(trits):
    """Bit planes (non-zero, negative): bit i of word j tells about trit 32 j + i of its row."""
    trits = np.asarray(trits)
    *rows, size = trits.shape
    nonzero, negative = np.zeros((2, *rows, -(-size // 32)), np.uint32)
    for place, trit in np.ndenumerate(trits):
        *row, column = place
        bit = np.uint32(1 << (column % 32))
        nonzero[(*row, column // 32)] |= bit * np.uint32(trit != 0)
        negative[(*row, column // 32)] |= bit * np.uint32(trit < 0)
    return nonzero, negative


def to_base3(trits):
    flat = [int(trit) for trit in np.asarray(trits).reshape(-1)]
    flat += [0] * (-len(flat) % 5)
    groups = [flat[start : start + 5] for start in range(0, len(flat), 5)]
    return np.array([sum((trit + 1) * 3**power for power, trit in enumerate(group)) for group in groups], np.uint8)


def words(seeds, size):
    """The counter-based hash in Python integers."""

    def mix(x):
        x = ((x ^ (x >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
        x = ((x ^ (x >> 15)) * 0x846CA68B) & 0xFFFFFFFF
        return x ^ (x >> 16)

    return [mix(mix(counter ^ int(seeds[0])) ^ int(seeds[1])) for counter in range(size)]


def mlp(genome, x, dead_zone):
    """One row at a time, one neuron at a time, one synapse at a time; genome: pairs (weights [O, F], bias [O, C])."""
    outputs = []
    for row in np.asarray(x):
        values = [int(value) for value in row]
        for depth, (weights, bias) in enumerate(genome):
            sums = []
            for synapses, constants in zip(np.asarray(weights), np.asarray(bias), strict=True):
                products = [int(weight) * value for weight, value in zip(synapses, values, strict=True)]
                sums.append(sum(products) + int(constants.astype(int).sum()))
            last = depth == len(genome) - 1
            zone = int(dead_zone * len(values) ** 0.5)
            values = sums if last else [0 if abs(total) <= zone else (1 if total > 0 else -1) for total in sums]
        outputs.append(values)
    return np.array(outputs)
