"""The network of look-up tables, its mutation and its score, in loops over single neurons and digits 0, 1, 2."""

INFINITE = 4294967295
UNKNOWN = 2


def tick(tables, sources, inputs, values):
    """The values of all neurons after one tick."""
    after = list(values)
    for neuron, (a, b, c) in enumerate(sources):
        if neuron not in inputs:
            after[neuron] = int(tables[neuron][values[a] + 3 * values[b] + 9 * values[c]])
    return after


def run(tables, sources, inputs, signal, rows, max_ticks):
    """One window, rows [W][F] -> (values after each tick, the first before it; was a row fed; did it finish)."""
    values, fed = [UNKNOWN] * len(sources), 0
    history, feeds = [list(values)], []
    for _ in range(max_ticks):
        asks = values[signal] == UNKNOWN
        if asks and fed == len(rows):
            return history, feeds, True
        for place, neuron in enumerate(inputs):
            values[neuron] = int(rows[fed][place]) if asks else UNKNOWN
        fed += asks
        feeds.append(int(asks))
        values = tick(tables, sources, inputs, values)
        history.append(list(values))
    return history, feeds, False


def score(tables, sources, inputs, output, signal, x, y, window, max_ticks):
    """(failures, ticks of each window, predictions); -1 and 255 where a window was not run or not answered."""
    windows = len(x) - window
    ticks, predicted, failures = [-1] * windows, [255] * windows, 0
    for start in range(windows):
        history, feeds, finished = run(tables, sources, inputs, signal, x[start : start + window], max_ticks)
        ticks[start] = len(feeds)
        if not finished:
            return INFINITE, ticks, predicted
        predicted[start] = history[-1][output]
        failures += predicted[start] != y[start + window]
    return failures, ticks, predicted


def mutate(tables, word, updated):
    """Changes `tables` in place -> (neuron, line, digit before, digit after)."""
    place = (int(word) >> 1) % (len(updated) * 27)
    neuron, line = updated[place // 27], place % 27
    before = int(tables[neuron][line])
    tables[neuron][line] = (before + 1 + (int(word) & 1)) % 3
    return neuron, line, before, int(tables[neuron][line])
