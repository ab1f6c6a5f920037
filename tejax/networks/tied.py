"""A multilayer perceptron of trits whose inputs are numbers: all trits of a number share one synapse.

A number that comes as L trits is worth their sum, so a neuron that ties the weights of these trits multiplies the
number by one trit of the genome. What is saved in trits can be spent on neurons.
"""

import dataclasses
from typing import Annotated

import jax.numpy as jnp

from tejax.engines import gpu, low_rank
from tejax.errors import require
from tejax.networks.layer import Layer
from tejax.networks.mlp import MLP
from tejax.options import AtLeast, Derived, Features, Length
from tejax.registry import NETWORKS
from tejax.types import Array, Int32, Key, Loss, Trits

__all__ = ["Tied"]

NUMBERS = 127  # planes whose sum an int8 holds, whatever their signs


@NETWORKS.register("tied")
@dataclasses.dataclass(frozen=True)
class Tied(MLP):
    """A multilayer perceptron whose inputs are numbers: the trits of a number share one synapse of each neuron.

    The inputs are L planes of F / L numbers each, trit l of all numbers, then trit l + 1, as
    `tejax.tasks.classification` lays them out. The first layer's weights are [H, F / L]. All else is as `MLP` has it,
    where a hidden neuron's fan-in is that of its trits.

    Args:
        planes: L, the trits of an input number, as many as the task makes of it.

    Raises:
        InputError: for a size or rate out of range, for inputs that are not so many planes, and from `apply` for inputs
            of another width.
    """

    features: Derived[Annotated[tuple[Features, ...], Length(0, 66)]] = (256, 64, 10)
    planes: Annotated[int, AtLeast(1, 2**16)] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        inputs = self.features[0]
        require(inputs % self.planes == 0, f"a divisor of the {inputs} inputs", planes=self.planes)

    @property
    def plain(self) -> MLP:
        """The network without ties that gives the same outputs, for the genome that `untied` makes."""
        return MLP(self.features, self.dead_zone, self.bias, self.density, self.engine)

    def untied(self, genome: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """The genome of `plain`: every tied weight once for each trit that it multiplies."""
        first, *rest = genome
        return first._replace(weights=low_rank.repeated(first.weights, self.planes)), *rest

    def init(self, key: Key) -> tuple[Layer, ...]:
        """A random genome: a Layer for each step from one size to the next."""
        inputs, *others = self.features
        return dataclasses.replace(self.plain, features=(inputs // self.planes, *others)).init(key)

    def apply(self, genome: tuple[Layer, ...], x: Trits) -> Int32[Array, "... O"]:
        """The outputs [..., O] of one genome (its matrices plain or `LowRankMatrix`) for trits x [..., F]."""
        return self.plain.apply(self.untied(genome), x)

    def loss(self, genome: tuple[Layer, ...], x: Trits, y: Array, loss: Loss) -> Int32[Array, ""]:
        """The summed loss of one genome; a kernel is given the numbers that the trits make, not the trits."""
        zones = tuple(self.threshold(fan_in) for fan_in in self.features[:-2])
        if self.planes > NUMBERS or not gpu.available():  # a CPU is faster with the trits
            return self.plain.loss(self.untied(genome), x, y, loss)
        planes = x.reshape(*x.shape[:-1], self.planes, self.features[0] // self.planes)
        return self._loss(genome, x, y, loss, zones, jnp.sum(planes, axis=-2, dtype=jnp.int8))
