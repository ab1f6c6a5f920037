"""The ring by hand: one neuron, one synapse at a time; a ring is lists of weights [P][K], kinds [P] and values [P]."""

import copy
import dataclasses

import numpy as np

INPUT, OUTPUT, EVOLUTION = 1, 2, 3


@dataclasses.dataclass
class Ring:
    weights: list  # rows of K trits
    kinds: list
    values: list
    capped: bool

    @property
    def population(self):
        return len(self.kinds)

    @property
    def half(self):
        return len(self.weights[0]) // 2

    def slot(self, offset):
        return self.half + offset if offset < 0 else self.half + offset - 1

    def window(self):
        """How far synapses reach to the left and to the right."""
        slots = 2 * self.half
        active = min(slots, self.population - 1) if self.capped else slots
        return -(-active // 2), active // 2

    def reach(self):
        left, right = self.window()
        return [offset for offset in range(-left, right + 1) if offset]

    def mutual(self):
        left, right = self.window()
        return [offset for offset in self.reach() if -left <= -offset <= right]

    def bounds(self):
        left, right = self.window()
        return self.half - left, self.half + right


def make(weights, kinds, values=None, capped=True):
    rows = [[int(weight) for weight in row] for row in weights]
    values = [0] * len(rows) if values is None else [int(value) for value in values]
    return Ring(rows, [int(kind) for kind in kinds], values, capped)


def tick(ring, values, hold):
    """What every neuron sends along its synapses, added up where it arrives."""
    sums = [0] * ring.population
    for source, value in enumerate(values):
        for offset in ring.reach():
            sums[(source + offset) % ring.population] += ring.weights[source][ring.slot(offset)] * value
    signs = [max(-1, min(1, total)) for total in sums]
    return [old if hold and kind == INPUT else new for old, new, kind in zip(values, signs, ring.kinds, strict=True)]


def settle(ring, values, hold, most):
    """The values after every tick (the first row: before), and the reason why the last was the last."""
    rows = [list(values)]
    for _ in range(most):
        rows.append(tick(ring, rows[-1], hold))
        answered = all(value != 0 for value, kind in zip(rows[-1], ring.kinds, strict=True) if kind == OUTPUT)
        reason = answered + 2 * (rows[-1] == rows[-2])
        if reason:
            return rows, reason
    return rows, 0


def start(ring, x, constant=0):
    fed = iter([*x, *[1] * constant])
    return [int(next(fed)) if kind == INPUT else 0 for kind in ring.kinds]


def outputs(ring, values):
    return [value for value, kind in zip(values, ring.kinds, strict=True) if kind == OUTPUT]


def insert(ring, neuron, slot):
    old_reach, weight = ring.reach(), ring.weights[neuron][slot]
    new, place = copy.deepcopy(ring), neuron + 1
    new.weights.insert(place, [0] * (2 * ring.half))
    new.kinds.insert(place, EVOLUTION)
    new.values.insert(place, ring.values[neuron])
    first, end = new.bounds()
    if slot >= ring.half:
        new.weights[place][slot] = weight
    elif slot > first:
        new.weights[place][slot - 1] = weight
    for offset in old_reach:
        row = new.weights[(place + offset) % new.population]
        sees = ring.slot(-offset)
        if offset < 0:
            for other in range(end - 1, sees - 1, -1):
                row[other] = row[other - 1]
            if offset == -1:
                row[sees] = 0
        else:
            for other in range(first, sees):
                row[other] = row[other + 1]
    return new


def remove(ring, neuron):
    new = copy.deepcopy(ring)
    first, end = ring.bounds()
    for offset in ring.mutual():
        row = new.weights[(neuron + offset) % ring.population]
        sees = ring.slot(-offset)
        if sees >= ring.half:
            for other in range(sees, end - 1):
                row[other] = row[other + 1]
            row[end - 1] = 0
        else:
            for other in range(sees, first, -1):
                row[other] = row[other - 1]
            row[first] = 0
    for column in (new.weights, new.kinds, new.values):
        del column[neuron]
    return new


def redundant(ring, neuron):
    if ring.kinds[neuron] != EVOLUTION:
        return False
    leaving = [ring.weights[neuron][ring.slot(offset)] for offset in ring.reach()]
    arriving = [ring.weights[(neuron + offset) % ring.population][ring.slot(-offset)] for offset in ring.mutual()]
    return not any(leaving) or not any(arriving)


def clean(ring):
    while marked := [neuron for neuron in range(ring.population) if redundant(ring, neuron)]:
        for already, neuron in enumerate(marked):
            ring = remove(ring, neuron - already)
    return ring


def pick(ring, word):
    """Neuron, slot and the lowest bit of a 64-bit word."""
    left, right = ring.window()
    neuron, place = divmod((int(word) >> 1) % (ring.population * (left + right)), left + right)
    return neuron, place + ring.bounds()[0], int(word) & 1


def change(ring, neuron, slot, up):
    new = ring.weights[neuron][slot] + (1 if up else -1)
    if abs(new) > 1:
        return insert(ring, neuron, slot)
    changed = copy.deepcopy(ring)
    changed.weights[neuron][slot] = new
    return changed


def mutate(ring, word):
    return clean(change(ring, *pick(ring, word)))


def flip_code(codes, word):
    """Codes [N, K] of a fixed ring with one bit flipped."""
    neuron, slot, high = pick(make(codes, [EVOLUTION] * len(codes)), word)
    flipped = np.array(codes)
    flipped[neuron, slot] ^= 2 if high else 1
    return flipped


def decode(codes):
    return [[(0, 1, -1, 0)[code] for code in row] for row in codes]


def place(population, *drawn):
    """Kinds from position words: `drawn` are pairs (words, kind), all from one list of free positions."""
    free, kinds = list(range(population)), [INPUT] * population
    for words, kind in drawn:
        for word in words:
            at = int(word) % len(free)
            kinds[free[at]] = kind
            free[at] = free[-1]
            del free[-1]
    return kinds


def weights_from_words(words, population, neighbors):
    """32 codes of 2 bits a word, lowest first: 0, 0, -1, +1."""
    codes = [(int(words[index // 32]) >> 2 * (index % 32)) & 3 for index in range(population * neighbors)]
    return np.array([(0, 0, -1, 1)[code] for code in codes], np.int8).reshape(population, neighbors)


def codes_from_bytes(packed, population, neighbors):
    """4 codes of 2 bits a byte, lowest first."""
    codes = [(int(packed[index // 4]) >> 2 * (index % 4)) & 3 for index in range(population * neighbors)]
    return np.array(codes, np.int8).reshape(population, neighbors)


def trits_from_words(words, count):
    return np.array([1 if (int(words[index // 64]) >> (index % 64)) & 1 else -1 for index in range(count)], np.int8)


def addition_pairs(inputs, outputs):
    """All pairs A, B, and their sums, as +-1 bits, lowest first."""
    width = inputs // 2
    numbers = range(-(2 ** (width - 1)), 2 ** (width - 1))

    def bits(number, count):
        return [1 if (number >> place) & 1 else -1 for place in range(count)]

    pairs = [(a, b) for a in numbers for b in numbers]
    x = [bits(a, width) + bits(b, width) for a, b in pairs]
    return np.array(pairs), np.array(x, np.int8), np.array([bits(a + b, outputs) for a, b in pairs], np.int8)


def score(ring, x, y, most, constant=0):
    """Right output bits over all rows."""
    total = 0
    for row, wanted in zip(x, y, strict=True):
        rows, _ = settle(ring, start(ring, row, constant), True, most)
        total += sum(got == want for got, want in zip(outputs(ring, rows[-1]), wanted, strict=True))
    return total
