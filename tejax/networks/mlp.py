"""A multilayer perceptron of trits: sums of trits, a dead zone, trits again.

Its inputs are trits, or whole numbers of a small range: then a neuron multiplies a number by one trit of the genome,
and the weights that a few trits a number would take can be spent on neurons.
"""

import dataclasses
import math
from functools import partial
from typing import Annotated, Any, Self

import jax

from tejax import engines
from tejax.engines import levels as whole_numbers
from tejax.engines import low_rank, products, ternarize
from tejax.errors import require
from tejax.networks import credit
from tejax.networks.layer import Layer, constants, fresh
from tejax.options import Between, Bias, Derived, Features, Layers, Length, Levels, Probability, Text, Width, checked
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Loss, Network, Noise, Task, Trits

__all__ = ["MLP", "Layer"]


@NETWORKS.register("mlp")
@dataclasses.dataclass(frozen=True)
class MLP(Network):
    """A multilayer perceptron of trits; the outputs are the last layer's sums, int32.

    Args:
        features: sizes of the layers, inputs first, outputs last.
        dead_zone: a hidden sum becomes 0 where its magnitude is at most dead_zone * sqrt(fan-in), rounded down.
        bias: C, the constant inputs of each layer.
        density: the share of non-zero weights in a fresh genome.
        engine: how products are computed: auto, native, packed, int8, float or bfloat16; it changes no result.
        levels: L, where inputs are whole numbers from -L to L; 1: trits.

    Raises:
        InputError: for a size or rate out of range, for too many inputs times levels, and from `apply` for inputs of
            another width.
    """

    features: Derived[Annotated[tuple[Features, ...], Length(0, 66)]] = (64, 64, 10)
    dead_zone: Annotated[float, Between(0, 1e6)] = 0.0
    bias: Bias = 4
    density: Probability = 0.5
    engine: Text = "auto"
    levels: Derived[Levels] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.features) >= 2, "two or more positive sizes", features=self.features)
        whole_numbers.check(self.features[0], self.levels)
        engines.get(self.engine, self._fan_in)

    @classmethod
    @checked
    def for_task(cls, task: Task, hidden: Annotated[tuple[Width, ...], Layers] = (64,), **options: Any) -> Self:
        """The perceptron that fits a task.

        Args:
            hidden: neurons of each hidden layer.
        """
        if (
            options.get("engine", "auto") == "auto"
            and task.inputs == "episode"
            and engines.choose(task.features) == "native"
        ):
            options["engine"] = "int8"  # one row an episode: too few for native, which takes 1.4 to 1.9 times as long
        return cls(features=(task.features, *hidden, task.outputs), levels=task.levels, **options)

    def init(self, key: Key) -> tuple[Layer, ...]:
        """A random genome: a Layer for each step from one size to the next."""
        return tuple(
            fresh(layer_key, neurons, fan_in, self.bias, self.density)
            for layer_key, fan_in, neurons in zip(
                jax.random.split(key, len(self.features) - 1), self.features[:-1], self.features[1:], strict=True
            )
        )

    @property
    def zones(self) -> tuple[int, ...]:
        """The dead zone of every hidden layer."""
        levels = (self.levels, *(1 for _ in self.features[1:]))
        return tuple(map(self.threshold, self.features[:-2], levels))

    def threshold(self, fan_in: int, levels: int = 1) -> int:
        """The dead zone of a hidden layer in whole units of its sums, growing with their spread, sqrt(fan-in).

        Whole numbers from -L to L, each as often, have L (L + 1) / 2 times the variance of such trits.

        Measured on digits (experiments/studies/thresholds.py): between 0 and 0.5 the validation accuracies differ by
        less than they vary from seed to seed, 0.75 is no better; so the default is 0, the plain sign, where only a
        balanced sum is 0.
        """
        return math.floor(self.dead_zone * math.sqrt(fan_in * (levels * (levels + 1) // 2)))

    @property
    def _fan_in(self) -> int:
        """The longest sum of trits that an engine may be given."""
        return max(self.features[0] * self.levels, *self.features[:-1])

    def apply(self, genome: tuple[Layer, ...], x: Int8[Array, "... F"]) -> Int32[Array, "... O"]:
        """The outputs [..., O] of one genome (its matrices plain or `LowRankMatrix`) for inputs x [..., F]."""
        *batch, fan_in = x.shape
        name = low_rank.choose(genome) if self.engine == "auto" else self.engine
        engine = engines.get(name, self._fan_in)
        first, *others = genome
        rows = x.reshape(math.prod(batch), fan_in)
        rows, weights = whole_numbers.prepare(engine, rows, first.weights, self.levels)
        *hidden, last = first._replace(weights=weights), *others
        x = engine.encode(rows)
        for layer, zone in zip(hidden, self.zones, strict=True):
            x = low_rank.hidden(engine, x, layer.weights, constants(layer), zone)
        sums = low_rank.output(engine, x, last.weights, constants(last))
        return sums.reshape(*batch, self.features[-1])

    def loss(self, genome: tuple[Layer, ...], x: Int8[Array, "B F"], y: Array, loss: Loss) -> Int32[Array, ""]:
        """The summed loss of one genome; on a GPU in one kernel, which no output leaves."""
        if self.engine == "auto":
            layers = [(layer.weights, constants(layer)) for layer in genome]
            fused = engines.fused_loss(x, y, layers, self.zones, loss, self.levels)
            if fused is not None:
                return fused
        return super().loss(genome, x, y, loss)

    def credit(
        self, key: Key, genome: tuple[Layer, ...], x: Int8[Array, "B F"], y: Array, loss: Loss, noise: Noise
    ) -> tuple[Int32[Array, ""], tuple[Layer, ...]]:
        """The summed loss of one genome, and the credit of its trits: exact for the readout and the layer below it."""
        *hidden, last = genome
        seen, sums = [x], []
        for layer, zone in zip(hidden, self.zones, strict=True):
            sums.append(products.sums(seen[-1], layer.weights) + constants(layer)[None])
            seen.append(ternarize(sums[-1], zone))
        outputs = products.sums(seen[-1], last.weights) + constants(last)[None]
        of = partial(credit.layer_credit, constants=self.bias, loss=loss)
        found = [of(credit.of_outputs(outputs, y, loss), seen[-1])]
        for depth in reversed(range(len(hidden))):
            near = credit.nearness(sums[depth], self.zones[depth], noise.amplitude)
            if depth == len(hidden) - 1:
                differences = credit.exact(seen[-1], last.weights, outputs, y, loss)
            else:
                above = partial(self._losses, genome[depth + 1 :], self.zones[depth + 1 :], y, loss)
                depth_key = jax.random.fold_in(key, depth)
                differences = credit.coins(depth_key, seen[depth + 1], near > 0, above, noise.perturbations)
            found.append(of(differences * near, seen[depth], reach=1 if depth else self.levels))
        return loss.total(outputs, y), tuple(found[::-1])

    @staticmethod
    def _losses(
        layers: tuple[Layer, ...], zones: tuple[int, ...], y: Array, loss: Loss, x: Trits
    ) -> Int32[Array, "KB"]:
        """The losses of the samples that the trits x [K B, N] of a hidden layer lead to."""
        *hidden, last = layers
        for layer, zone in zip(hidden, zones, strict=True):
            x = ternarize(products.sums(x, layer.weights) + constants(layer)[None], zone)
        outputs = products.sums(x, last.weights) + constants(last)[None]
        return loss.sample(outputs, credit.again(y, x.shape[0]))
