"""The low-rank strategy in NumPy loops and Python's own integers."""

import math

import numpy as np


def votes(rows, columns, fitness):
    """Probes rows [P, O, r], columns [P, r, F], each followed by its opposite -> the sum of what each pair says."""
    ranks = [sum(int(other < mine) - int(other > mine) for other in fitness) for mine in fitness]
    total = np.zeros((rows.shape[1], columns.shape[2]), object)
    for first in range(0, len(fitness), 2):
        change = rows[first].astype(int) @ columns[first].astype(int)
        total += change * (ranks[first] - ranks[first + 1])
    return total


def settle(base, kept, counted, population, rank, density, threshold):
    """The base and the votes [O, F] after a generation whose votes are `counted`; density, threshold: float32."""
    spread = math.sqrt(rank * population * (population**2 - 1) / 3)
    unit = np.float32(2**10 / spread) / np.float32(density)
    limit = int(np.float32(threshold) * np.float32(2**10 * math.sqrt(1 / (1 - (7 / 8) ** 2))))
    after, left = base.copy(), np.zeros(base.shape, np.int64)
    for place in np.ndindex(base.shape):
        old = int(kept[place])
        now = old - math.floor(old / 8) + int(np.float32(counted[place]) * unit)
        now = max(-(2**20), min(2**20, now))
        if abs(now) > limit:
            after[place] = max(-1, min(1, int(base[place]) + (1 if now > 0 else -1)))
        left[place] = now if after[place] == base[place] else 0
    return after, left
