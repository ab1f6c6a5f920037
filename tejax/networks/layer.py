"""Rows of synapses with constant inputs beside them: what every network here is made of."""

from typing import NamedTuple

import jax

from tejax import trits
from tejax.engines import low_rank
from tejax.types import Array, Int8, Int32, Key, Rate

__all__ = ["Layer", "constants", "fresh"]


class Layer(NamedTuple):
    """The trits of one layer."""

    weights: Int8[Array, "O F"]  # row o: the synapses that enter neuron o
    bias: Int8[Array, "O C"]  # row o: the synapses from C inputs that are always +1


def fresh(key: Key, neurons: int, fan_in: int, bias: int, density: Rate) -> Layer:
    """A random layer of O neurons with F inputs and C constant ones, the share `density` of its trits non-zero."""
    weights, constant = jax.random.split(key)
    return Layer(trits.sample(weights, (neurons, fan_in), density), trits.sample(constant, (neurons, bias), density))


def constants(layer: Layer) -> Int32[Array, "O"]:
    """What its constant inputs add to the sum of every neuron."""
    return low_rank.row_sums(layer.bias)
