"""Units of aigarth-it to networks and genomes and back; and what is said where the package is not installed."""

import importlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks
from tejax.core import pytrees
from tejax.interop import aigarth
from tests.oracles.circle import Neuron
from tests.oracles.rings import LIMIT, from_arrays, from_live, library, rings, to_arrays, to_live

SMALL = [Neuron([1, 0], -5, kind=-1), Neuron([-1, 1, 1, 0], 1, kind=1), Neuron([1])]


@pytest.fixture
def unit():
    return to_live(SMALL)


def test_a_unit_comes_back_as_it_was():
    library()
    for (inputs, outputs), group in rings(24, sizes=(2, 12), longest=9).items():
        for ring in group:
            unit = to_live(ring)
            network, genome = aigarth.from_unit(unit, neurons=24, synapses=14)
            assert network == networks.Circle(inputs, outputs, 24, 14, max_ticks=LIMIT)
            assert from_arrays(jax.tree.map(np.asarray, genome)) == ring
            back = aigarth.to_unit(network, genome)
            assert from_live(back) == ring
            assert (back.meta.input_bitwidth, back.meta.output_bitwidth) == (inputs, outputs)
            assert back.ff_cycle_cap == LIMIT


def test_a_genome_comes_back_as_it_was():
    library()
    for widths, group in rings(12, sizes=(2, 12), longest=9).items():
        network = networks.Circle(*widths, 24, 14, max_ticks=LIMIT)
        for ring in group:
            genome = to_arrays(ring, 24, 14)
            again, other = aigarth.from_unit(aigarth.to_unit(network, genome), neurons=24, synapses=14)
            assert again == network
            assert pytrees.fingerprint(other) == pytrees.fingerprint(genome)


def test_the_addition_unit_of_the_package_keeps_its_class_and_its_history():
    library()
    from aigarth_it.icap import ITUClArithmeticAdditionIntI2x7O8

    unit = ITUClArithmeticAdditionIntI2x7O8()
    unit.mutate(1, "season")
    unit.ff_cycle_cap = 30
    network, genome = aigarth.from_unit(unit)
    assert (network.inputs, network.outputs, network.synapses) == (14, 8, 200)
    assert network.neurons == 2 * len(unit._circle)
    back = aigarth.to_unit(network, genome, like=unit)
    assert type(back) is type(unit)
    assert back.meta == unit.meta
    assert from_live(back) == from_live(unit)
    assert back._circle[0] is not unit._circle[0]
    assert back.reflect(-17, 45).trits == unit.reflect(-17, 45).trits
    # the package feeds the highest bit first, a then b
    feed = [1 if number >> bit & 1 else -1 for number in (-17, 45) for bit in range(6, -1, -1)]
    assert tuple(jax.jit(network.apply)(genome, jnp.int8(feed)).tolist()) == unit.reflect(-17, 45).trits


def test_room_is_by_the_unit_unless_said_otherwise(unit):
    network, _ = aigarth.from_unit(unit)
    assert (network.neurons, network.synapses) == (6, 4)


def test_one_line_where_the_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "aigarth_it", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "tejax.interop.aigarth")
    alone = importlib.import_module("tejax.interop.aigarth")  # which must not need it
    for call in (lambda: alone.from_unit(object()), lambda: alone.to_unit(networks.Circle(), None)):
        with pytest.raises(InputError, match=r"^aigarth-it is not installed: pip install 'tejax\[aigarth\]'$"):
            call()


def _doubled(unit):
    unit._circle.append(unit._circle[0])


def _outside(unit):
    unit._circle.remove(unit._neurons_o[0])


def _wider(unit):
    unit._neurons_i.append(unit._circle[2])


def _far(unit):
    unit._circle[2].input_skew = 4000


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_doubled, "inputs_and_outputs must be distinct neurons of its circle"),
        (_outside, "inputs_and_outputs must be distinct neurons of its circle"),
        (_wider, "inputs_and_outputs must be"),
        (_far, "input_skew must be within"),
    ],
)
def test_units_that_do_not_fit_are_refused(unit, harm, message):
    harm(unit)
    with pytest.raises(InputError, match=message) as refusal:
        aigarth.from_unit(unit)
    assert "\n" not in str(refusal.value)


def test_too_little_room_is_refused(unit):
    with pytest.raises(InputError, match=r"^neurons must be at least the 3"):
        aigarth.from_unit(unit, neurons=2)
    with pytest.raises(InputError, match=r"^synapses must be at least the 4"):
        aigarth.from_unit(unit, synapses=3)


def test_other_objects_are_refused(unit):
    network, genome = aigarth.from_unit(unit)
    with pytest.raises(InputError, match=r"^itu must be a unit"):
        aigarth.from_unit(genome)
    with pytest.raises(InputError, match=r"^like must be a unit"):
        aigarth.to_unit(network, genome, like=network)
    wider = [*SMALL, Neuron([1], kind=-1, label=1)]
    with pytest.raises(InputError, match=r"^like must be as wide"):
        aigarth.to_unit(networks.Circle(2, 1, 6, 4), to_arrays(wider, 6, 4), like=unit)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda genome: genome._replace(kinds=jnp.zeros_like(genome.kinds)), "label"),
        (lambda genome: genome._replace(label=jnp.ones_like(genome.label)), "label"),
        (lambda genome: genome._replace(alive=genome.alive[::-1]), "alive"),
        (lambda genome: genome._replace(fan_in=jnp.zeros_like(genome.fan_in)), "fan_in"),
    ],
)
def test_genomes_that_are_no_ring_are_refused(unit, change, named):
    network, genome = aigarth.from_unit(unit)
    with pytest.raises(InputError, match=rf"^{named} must be"):
        aigarth.to_unit(network, change(genome))
