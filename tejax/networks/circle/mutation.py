"""Mutations of a ring: one synapse moves by 1; where it cannot, a neuron is born; a neuron left without any dies."""

import jax
import jax.numpy as jnp

from tejax.core import random
from tejax.networks.circle import geometry
from tejax.networks.circle.geometry import RingState
from tejax.operators.mutation import whole_genome
from tejax.types import Array, Int32, Key, Rate

__all__ = ["change", "choices", "mutate"]


@whole_genome
def mutate(key: Key, genome: RingState, *, rate: Rate) -> RingState:
    """One random `change` with probability `rate`; every synapse outside a margin is as likely, and so is each way."""
    whether, which, way = jax.random.split(key, 3)
    pick = random.randint(which, (), jnp.maximum(choices(genome), 1))
    up = random.coin(way, ())
    changed = change(genome, pick, jnp.where(up, jnp.int8(1), jnp.int8(-1)))
    happens = random.bernoulli(whether, (), rate) & (choices(genome) > 0)
    return jax.tree.map(lambda new, old: jnp.where(happens, new, old), changed, genome)


def choices(genome: RingState) -> Int32[Array, ""]:
    """How many synapses can be picked: all but the margins."""
    return jnp.sum(_open(geometry.fans(genome)), dtype=jnp.int32)


def change(genome: RingState, pick: Int32[Array, ""], way: Array) -> RingState:
    """Synapse `pick` of those that can be picked, neuron after neuron from 0 on, moved by `way` (int8, -1 or +1).

    A neuron between inputs and outputs that is left with zeros only is removed. Past -1 or +1 nothing moves; instead
    the neuron at the other end of the synapse is copied, as one between, to the place after this one. (The other end is
    counted from the split, as if the row had no margins.) A full ring is left as it is.
    """
    fans = geometry.fans(genome)
    ends = jnp.cumsum(_open(fans), dtype=jnp.int32)
    here = jnp.minimum(jnp.searchsorted(ends, pick, side="right").astype(jnp.int32), ends.shape[0] - 1)
    slot = pick - (ends - _open(fans))[here] + fans.front[here]
    moved = genome.weights[here, slot] + way
    spawns = jnp.abs(moved) > 1
    weights = genome.weights.at[here, slot].set(jnp.clip(moved, jnp.int8(-1), jnp.int8(1)))
    dies = ~spawns & (genome.kinds[here] == geometry.BETWEEN) & jnp.all(weights[here] == 0)
    offset = slot - fans.split[here]
    model = (here + jnp.where(offset < 0, offset, offset + 1)) % geometry.size(genome)
    return _reseat(genome._replace(weights=weights), here, model, spawns, dies)


def _open(fans: geometry.Fans) -> Int32[Array, "N"]:
    """The synapses of each neuron that can be picked."""
    return fans.total - fans.front - fans.rear


def _reseat(ring: RingState, here: Array, model: Array, spawns: Array, dies: Array) -> RingState:
    """The ring with a copy of neuron `model` after neuron `here`, or without neuron `here`, or as it is."""
    room = ring.alive.shape[0]
    seats = jnp.arange(room, dtype=jnp.int32)
    spawns = spawns & (geometry.size(ring) < room)
    new = spawns & (seats == here + 1)
    shift = (dies & (seats >= here)).astype(jnp.int32) - (spawns & (seats > here)).astype(jnp.int32)
    source = jnp.where(new, model, jnp.minimum(seats + shift, room - 1))
    emptied = dies & (seats == room - 1)

    def move(leaf: Array) -> Array:
        free = emptied.reshape(room, *(1,) * (leaf.ndim - 1))
        return jnp.where(free, jnp.int8(0), leaf[source])

    moved = jax.tree.map(move, ring)
    return moved._replace(
        kinds=jnp.where(new, jnp.int8(geometry.BETWEEN), moved.kinds),
        label=jnp.where(new[:, None], jnp.int8(0), moved.label),
    )
