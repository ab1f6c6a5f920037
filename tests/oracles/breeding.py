"""Operators and the genetic strategy in NumPy loops, given the draws that the operator makes."""

import numpy as np


def flip(trits, touched, up):
    out = trits.copy()
    for place in map(tuple, np.argwhere(touched)):
        others = [value for value in (-1, 0, 1) if value != trits[place]]
        # a circle -1, 0, 1, -1, ...: up takes the next one, else the one before
        after = {-1: 0, 0: 1, 1: -1}[int(trits[place])]
        out[place] = after if up[place] else next(value for value in others if value != after)
    return out


def step(trits, touched, up):
    out = trits.copy()
    for place in map(tuple, np.argwhere(touched)):
        out[place] = max(-1, min(1, int(trits[place]) + (1 if up[place] else -1)))
    return out


def take_from(a, b, from_b, crossed):
    """Two lists of leaves and a list of masks -> the child's leaves."""
    if not crossed:
        return [leaf.copy() for leaf in a]
    children = [leaf.copy() for leaf in a]
    for child, leaf, mask in zip(children, b, from_b, strict=True):
        for place in np.ndindex(child.shape):
            if mask[place]:
                child[place] = leaf[place]
    return children


def span(leaves, low, high):
    """Masks that are true for the trits low to high - 1 of all leaves laid end to end."""
    masks, place = [], 0
    for leaf in leaves:
        mask = np.zeros(leaf.shape, bool)
        for index in np.ndindex(leaf.shape):
            mask[index] = low <= place < high
            place += 1
        masks.append(mask)
    return masks


def tournament(fitness, entrants):
    winner = int(entrants[0])
    for entrant in entrants[1:]:
        if fitness[entrant] > fitness[winner]:
            winner = int(entrant)
    return winner


def by_fitness(fitness):
    """Indices from the fittest down, the first of equals first."""
    return sorted(range(len(fitness)), key=lambda index: (-int(fitness[index]), index))


def lexicase(fitness, order, tickets):
    """fitness [P, C], the order of cases, a ticket for each individual: of those left, the highest ticket."""
    alive = list(range(len(fitness)))
    for case in order:
        best = max(fitness[index][case] for index in alive)
        alive = [index for index in alive if fitness[index][case] == best]
        if len(alive) == 1:
            break
    return max(alive, key=lambda index: (int(tickets[index]), -index))


def shares(fitness):
    """fitness [P, C] -> what each individual gains, case by case, over the mean gain, in sixteenths, rounded down."""
    sums = [0] * len(fitness)
    for case in zip(*fitness, strict=True):
        gains = [value - min(case) for value in case]
        gains = [gain >> max(0, max(gains).bit_length() - 8) for gain in gains]
        for member, gain in enumerate(gains):
            share = gain * 16 * len(gains) // max(1, sum(gains))
            sums[member] += min(share, (2**31 - 1) // len(fitness[0]))
    return sums


def majority(voters):
    """The most frequent trit at every place; of equally frequent ones 0, then +1."""
    answer = np.zeros(voters.shape[1:], np.int8)
    for place in np.ndindex(*voters.shape[1:]):
        counts = {trit: int((voters[(slice(None), *place)] == trit).sum()) for trit in (0, 1, -1)}
        answer[place] = max(counts, key=counts.get)  # the first of equals
    return answer
