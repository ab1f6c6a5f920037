"""A network that reads bytes, in NumPy loops and Python's own integers."""

import numpy as np


def run(network, genome, texts, state=None):
    """What every step sums, sees and answers: sums, seen, trits [B, T, N], outputs [B, T, O] and the last state.

    genome: (tables, memory weights, memory bias, readout weights, readout bias), integers of any size.
    """
    tables, weights, bias, readout, outer = (np.asarray(leaf, np.int64) for leaf in genome)
    neurons, found = weights.shape[0], []
    for row, text in enumerate(texts):
        line = [0] * (network.context - 1) if state is None else [int(byte) for byte in state[0][row]]
        traces = np.zeros(neurons, np.int64) if state is None else np.asarray(state[1][row], np.int64)
        for byte in text:
            line = [int(byte), *line]
            seen = np.where(np.abs(traces) > network.threshold, np.sign(traces), 0)
            sums = weights @ seen + bias.sum(axis=1)
            for delay, each in enumerate(line[: network.context]):
                sums = sums + network.weight * tables[each, delay * neurons : (delay + 1) * neurons]
            line = line[: network.context - 1]
            trits = np.sign(sums)
            traces = np.clip(traces - (traces >> network.fade) + network.step_size * trits, -127, 127)
            found.append((sums, seen, trits, readout @ trits + outer.sum(axis=1), np.array(line), traces))
    shape = len(texts), len(texts[0])
    sums, seen, trits, outputs, lines, traces = (
        np.stack(each).reshape(*shape, -1) for each in zip(*found, strict=True)
    )
    return sums, seen, trits, outputs, (lines[:, -1], traces[:, -1])
