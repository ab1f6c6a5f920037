"""Credit from perturbed sums in NumPy loops and Python's own integers, neuron by neuron."""

import numpy as np

FINE, DIGITS = 4, 2**11


def ternary(sums, zone=0):
    return (sums > zone).astype(np.int64) - (sums < -zone).astype(np.int64)


def of_outputs(outputs, y, loss):
    """16 times the loss with an output one lower, minus that with it one higher."""
    found = np.zeros(outputs.shape, np.int64)
    for sample, label in enumerate(y):
        for place in range(outputs.shape[1]):
            step = np.eye(outputs.shape[1], dtype=np.int64)[place]
            found[sample, place] = loss(outputs[sample] - step, label) - loss(outputs[sample] + step, label)
    return found << FINE


def exact(trits, readout, bias, y, loss):
    """The loss with a trit at -1 minus that with it at +1, everything computed again."""
    found = np.zeros(trits.shape, np.int64)
    for sample, label in enumerate(y):
        for place in range(trits.shape[1]):
            for value in (-1, 1):
                row = trits[sample].astype(np.int64).copy()
                row[place] = value
                found[sample, place] -= value * loss(readout.astype(np.int64) @ row + bias, label)
    return found


def nearness(sums, zone, amplitude):
    """How likely noise brings each sum over its threshold, in sixteenths."""
    size = np.abs(sums.astype(np.int64)).reshape(len(sums), -1)
    mean = sum(int(row.sum()) // row.size for row in size) // len(size)
    furthest = 1 + (mean * round(amplitude * 16) >> FINE)
    near = [[16 * max(furthest - abs(int(each) - zone), 0) // furthest for each in row] for row in size]
    return np.array(near).reshape(sums.shape)


def layer(difference, x, constants, limit, reach=1):
    """The credit of weights [O, F] and of constant inputs [O, C]."""
    widest = (limit << FINE + 1).bit_length() - DIGITS.bit_length() + 1
    halved = max(0, min(FINE, widest))
    rows = len(difference)
    while (rows * DIGITS * reach) >> halved >= 2**31:
        halved += 1
    digits = np.clip((difference + (1 << halved >> 1)) >> halved, 1 - DIGITS, DIGITS - 1)
    weights = digits.T @ x.astype(np.int64)
    bias = np.zeros((difference.shape[1], constants), np.int64)
    for sample in range(rows if constants else 0):
        bias[:, sample % constants] += digits[sample]
    return weights, bias


def stepped(base, credit, count):
    """At most `count` trits one step on, those with the most credit against them."""
    way = np.sign(credit)
    size = np.where(base * way < 1, np.abs(credit), 0)
    low, high = 0, int(size.max())
    for _ in range(12):
        middle = low + (high - low) // 2
        low, high = (middle, high) if (size > middle).sum() > count else (low, middle)
    return base + np.where(size > high, way, 0)
