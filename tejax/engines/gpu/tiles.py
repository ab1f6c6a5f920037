"""How a perceptron is cut into tiles: a small table, measured on a GPU."""

from collections.abc import Sequence
from typing import NamedTuple

from tejax.errors import require

__all__ = [
    "MAX_FAN_IN",
    "MAX_OUTPUTS",
    "MIN_OUTPUTS",
    "Tiles",
    "check_features",
    "choose_tiles",
    "layers_in_memory",
    "power_of_two",
    "tile_width",
]

MIN_CONTRACTION = 32  # the contraction length of one int8 instruction of a matrix unit
MIN_OUTPUTS = 16  # the least width of a product
MANY = 2048  # networks from which a program of one warp, which waits for no other, is the fastest
PROGRAMS = 512  # that keep a GPU busy, about four for each multiprocessor
MAX_FAN_IN = 2**15  # so that a sum, multiplied by 128, fits int32
MAX_OUTPUTS = 256  # a tile of output sums stays in registers
MAX_HELD = 256  # neurons of a hidden layer that is not the last, up to which its trits stay in registers


class Tiles(NamedTuple):
    """The sizes of the pieces that one program of the kernel works on.

    Powers of two, but for `splits` and `networks`; `neurons` and `inputs` are at least MIN_CONTRACTION, `block` is at
    least 16.
    """

    block: int  # samples
    neurons: int  # hidden neurons
    inputs: int  # features
    warps: int
    stages: int  # depth of the software pipeline
    splits: int = 1  # programs that share the samples of one network
    networks: int = 1  # networks of a program, which share the samples that it reads


def power_of_two(size: int, least: int) -> int:
    """The smallest power of two that is no smaller than `size` and `least`."""
    return max(least, 1 << (size - 1).bit_length())


def tile_width(size: int, most: int) -> int:
    """The width of a tile of inputs or hidden neurons, which is the contraction length of a product."""
    return min(most, power_of_two(size, MIN_CONTRACTION))


def layers_in_memory(neurons: list[int]) -> int:
    """How many of the first layers have their trits written to device memory: up to the last one too wide to hold.

    neurons: of each layer, outputs included.
    """
    return max([number for number, size in enumerate(neurons[:-2], start=1) if size > MAX_HELD], default=0)


def check_features(features: tuple[int, ...], reach: Sequence[int]) -> None:
    """Hold a network to what the kernel can. reach: the largest sum of products with trits, of each layer.

    Raises:
        InputError: for one that it cannot hold.
    """
    fits = max(reach) <= MAX_FAN_IN and features[-1] <= MAX_OUTPUTS
    require(fits, f"of at most {MAX_FAN_IN} inputs a layer and {MAX_OUTPUTS} outputs", features=features)


def choose_tiles(features: tuple[int, ...], samples: int, population: int) -> Tiles:
    """The tiles of the most similar shape among those measured on an H100 (experiments/results)."""
    fan_in, *hidden, outputs = features
    widest = max(hidden, default=0)
    if outputs > MIN_OUTPUTS:
        tiles = Tiles(block=64, neurons=64, inputs=64, warps=4, stages=2)
    elif fan_in <= 64 and widest <= (128 if len(hidden) < 2 else 64) and population >= MANY:
        tiles = Tiles(block=64, neurons=64, inputs=64, warps=1, stages=3)
    elif fan_in <= 128 and widest <= 128:
        tiles = Tiles(block=128, neurons=64, inputs=128, warps=4, stages=3)
    elif widest <= 128 or (widest <= MAX_HELD and len(hidden) > 1):
        tiles = Tiles(block=128, neurons=128, inputs=128, warps=8, stages=3)
    else:
        tiles = Tiles(block=128, neurons=256, inputs=128, warps=8, stages=3)
    blocks = max(1, -(-samples // tiles.block))
    return tiles._replace(splits=min(blocks, max(1, PROGRAMS // population)))
