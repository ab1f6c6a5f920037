"""A multilayer perceptron of trits: sums of trits, a dead zone, trits again."""

import dataclasses
import math

import jax

from tejax import engines, factored
from tejax.changes import Changes
from tejax.errors import require
from tejax.networks import near
from tejax.networks.layer import Layer, constants, fresh
from tejax.types import Apply, Array, Int32, Key, Trits

__all__ = ["MLP", "Layer"]


@dataclasses.dataclass(frozen=True)
class MLP:
    """Layers of sizes `features` (inputs first, outputs last); the outputs are the last layer's sums, int32.

    dead_zone: a hidden sum becomes 0 where its magnitude is at most dead_zone * sqrt(F), rounded down.
    bias: C, the constant inputs of each layer.
    density: the share of non-zero weights in a fresh genome.
    engine: how products are computed (see `tejax.trits.dot`); it never changes a result.

    Raises InputError for a size or rate out of range, and `apply` for inputs of another width.
    """

    features: tuple[int, ...] = (64, 64, 10)
    dead_zone: float = 0.0
    bias: int = 4
    density: float = 0.5
    engine: str = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", tuple(self.features))  # a list would not hash
        positive = len(self.features) >= 2 and all(size >= 1 for size in self.features)
        require(positive, "two or more positive sizes", features=self.features)
        require(self.dead_zone >= 0, "at least 0", dead_zone=self.dead_zone)
        require(self.bias >= 0, "at least 0", bias=self.bias)
        require(0 <= self.density <= 1, "between 0 and 1", density=self.density)
        engines.get(self.engine, max(self.features[:-1]))

    def init(self, key: Key) -> tuple[Layer, ...]:
        """A random genome: a Layer for each step from one size to the next."""
        return tuple(
            fresh(layer_key, neurons, fan_in, self.bias, self.density)
            for layer_key, fan_in, neurons in zip(
                jax.random.split(key, len(self.features) - 1), self.features[:-1], self.features[1:], strict=True
            )
        )

    def threshold(self, fan_in: int) -> int:
        """The dead zone of a hidden layer in whole units of its sums, growing with their spread, sqrt(fan-in).

        Measured on digits (experiments/quality/thresholds.py): between 0 and 0.5 the validation accuracies differ by
        less than they vary from seed to seed, 0.75 is no better; so the default is 0, the plain sign, where only a
        balanced sum is 0.
        """
        return math.floor(self.dead_zone * math.sqrt(fan_in))

    def apply(self, genome: tuple[Layer, ...], x: Trits) -> Int32[Array, "... O"]:
        """The outputs [..., O] of one genome (its matrices plain or `Factored`) for trits x [..., F]."""
        *batch, fan_in = x.shape
        require(fan_in == self.features[0], f"{self.features[0]}, the inputs of the network", features=fan_in)
        name = factored.choose(genome) if self.engine == "auto" else self.engine
        engine = engines.get(name, max(self.features[:-1]))
        *hidden, last = genome
        x = engine.encode(x.reshape(math.prod(batch), fan_in))
        for layer in hidden:
            zone = self.threshold(layer.weights.shape[-1])
            x = factored.hidden(engine, x, layer.weights, constants(layer), zone)
        sums = factored.output(engine, x, last.weights, constants(last))
        return sums.reshape(*batch, self.features[-1])

    def near(self, parent: tuple[Layer, ...]) -> Apply:
        """`apply` for children of one parent, each given by its Changes: the same outputs by far fewer operations.

        The parent's sums are computed where the inputs come in: once, under a vmap over children that share them.
        Raises InputError unless there is one hidden layer.
        """
        require(len(self.features) == 3, "three, for a network of one hidden layer", sizes=len(self.features))
        engine, dead_zone = engines.get(self.engine, max(self.features[:-1])), self.threshold(self.features[0])

        def apply(changes: Changes, x: Trits) -> Int32[Array, "... O"]:
            *batch, fan_in = x.shape
            require(fan_in == self.features[0], f"{self.features[0]}, the inputs of the network", features=fan_in)
            cache = near.make(engine, parent, x.reshape(math.prod(batch), fan_in), dead_zone)
            return near.outputs(cache, parent, changes, dead_zone).reshape(*batch, self.features[-1])

        return apply
