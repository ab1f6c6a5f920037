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
