"""Networks with a state, and convolutions: one sample, one neuron, one synapse at a time, in Python integers."""

import numpy as np


def _sums(layer, seen):
    weights, bias = (np.asarray(leaf).astype(int) for leaf in layer)
    return [
        sum(int(w) * int(s) for w, s in zip(row, seen, strict=True)) + int(constant.sum())
        for row, constant in zip(weights, bias, strict=True)
    ]


def _trit(total, dead_zone):
    return 0 if abs(total) <= dead_zone else (1 if total > 0 else -1)


def tick(cell, seen, state, dead_zone):
    candidate = [_trit(total, dead_zone) for total in _sums(cell.candidate, seen)]
    if cell.gate is None:
        return candidate
    gate = _sums(cell.gate, seen)
    return [new if opened > 0 else old for new, old, opened in zip(candidate, state, gate, strict=True)]


def recurrent(genome, sequence, neurons, ticks, dead_zone):
    """The outputs [T, O] of one sequence [T, F]."""
    state, outputs = [0] * neurons, []
    for x in sequence:
        for _ in range(ticks):
            state = tick(genome.cell, [*x, *state], state, dead_zone)
        outputs.append(_sums(genome.readout, state))
    return np.array(outputs)


def conv(genome, image, kernel, stride, pool, dead_zone):
    """The outputs [O] of one image [C, H, W]."""
    before = (kernel - 1) // 2
    for layer in genome.stages:
        channels, height, width = image.shape
        places = [(down, right) for down in range(0, height, stride) for right in range(0, width, stride)]
        rows, columns = -(-height // stride), -(-width // stride)
        sums = np.zeros((len(layer.weights), rows, columns), int)
        for place, (down, right) in enumerate(places):
            seen = [
                image[c, down + i - before, right + j - before]
                if 0 <= down + i - before < height and 0 <= right + j - before < width
                else 0
                for c in range(channels)
                for i in range(kernel)
                for j in range(kernel)
            ]
            sums[:, place // columns, place % columns] = _sums(layer, seen)
        zone = int(dead_zone * (channels * kernel**2 * pool**2) ** 0.5)
        image = np.array(
            [
                [
                    [
                        _trit(int(plane[i * pool : (i + 1) * pool, j * pool : (j + 1) * pool].sum()), zone)
                        for j in range(columns // pool)
                    ]
                    for i in range(rows // pool)
                ]
                for plane in sums
            ]
        )
    return np.array(_sums(genome.readout, image.reshape(-1)))


def cellular(genome, places, cells, neurons, ticks, neighbours, edge, dead_zone):
    """The outputs [cells] for inputs [planes, width]: every cell alone, from the states of the tick before."""
    states = [[0] * neurons for _ in range(cells)]
    width = len(places[0])
    for _ in range(ticks):
        after = []
        for at in range(cells):
            inside = at if at < width else (width - 1 if edge == "last" else None)
            seen = [0 if inside is None else int(plane[inside]) for plane in places]
            for distance in (0, *neighbours):
                seen += states[at + distance] if 0 <= at + distance < cells else [0] * neurons
            after.append(tick(genome.cell, seen, states[at], dead_zone))
        states = after
    return np.array([_sums(genome.readout, state)[0] for state in states])


def systolic(genome, sequence, streams, width, neurons, neighbours):
    """The outputs [T] of one sequence [T, F]: every cell alone, from the states of the step before."""
    states, outputs = [[-1] * neurons for _ in range(width)], []
    for x in sequence:
        after, heard = [], []
        for at in range(width):
            seen = [*x[:streams], *x[streams + at :: width]]
            for distance in (0, *neighbours):
                seen += states[at + distance] if 0 <= at + distance < width else [-1] * neurons
            for layer in genome.hidden:
                seen = [*seen, *(_trit(total, 0) for total in _sums(layer, seen))]
            after.append([_trit(total, 0) for total in _sums(genome.state, seen)])
            heard.append(_sums(genome.readout, seen)[0])
        states = after
        outputs.append(heard[0])
    return np.array(outputs)
