"""Rings of any kind for the tests of circle units: drawn, held by the oracle, and turned into arrays or live units."""

import os

import numpy as np
import pytest

from tejax.networks.circle import geometry
from tests.oracles.circle import Neuron

SEED = int(os.environ.get("TEJAX_SEED", "0"))
WIDTHS = [(1, 1), (2, 3), (14, 8)]  # inputs and outputs
LIMIT = 40  # ticks


def draw(rng, size, inputs, outputs, longest=200):
    """A ring: long rows and short ones, dense and sparse, skewed to both sides and beyond."""
    kinds = [(-1, label) for label in range(inputs)] + [(1, label) for label in range(outputs)]
    kinds += [(0, 0)] * (size - inputs - outputs)
    density = rng.choice([0.02, 0.2, 2 / 3, 1.0])
    ring = []
    for place in rng.permutation(size):
        count = int(rng.integers(1, rng.choice([2, 5, size + 2, longest + 1])))
        weights = np.where(rng.random(count) < density, rng.choice([-1, 1], count), 0)
        skew = int(rng.choice([0, rng.integers(-3, 4), rng.integers(-count, count + 1), rng.integers(-999, 1000)]))
        ring.append(Neuron(weights.tolist(), skew, *kinds[place]))
    return ring


def rings(count, sizes=(2, 60), longest=200):
    """Rings by the seed, in groups of the same widths: {(inputs, outputs): [ring]}."""
    groups = {widths: [] for widths in WIDTHS}
    for number in range(count):
        rng = np.random.default_rng([SEED, number])
        size = int(rng.integers(sizes[0], sizes[1] + 1))
        fitting = [widths for widths in WIDTHS if sum(widths) <= size]
        widths = fitting[number % len(fitting)]
        groups[widths].append(draw(rng, size, *widths, longest))
    return groups


def to_arrays(ring, neurons, synapses):
    """The ring as NumPy arrays, digit by digit."""
    weights = np.zeros((neurons, synapses), np.int8)
    numbers = np.zeros((3, neurons, geometry.DIGITS), np.int8)
    kinds, alive = np.zeros((2, neurons), np.int8)
    for seat, neuron in enumerate(ring):
        weights[seat, : len(neuron.weights)] = neuron.weights
        numbers[:, seat] = [balanced(value) for value in (len(neuron.weights), neuron.skew, neuron.label)]
        kinds[seat], alive[seat] = neuron.kind, 1
    return geometry.RingState(weights, *numbers, kinds, alive)


def balanced(value):
    """An integer in balanced ternary, the lowest digit first."""
    digits = []
    for _ in range(geometry.DIGITS):
        digit = (value + 1) % 3 - 1
        digits.append(digit)
        value = (value - digit) // 3
    assert value == 0
    return digits


def from_arrays(arrays):
    """The neurons of a ring of arrays; what lies beyond them must be 0."""
    size = int((arrays.alive == 1).sum())
    for leaf in arrays:
        assert not np.asarray(leaf)[size:].any()
    powers = 3 ** np.arange(geometry.DIGITS)
    neurons = []
    for seat in range(size):
        count, skew, label = (int(leaf[seat].astype(int) @ powers) for leaf in arrays[1:4])
        assert not arrays.weights[seat, count:].any()
        neurons.append(Neuron(arrays.weights[seat, :count].tolist(), skew, int(arrays.kinds[seat]), label))
    return neurons


def library():
    """aigarth-it, or a skipped test."""
    return pytest.importorskip("aigarth_it.itu_cl", reason="aigarth-it is not installed")


def to_live(ring, max_ticks=LIMIT):
    """A live unit of aigarth-it, made through its own constructors."""
    itu_cl = library()
    neurons = [itu_cl.AITClNeuron(list(neuron.weights), neuron.skew) for neuron in ring]
    ends = [
        [neurons[seat] for _, seat in sorted((one.label, seat) for seat, one in enumerate(ring) if one.kind == kind)]
        for kind in (-1, 1)
    ]
    unit = itu_cl.AigarthITUCl("test", *map(len, ends))
    unit._circle, unit._neurons_i, unit._neurons_o, unit.ff_cycle_cap = neurons, *ends, max_ticks
    return unit


def from_live(unit):
    """The neurons of a live unit."""
    roles = {id(neuron): (-1, label) for label, neuron in enumerate(unit._neurons_i)}
    roles |= {id(neuron): (1, label) for label, neuron in enumerate(unit._neurons_o)}
    return [
        Neuron(list(neuron.input_weights), neuron.input_skew, *roles.get(id(neuron), (0, 0))) for neuron in unit._circle
    ]
