"""The circle unit in loops: a ring is a list of neurons, each with its own list of weights."""

from dataclasses import dataclass, replace

CAPPED, ANSWERED, STILL = 0, 1, 2


@dataclass
class Neuron:
    weights: list
    skew: int = 0
    kind: int = 0  # -1 input, +1 output
    label: int = 0  # which input or output


def cut(neuron):
    """How many synapses belong to the neurons behind."""
    count = len(neuron.weights)
    return min(max(count // 2 - neuron.skew, 0), count)


def margins(ring, neuron):
    spare = len(neuron.weights) - (len(ring) - 1)
    return (spare - spare // 2, spare // 2) if spare >= 1 else (0, 0)


def sources(ring, seat):
    """For every synapse of a neuron the seat that it comes from, or None."""
    neuron, size = ring[seat], len(ring)
    front, rear = margins(ring, neuron)
    behind = [(seat - distance) % size for distance in range(cut(neuron) - front, 0, -1)]
    ahead = [(seat + distance) % size for distance in range(1, len(neuron.weights) - cut(neuron) - rear + 1)]
    row = [None] * front + behind + ahead + [None] * len(neuron.weights)
    return row[: len(neuron.weights)]


def settle(ring, x, max_ticks):
    """(values, outputs, ticks, reason)"""
    values = [int(x[neuron.label]) if neuron.kind == -1 else 0 for neuron in ring]
    outputs = sorted((neuron.label, seat) for seat, neuron in enumerate(ring) if neuron.kind == 1)
    wiring = [sources(ring, seat) for seat in range(len(ring))]
    ticks, reason = 0, CAPPED
    while ticks < max_ticks and reason == CAPPED:
        ticks += 1
        before = list(values)
        for seat, neuron in enumerate(ring):
            pairs = zip(wiring[seat], neuron.weights, strict=True)
            total = sum(weight * before[source] for source, weight in pairs if source is not None)
            values[seat] = (total > 0) - (total < 0)
        if values == before:
            reason = STILL
        elif all(values[seat] for _, seat in outputs):
            reason = ANSWERED
    return values, [values[seat] for _, seat in outputs], ticks, reason


def choices(ring):
    """Pairs (seat, slot) of all synapses but the margins."""
    pairs = []
    for seat, neuron in enumerate(ring):
        front, rear = margins(ring, neuron)
        pairs += [(seat, slot) for slot in range(front, len(neuron.weights) - rear)]
    return pairs


def change(ring, pick, way):
    """The ring after one change; the same neurons are not shared with the ring that was given."""
    ring = [replace(neuron, weights=list(neuron.weights)) for neuron in ring]
    seat, slot = choices(ring)[pick]
    neuron = ring[seat]
    if abs(neuron.weights[slot] + way) <= 1:
        neuron.weights[slot] += way
        if neuron.kind == 0 and not any(neuron.weights):
            del ring[seat]
        return ring
    steps = slot - cut(neuron)
    model = ring[(seat + steps + (steps >= 0)) % len(ring)]
    ring.insert(seat + 1, Neuron(list(model.weights), model.skew))
    return ring
