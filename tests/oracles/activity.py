"""The statistics of activity and their score, tick by tick in Python's own integers."""

UNIT = 1_000_000
BANDS = [(350, 650), (300, 720), (800, 1200), (200, 750), (400, 1300), (0, 550)]
WEIGHTS = [10, 10, 15, 10, 10, 10]


def quotient(top, bottom):
    return top * UNIT // bottom if bottom else 0


def metrics(outputs, phase):
    """Outputs: a list of trits for each tick."""
    m, sums = len(outputs[0]), dict.fromkeys("apnckbezr", 0)
    ticks = [list(phase).count(kind) for kind in range(4)]
    for t, row in enumerate(outputs):
        active = sum(value != 0 for value in row)
        if phase[t] == 1:
            sums["a"] += active
            sums["p"] += sum(value > 0 for value in row)
            sums["n"] += sum(value < 0 for value in row)
            if t and phase[t - 1] == 1:
                before = outputs[t - 1]
                sums["c"] += m
                sums["e"] += sum(a == b for a, b in zip(row, before, strict=True))
                if any(before):
                    sums["b"] += active * UNIT // sum(value != 0 for value in before)
                    sums["k"] += 1
        sums["z"] += active if phase[t] == 2 else 0
        sums["r"] += active if phase[t] == 3 else 0
    fraction = quotient(sums["a"], m * ticks[1])
    return [
        quotient(sums["p"], sums["p"] + sums["n"]),
        fraction,
        sums["b"] // sums["k"] if sums["k"] else 0,
        quotient(sums["z"], m * ticks[2]),
        quotient(quotient(sums["r"], m * ticks[3]), fraction),
        quotient(sums["e"], sums["c"]),
    ]


def score(values, margins):
    total = 0
    for value, (low, high), weight in zip(values, BANDS, WEIGHTS, strict=True):
        low, high = 1000 * low, 1000 * high
        width, beyond = high - low, max(low - value, value - high, 0)
        total += weight * (0 if beyond >= width else 1000 * (width - beyond) // width)
        if margins and beyond == 0:
            half = width // 2
            total += weight * (1000 * (half - abs(value - (low + high) // 2)) // half)
    return total
