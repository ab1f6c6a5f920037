"""Tiles: laid out by hand in NumPy, and an adder made by hand that shows what a tile can say."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import record
from experiments.studies import tissue_addition
from tejax import networks, tasks, trits
from tejax.errors import InputError
from tejax.networks.tissue.ring import EVOLUTION, INPUT, OUTPUT
from tejax.networks.tissue.tiled import Tile
from tests.helpers import first_quick

A, B, SUM, CARRY, AGAINST, LATE = range(6)  # the roles of a full adder: AGAINST is the opposite of CARRY


def adder(bits, constant, circular, ticks=256):
    """Places 1 to bits + 1, the last with copies of the highest inputs; before them, with a constant, no carry."""
    numbers = range(1, bits + 1)
    layout = [(place, role, INPUT) for role in (A, B) for place in numbers]
    layout += [(0, AGAINST, INPUT)] * constant
    layout += [(place, SUM, OUTPUT) for place in (*numbers, bits + 1)]
    layout += [(place, role, EVOLUTION) for role in (CARRY, AGAINST, LATE) for place in (*numbers, bits + 1)]
    layout += [(bits + 1, role, EVOLUTION) for role in (A, B)]
    places = tuple((place - (not constant), role) for place, role, _ in layout)
    kinds = tuple(kind for _, _, kind in layout)
    size = len(layout)
    return networks.TiledTissue(
        2 * bits,
        bits + 1,
        size,
        size + size % 2,
        ticks,
        constant=constant,
        steps=(-1, 0),
        kinds=kinds,
        layout=places,
        circular=circular,
    )


def full_adder():
    """carry = sign(a + b + c), sum = sign(a + b + c - 2 carry), where c comes to the sum a tick late."""
    tile = np.zeros((6, 2, 6), np.int8)
    before, here = 0, 1
    for role, sign in ((CARRY, 1), (AGAINST, -1)):
        tile[role, here, [A, B]] = sign
        tile[role, before, AGAINST] = -sign
    tile[LATE, before, AGAINST] = -1
    tile[SUM, here, [A, B, LATE, AGAINST]] = 1
    tile[SUM, here, CARRY] = -1
    tile[A, before, A] = tile[B, before, B] = 1  # the sign of a number goes on for ever
    return Tile(jnp.asarray(tile))


@pytest.mark.parametrize("bits", first_quick([7, 1, 4]))
def test_a_tile_can_be_an_exact_adder(bits):
    assert tasks.addition(bits).accuracy(adder(bits, 1, False), full_adder()) == 1


@pytest.mark.parametrize("case", first_quick([(True, 0.775), (False, 0.6125)]), ids=str)
def test_without_a_constant_a_carry_that_nothing_decides_stays_zero(case):
    circular, share = case
    assert tasks.addition(4).accuracy(adder(4, 0, circular), full_adder()) == share


@pytest.mark.parametrize("case", first_quick([(3, 1, True), (2, 1, False), (3, 0, True)], 2), ids=str)
def test_laid_out_place_by_place(case):
    bits, constant, circular = case
    network = adder(bits, constant, circular, ticks=5)
    tile = jax.jit(network.init)(jax.random.key(bits))
    weights = np.zeros((network.capacity,) * 2, np.int8)  # to, from
    synapses, around = np.asarray(tile.synapses), network.places if circular else 99
    for to, (place, role) in enumerate(network.layout):
        for origin, (there, part) in enumerate(network.layout):
            for number, step in enumerate(network.steps):
                if (there - place - step) % around == 0 and to != origin:
                    weights[to, origin] = synapses[role, number, part]
    x = trits.sample(jax.random.key(0), (7, 2 * bits), 1.0)
    values = jax.jit(network.start)(tile, x)
    held = np.array(network.kinds) == INPUT
    expected = np.where(held, values, np.sign(np.asarray(values, np.int32) @ weights.T))
    np.testing.assert_array_equal(jax.jit(network.tick)(tile, values), expected)
    plain, genome = network.laid(tile)
    assert type(plain) is networks.FixedTissue
    np.testing.assert_array_equal(jax.jit(plain.apply)(genome, x), jax.jit(network.apply)(tile, x))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": ((0, 0),) * 9}, "layout must be 9 different pairs of a place and a role, from 0 up: got "),
        ({"layout": ((0, 0),)}, "layout must be 9 different pairs"),
        ({"neighbors": 4}, "neighbors must be wide enough to reach all neurons, each once: got neighbors=4"),
        (
            {"steps": (-1, 0, -1)},
            "steps must be different numbers of places, also in a circle of 3: got steps=(-1, 0, -1)",
        ),
        ({"coded": True}, "coded must be False: a tile holds trits: got coded=True"),
    ],
)
def test_what_cannot_be_laid_is_refused(change, message):
    network = adder(1, 1, False)
    with pytest.raises(InputError) as refused:
        dataclasses.replace(network, **change)
    assert str(refused.value).startswith(message.replace("9", str(network.capacity)))


def test_a_recorded_tile_adds_exactly_and_in_a_circle_as_well_as_an_odd_function_can():
    _, settings, rows = record.read("tissue_addition")
    row = max((row for row in rows if "tile" in row), key=lambda row: row["share"])
    assert row["share"] == 1
    tile = Tile(jnp.asarray(row["tile"], jnp.int8))
    for constant, right in ((1, 131_072), (0, 114_752)):
        plain, genome = tissue_addition.tiled(settings["tile"], 7, constant).laid(tile)
        whole = dataclasses.replace(plain, ticks=256)
        assert int(jax.jit(partial(tasks.addition(7).validate, whole))(genome)) == right
