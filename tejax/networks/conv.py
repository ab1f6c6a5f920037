"""A convolutional network of trits: patches, exact sums, sums again over windows, a dead zone, trits.

A convolution is a product of patches with filters (im2col: Chellapilla, Puri & Simard 2006), so that it runs on the
same engines as a layer. The patches of the first stage are the same for every individual of a population.
"""

import dataclasses
import math
from functools import partial
from typing import Annotated, Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from tejax import engines
from tejax.engines import levels as whole_numbers
from tejax.engines import low_rank, products
from tejax.errors import require
from tejax.networks import credit
from tejax.networks.layer import Layer, constants, fresh
from tejax.options import AtLeast, Between, Bias, Derived, Layers, Levels, Probability, Text, Width
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Loss, Network, Noise, Task

__all__ = ["Conv", "Filters"]


Side = Annotated[int, AtLeast(1, 2**14)]  # of a picture or a window, in pixels


class Filters(NamedTuple):
    """The trits of a convolutional network."""

    stages: tuple[Layer, ...]  # weights [O, C K K]: row o is the filter of channel o, channels before its K x K places
    readout: Layer


@NETWORKS.register("conv")
@dataclasses.dataclass(frozen=True)
class Conv(Network):
    """Stages of convolution on a square image, then a readout of all that is left; the outputs are its sums, int32.

    Args:
        image: (channels, height, width) of the inputs, which come flat, [..., C * H * W].
        filters: the channels that each stage makes.
        kernel: K, the side of a patch; the image is 0 beyond its edges.
        stride: a stage looks at every stride-th position.
        pool: and adds up its sums over pool x pool positions, exactly; what does not fill a window is left out.
        outputs: O.
        dead_zone: a sum of F products becomes 0 where its magnitude is at most dead_zone * sqrt(F), rounded down.
        bias: the constant inputs of every filter and output.
        density: the share of non-zero trits in a fresh genome.
        engine: how products are computed: auto, native, packed, int8, float or bfloat16; it changes no result.
        levels: L, where inputs are whole numbers from -L to L; 1: trits.

    Raises:
        InputError: for a size or rate out of range, for stages that leave nothing of the image, and from `apply` for
            inputs of another width.
    """

    image: Derived[tuple[Side, Side, Side]] = (1, 8, 8)
    filters: Annotated[tuple[Width, ...], Layers] = (16,)
    kernel: Side = 3
    stride: Side = 1
    pool: Side = 2
    outputs: Derived[Width] = 10
    dead_zone: Annotated[float, Between(0, 1e6)] = 0.0
    bias: Bias = 4
    density: Probability = 0.5
    engine: Text = "auto"
    levels: Derived[Levels] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require(bool(self.filters), "one or more positive numbers", filters=self.filters)
        left = self.shapes[-1]
        require(min(left) >= 1, "few and small enough to leave something of the image", filters=self.filters, left=left)
        whole_numbers.check(self.fan_ins[0], self.levels)
        engines.get(self.engine, max(self.levels * self.fan_ins[0], *self.fan_ins))

    @classmethod
    def for_task(cls, task: Task, **options: Any) -> Self:
        """The convolutional network for the square images of a task; InputError where they are none."""
        channels = next((n for n in range(1, 17) if _is_square(task.features, n)), None)
        require(channels is not None, "a square number of pixels times at most 16 trits", features=task.features)
        side = math.isqrt(task.features // (channels or 1))
        return cls(image=(channels or 1, side, side), outputs=task.outputs, levels=task.levels, **options)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs F and outputs O."""
        return math.prod(self.image), self.outputs

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """(channels, height, width) of the inputs and after each stage."""
        shapes = [self.image]
        for channels in self.filters:
            height, width = (-(-side // self.stride) // self.pool for side in shapes[-1][1:])
            shapes.append((channels, height, width))
        return tuple(shapes)

    @property
    def fan_ins(self) -> tuple[int, ...]:
        """The products of a sum in each stage and in the readout."""
        *before, last = self.shapes
        return *(channels * self.kernel**2 for channels, _, _ in before), math.prod(last)

    @property
    def zones(self) -> tuple[int, ...]:
        """The dead zone of each stage, in whole units of its windows' sums; of the first as `MLP.threshold` has it."""
        spreads = [fan_in * self.pool**2 for fan_in in self.fan_ins[:-1]]
        spreads[0] *= self.levels * (self.levels + 1) // 2
        return tuple(math.floor(self.dead_zone * math.sqrt(spread)) for spread in spreads)

    def init(self, key: Key) -> Filters:
        """A random genome."""
        *before, last = self.shapes
        *keys, final = jax.random.split(key, len(self.filters) + 1)
        stages = tuple(
            fresh(stage_key, made, channels * self.kernel**2, self.bias, self.density)
            for stage_key, made, (channels, _, _) in zip(keys, self.filters, before, strict=True)
        )
        return Filters(stages, fresh(final, self.outputs, math.prod(last), self.bias, self.density))

    def apply(self, genome: Filters, x: Int8[Array, "... F"]) -> Int32[Array, "... O"]:
        """The outputs [..., O] of one genome (its matrices plain or `LowRankMatrix`) for inputs x [..., C * H * W]."""
        batch = x.shape[:-1]
        name = low_rank.choose(genome) if self.engine == "auto" else self.engine
        planes = x.reshape(math.prod(batch), *self.image)
        for number, (layer, zone) in enumerate(zip(genome.stages, self.zones, strict=True)):
            planes = self._stage(name, layer, planes, zone, 1 if number else self.levels)
        flat = planes.reshape(planes.shape[0], math.prod(self.shapes[-1]))
        engine = engines.get(name, flat.shape[1])
        sums = low_rank.output(engine, engine.encode(flat), genome.readout.weights, constants(genome.readout))
        return sums.reshape(*batch, self.outputs)

    def _stage(
        self, name: str, layer: Layer, planes: Int8[Array, "B C H W"], zone: int, levels: int
    ) -> Int8[Array, "B O h w"]:
        """One convolution, its windows added up, made trits again."""
        patches = _patches(planes, self.kernel, self.stride)
        fan_in = patches.shape[-1]
        engine = engines.get(name, levels * fan_in)
        flat, weights = whole_numbers.prepare(engine, patches.reshape(-1, fan_in), layer.weights, levels)
        sums = low_rank.output(engine, engine.encode(flat), weights, constants(layer))
        return engines.ternarize(self._windows(sums, patches), zone)

    def _windows(self, sums: Int32[Array, "R O"], patches: Int8[Array, "B h w F"]) -> Int32[Array, "B O h w"]:
        """The sums over windows of those that the filters make of all patches."""
        return jnp.moveaxis(_window_sums(sums.reshape(*patches.shape[:-1], sums.shape[-1]), self.pool), -1, 1)

    def credit(
        self, key: Key, genome: Filters, x: Int8[Array, "B F"], y: Array, loss: Loss, noise: Noise
    ) -> tuple[Int32[Array, ""], Filters]:
        """The summed loss of one genome, and the credit of its trits: exact for the readout and the stage below it."""
        seen, windows, planes = [], [], [x.reshape(x.shape[0], *self.image)]
        for layer, zone in zip(genome.stages, self.zones, strict=True):
            seen.append(_patches(planes[-1], self.kernel, self.stride))
            windows.append(self._summed(layer, seen[-1]))
            planes.append(engines.ternarize(windows[-1], zone))
        flat = planes[-1].reshape(x.shape[0], -1)
        outputs = products.sums(flat, genome.readout.weights) + constants(genome.readout)[None]
        of = partial(credit.layer_credit, constants=self.bias, loss=loss)
        readout = of(credit.of_outputs(outputs, y, loss), flat)
        stages: list[Layer] = []
        for depth in reversed(range(len(windows))):
            near = credit.nearness(windows[depth], self.zones[depth], noise.amplitude)
            if depth == len(windows) - 1:
                differences = credit.exact(flat, genome.readout.weights, outputs, y, loss).reshape(near.shape)
            else:
                above = partial(self._losses, genome, depth + 1, y, loss)
                depth_key = jax.random.fold_in(key, depth)
                differences = credit.coins(depth_key, planes[depth + 1], near > 0, above, noise.perturbations)
            rows = _spread(differences * near, self.pool)
            patches = seen[depth][:, : rows.shape[1], : rows.shape[2]]
            flatter = rows.reshape(-1, rows.shape[-1]), patches.reshape(-1, patches.shape[-1])
            stages.insert(0, of(*flatter, reach=1 if depth else self.levels))
        return loss.total(outputs, y), Filters(tuple(stages), readout)

    def _summed(self, layer: Layer, patches: Int8[Array, "B h w F"]) -> Int32[Array, "B O h w"]:
        """The sums of a stage before they become trits."""
        sums = products.sums(patches.reshape(-1, patches.shape[-1]), layer.weights) + constants(layer)[None]
        return self._windows(sums, patches)

    def _losses(
        self, genome: Filters, start: int, y: Array, loss: Loss, planes: Int8[Array, "KB C H W"]
    ) -> Int32[Array, "KB"]:
        """The losses of the samples that these inputs of stage `start` lead to."""
        for layer, zone in zip(genome.stages[start:], self.zones[start:], strict=True):
            planes = engines.ternarize(self._summed(layer, _patches(planes, self.kernel, self.stride)), zone)
        flat = planes.reshape(planes.shape[0], -1)
        outputs = products.sums(flat, genome.readout.weights) + constants(genome.readout)[None]
        return loss.sample(outputs, credit.again(y, flat.shape[0]))


def _is_square(features: int, channels: int) -> bool:
    """Is this a square image, 2 pixels wide at least, of so many channels?"""
    pixels = features // channels
    return features % channels == 0 and pixels >= 4 and math.isqrt(pixels) ** 2 == pixels


def _patches(planes: Int8[Array, "B C H W"], kernel: int, stride: int) -> Int8[Array, "B h w F"]:
    """The K x K surroundings of every stride-th place, F = C K K values each, 0 beyond the edges."""
    *_, height, width = planes.shape
    before = (kernel - 1) // 2
    around = (before, kernel - 1 - before)
    padded = jnp.pad(planes, [(0, 0), (0, 0), around, around])
    shifted = [
        padded[:, :, down : down + height : stride, right : right + width : stride]
        for down in range(kernel)
        for right in range(kernel)
    ]
    stacked = jnp.stack(shifted, axis=2)  # [B, C, K K, h, w]
    rows, channels, places, down, right = stacked.shape
    return jnp.moveaxis(stacked.reshape(rows, channels * places, down, right), 1, -1)


def _window_sums(sums: Int32[Array, "B h w O"], pool: int) -> Int32[Array, "B h w O"]:
    """The sums over pool x pool places."""
    rows, height, width, channels = sums.shape
    down, right = height // pool, width // pool
    windows = sums[:, : down * pool, : right * pool].reshape(rows, down, pool, right, pool, channels)
    return jnp.sum(windows, axis=(2, 4), dtype=jnp.int32)


def _spread(windows: Int32[Array, "B O h w"], pool: int) -> Int32[Array, "B H W O"]:
    """What stands for a window at each of its pool x pool places."""
    return jnp.repeat(jnp.repeat(jnp.moveaxis(windows, 1, -1), pool, axis=1), pool, axis=2)
