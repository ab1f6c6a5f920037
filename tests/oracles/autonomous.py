"""The autonomous network of look-up tables, its changes, its rating and its walk, in loops over digits 0, 1, 2."""

import numpy as np

INFINITE = 4294967295
UNKNOWN = 2
PARTS = {1: "start", 2: "wiring", 3: "lines"}


def tick(lines, wiring, values):
    """The values of all neurons after one tick."""
    sources = values[wiring].astype(int)
    return lines[np.arange(len(values)), sources @ np.array([1, 3, 9])]


def rollout(genome, roles, targets, window, max_ticks, shift):
    """Grades one frame from the very start -> (errors or INFINITE, ticks, what was said, the tick of each)."""
    (start, wiring, lines), (control, output) = genome, roles
    values, said, when, ticks, error = start.copy(), [], [], 0, 0
    while len(said) < shift + window:
        if ticks + 1 >= max_ticks:
            return INFINITE, ticks, said, when
        ticks, values = ticks + 1, tick(lines, wiring, values)
        if values[control] != UNKNOWN:
            error += len(said) >= shift and values[output] != targets[len(said)]
            said.append(int(values[output]))
            when.append(ticks)
    return int(error), ticks, said, when


def rate(genome, roles, targets, window, max_ticks, cap, shift):
    """All frames from `shift` on -> a list of (shift, errors, ticks, emissions), the last of them the rating."""
    frames = []
    while True:
        error, ticks, said, _ = rollout(genome, roles, targets, window, max_ticks, shift)
        frames.append((shift, error, ticks, len(said)))
        if error > window // 3 or shift == cap:
            return frames
        shift += 1


def change(genome, mode, word):
    """Changes `genome` in place -> (the flat place, the value before, the value after)."""
    word, neurons = int(word), len(genome[0])
    part = genome[mode - 1].reshape(-1)  # a view
    if mode == 2:
        place, after = word % (3 * neurons), word // (3 * neurons) % neurons
        before = int(part[place])
        after = (after + 1) % neurons if after == before else after
    else:
        place = (word >> 1) % len(part)
        before = int(part[place])
        after = (before + 1 + (word & 1)) % 3
    part[place] = after
    return place, before, after


def walk(genome, roles, targets, window, max_ticks, cap, shift, mode, words, explore):
    """(best, its rating, every step as (rating, accepted, recorded)); ratings are (shift, errors)."""

    def rated(genome, shift):
        return rate(genome, roles, targets, window, max_ticks, cap, shift)[-1][:2]

    def better(a, b):
        return a[0] > b[0] if a[0] != b[0] else a[1] < b[1]

    def copied(genome):
        return tuple(leaf.copy() for leaf in genome)

    genome = copied(genome)
    current = rated(genome, shift)
    shift, best, kept, steps = current[0], current, copied(genome), []
    for step, row in enumerate(words):
        before = copied(genome)
        for word in row:
            change(genome, mode, word)
        found = rated(genome, shift)
        valid = found[1] != INFINITE
        accepted = valid and (found[1] >= current[1] if step < explore else not better(current, found))
        if accepted:
            current, shift = found, found[0]
        else:
            genome = before
        recorded = step >= explore and current[1] != INFINITE and not better(best, current)
        if recorded:
            best, kept = current, copied(genome)
        steps.append((found, accepted, recorded))
    return kept, best, steps
