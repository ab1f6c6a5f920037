"""The layers of a perceptron inside a kernel: tiles of weights, sums, and trits that stay in registers."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from tejax.engines.gpu.matrices import load_tile, load_weights
from tejax.engines.gpu.saturation import ternarize
from tejax.types import Array, Int32, Trits

__all__ = ["Layer", "output_sums"]


class Layer:
    """One layer of network number `network`, of weights [N, O, F] or of low rank, and biases [N, O], read in tiles.

    preloaded: the tiles are read once and for all. zero: traced, so that a last tile may reach beyond the edge.
    """

    def __init__(
        self,
        weights: Any,
        biases: Any,
        network: int,
        block: int,
        neurons: int,
        inputs: int,
        preloaded: bool,
        zero: Array,
    ) -> None:
        self._weights, self._biases = weights, biases
        self._network = zero + network
        self._zero = zero
        self.inputs = inputs
        self._block, self._shape = block, (neurons, inputs)
        self.neuron_tiles, self.input_tiles = (
            -(-size // tile) for size, tile in zip(weights.shape[-2:], self._shape, strict=True)
        )
        self.preloaded = preloaded
        if preloaded:
            self._tiles = [
                [self._load(number, part) for part in range(self.input_tiles)] for number in range(self.neuron_tiles)
            ]
            self._starts = [self._load_biases(number) for number in range(self.neuron_tiles)]

    def _load(self, number: Any, part: Any) -> Trits:
        neurons, inputs = self._shape
        starts = self._zero + number * neurons, self._zero + part * inputs
        return load_weights(self._weights, self._network, starts, self._shape)

    def _load_biases(self, number: Any) -> Int32[Array, "O"]:
        return load_tile(self._biases, (self._network, self._zero + number * self._shape[0]), self._shape[:1])

    def weights(self, number: Any, part: Any) -> Trits:
        """A tile of weights; Python integers if the layer is preloaded."""
        return self._tiles[number][part] if self.preloaded else self._load(number, part)

    def biases(self, number: Any) -> Int32[Array, "O"]:
        """The biases of a tile of neurons."""
        return self._starts[number] if self.preloaded else self._load_biases(number)

    def sums(self, number: Any, source: Callable[[Any], Trits], held: bool, start: Array) -> Int32[Array, "B O"]:
        """The sums of products of a tile of neurons, and `start`."""

        def add(part: Any, sums: Array) -> Array:
            return sums + product(source(part), self.weights(number, part))

        return loop(self.input_tiles, add, start, held or self.preloaded)

    def trits(self, number: Any, source: Callable[[Any], Trits], held: bool, zone: int) -> Trits:
        """The trits of a tile of neurons."""
        zeros = jnp.zeros((self._block, self._shape[0]), jnp.int32)
        return ternarize(self.sums(number, source, held, zeros), self.biases(number), zone)

    def spread_biases(self) -> Int32[Array, "B O"]:
        """The biases of the first tile of neurons, one row for each sample."""
        return jnp.broadcast_to(self.biases(0)[None], (self._block, self._shape[0]))


def output_sums(layers: list[Layer], zones: tuple[int, ...], x_tile: Callable[[Any], Trits]) -> Int32[Array, "B O"]:
    """The sums of the last layer. x_tile: number -> the samples' trits of that tile of inputs.

    The last two layers are walked together, a tile of hidden neurons at a time (the idea of FlashAttention: Dao et al.
    2022, arXiv 2205.14135); the trits of the hidden layers before them are held.
    """
    *earlier, last = layers
    source, held = x_tile, False
    for layer, zone in zip(earlier[:-1], zones, strict=False):
        trits = [layer.trits(number, source, held, zone) for number in range(layer.neuron_tiles)]
        source, held = trits.__getitem__, True
    if not earlier:
        return last.sums(0, source, held, last.spread_biases())
    hidden = earlier[-1]

    def add(number: Any, sums: Array) -> Array:
        return sums + product(hidden.trits(number, source, held, zones[-1]), last.weights(0, number))

    return loop(hidden.neuron_tiles, add, last.spread_biases(), hidden.preloaded)


def loop(count: int, step: Callable[[Any, Array], Array], value: Array, unrolled: bool) -> Array:
    """`step` applied for each number below `count`; unrolled, the numbers are Python's."""
    if count > 1 and not unrolled:
        return lax.fori_loop(0, count, step, value)
    for number in range(count):
        value = step(number, value)
    return value


def product(x: Trits, w: Trits) -> Int32[Array, "B O"]:
    """x [B, F] times w [O, F] transposed."""
    return lax.dot_general(x, w, (((1,), (1,)), ((), ())), preferred_element_type=jnp.int32)
