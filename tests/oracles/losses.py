"""Losses in float64 and Python integers."""

import numpy as np


def cross_entropy(outputs, label, temperature):
    """-log2 softmax of powers of two, in bits, for one sample."""
    numbers = [int(value) for value in outputs]
    highest = max(numbers)
    scaled = np.array([value - highest for value in numbers], np.float64) * temperature[1] / temperature[0]
    return float(np.log2(np.sum(2.0**scaled)) - scaled[label])


def margin(outputs, label, limit):
    numbers = [int(value) for value in outputs]
    lead = numbers[label] - max(value for place, value in enumerate(numbers) if place != label)
    return limit - max(-limit, min(limit, lead))


def wrong(outputs, label):
    numbers = [int(value) for value in outputs]
    return int(numbers.index(max(numbers)) != label)


def total(losses, limit):
    """The sum, every loss halved until B * limit fits an int32."""
    halvings = 0
    while (len(losses) * limit) >> halvings >= 2**31:
        halvings += 1
    return sum(int(loss) >> halvings for loss in losses)
