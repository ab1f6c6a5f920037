"""The categorical strategy in NumPy loops and Python's own integers."""

import math

import numpy as np

ONE = 2**24


def utilities(fitness):
    """Worse individuals less better ones."""
    return [sum(int(other < mine) - int(other > mine) for other in fitness) for mine in fitness]


def draw(numbers, up, down):
    """16-bit numbers [n] and the probabilities of +1 and -1 -> trits and their mirror image."""

    def trit(number, up, down):
        if number < down >> 8:
            return -1
        return 1 if number >= 2**16 - (up >> 8) else 0

    rows = [numbers, [2**16 - 1 - int(number) for number in numbers]]
    return np.array([[trit(int(w), int(u), int(d)) for w, u, d in zip(row, up, down, strict=True)] for row in rows])


def move(up, down, members, fitness, step, floor):
    """The probabilities of +1 and -1 [n] after a generation with members [P, n]; step and floor are float32."""
    votes, population = utilities(fitness), len(fitness)
    spread = math.sqrt(population * (population**2 - 1) / 3)
    halvings = max(0, math.floor(math.log2(spread)) - 11)
    factor = int(np.float32(step) * np.float32(ONE / spread * 2**halvings))
    least = int(np.float32(floor) * np.float32(ONE))
    after = []
    for place in range(members.shape[1]):
        three = [int(up[place]), int(down[place])]
        for side, value in enumerate((1, -1)):
            total = sum(vote for vote, member in zip(votes, members[:, place], strict=True) if member == value)
            moved = math.floor((total + 2**halvings // 2) / 2**halvings) * factor
            three[side] += max(-ONE // 4, min(ONE // 4, moved))
        three.append(ONE - sum(three))
        three = [max(each, least) for each in three]
        three[three.index(max(three))] -= sum(three) - ONE
        assert sum(three) == ONE
        assert min(three) >= least
        after.append(three[:2])
    return np.array(after).T


def mode(up, down):
    """The most probable value; of equals 0, then +1."""
    shares = [{0: ONE - int(u) - int(d), 1: int(u), -1: int(d)} for u, d in zip(up, down, strict=True)]
    return np.array([max(share, key=share.get) for share in shares])
