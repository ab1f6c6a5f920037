"""A recurrent network of bytes in int8, without activation functions but a rectifier: EGG, made to be evolved.

Sarkar et al. 2025, "Evolution strategies at the hyperscale", arXiv 2511.16652, and its program nano-egg, of which this
is a description made anew. Numbers are int8 with 4 bits after the point: 16 stands for 1. Sums are int32; what a layer
gives is cut to -127..127. An individual is the network and its perturbation: a matrix W is perturbed by a rank-1
product, of which only x B is computed for each individual, beside x W, which all share.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.errors import require
from tejax.types import Array, Key

__all__ = ["EGG", "LARGEST", "ONE", "Block", "Factors", "Params", "log_likelihood"]

POINT = 4  # bits after the point
ONE = 2**POINT
LARGEST = 127
EXACT = (2**24 - 1) // LARGEST**2  # of so many products float32 has the exact sum


class Block(NamedTuple):
    """A layer; of a network with several, leaves are stacked.

    Attributes:
        norm: int8 [W], gains before the recurrent unit.
        forget_input: int8 [W, W], row o: what reaches neuron o; so are all matrices.
        forget_state: int8 [W, W].
        forget_bias: int8 [W].
        hidden_input: int8 [W, W].
        hidden_state: int8 [W, W].
        hidden_bias: int8 [W].
        norm_inner: int8 [W], gains before the inner layers.
        widen: int8 [4 W, W].
        narrow: int8 [W, 4 W].
    """

    norm: Any
    forget_input: Any
    forget_state: Any
    forget_bias: Any
    hidden_input: Any
    hidden_state: Any
    hidden_bias: Any
    norm_inner: Any
    widen: Any
    narrow: Any


class Params(NamedTuple):
    """The numbers of a network, or the perturbations of them.

    Attributes:
        embedding: int8 [256, W].
        blocks: the layers, first to last.
        norm: int8 [W], gains before the outputs.
        output: int8 [256, W].
    """

    embedding: Any
    blocks: tuple[Block, ...]
    norm: Any
    output: Any


class Factors(NamedTuple):
    """A perturbation of a matrix [O, I]: the outer product of its factors, over ONE^2, times the amplitude.

    Attributes:
        rows: int8 [O].
        columns: int8 [I].
    """

    rows: Array
    columns: Array


@dataclass(frozen=True)
class EGG:
    """The network.

    Attributes:
        width: of every layer.
        layers: recurrent units, each with two inner layers after it.
        sigma_shift: a perturbation's standard deviation is 2^-sigma_shift.
    """

    width: int = 128
    layers: int = 1
    sigma_shift: int = 4

    def __post_init__(self) -> None:
        require(1 <= self.width <= 1024, "from 1 to 1024", width=self.width)
        require(self.layers >= 1, "1 or more", layers=self.layers)
        require(0 <= self.sigma_shift <= 12, "from 0 to 12", sigma_shift=self.sigma_shift)

    def shapes(self) -> Params:
        """The shape of every array."""
        width = self.width
        vector, square = (width,), (width, width)
        block = Block(
            vector, square, square, vector, square, square, vector, vector, (4 * width, width), (width, 4 * width)
        )
        return Params((256, width), (block,) * self.layers, vector, (256, width))

    def init(self, key: Key) -> Params:
        """Matrices of a normal distribution of deviation 1, gains 1, biases 0."""
        leaves, tree = jax.tree.flatten(self.shapes(), is_leaf=_is_shape)
        keys = jax.random.split(key, len(leaves))
        drawn = [
            normals(each, shape) if len(shape) == 2 else jnp.full(shape, ONE, jnp.int8)
            for each, shape in zip(keys, leaves, strict=True)
        ]
        params: Params = jax.tree.unflatten(tree, drawn)
        zeros = jnp.zeros(self.width, jnp.int8)
        return params._replace(
            blocks=tuple(block._replace(forget_bias=zeros, hidden_bias=zeros) for block in params.blocks)
        )

    def perturbation(self, key: Key) -> Params:
        """One individual's: `Factors` for a matrix; for a vector products of two normals, int16, over ONE^2 too."""
        leaves, tree = jax.tree.flatten(self.shapes(), is_leaf=_is_shape)
        sizes = [shape if len(shape) == 2 else shape * 2 for shape in leaves]
        drawn = jnp.split(normals(key, (sum(map(sum, sizes)),)), np.cumsum([0, *map(sum, sizes)])[1:-1])
        made = [_perturbation(each, shape) for each, shape in zip(drawn, leaves, strict=True)]
        return jax.tree.unflatten(tree, made)

    def memory(self) -> Array:
        """What it remembers before the first byte, int8 [layers, W]."""
        return jnp.zeros((self.layers, self.width), jnp.int8)

    def step(self, params: Params, memory: Array, byte: Array) -> tuple[Array, Array]:
        """What it remembers after a byte uint8 [], and logits float32 [256] of the next one, without perturbation."""
        memory, outputs = self.read(params, None, jnp.int32(1), memory, byte)
        return memory, outputs.astype(jnp.float32) * (math.log(2) / ONE)

    def read(
        self, params: Params, noise: Params | None, sign: Array, memory: Array, byte: Array
    ) -> tuple[Array, Array]:
        """The memory int8 [layers, W] after a byte, and outputs int8 [256]: 2^(output / 16) is what it is likely by.

        Args:
            params: of the network.
            noise: the perturbation; None: none.
            sign: int32 [], 1 or -1, of the perturbation.
            memory: before the byte.
            byte: uint8 [].
        """
        x = self._embedded(params.embedding, noise and noise.embedding, sign, byte)
        after = []
        for index, block in enumerate(params.blocks):
            x, state = self._block(block, noise and noise.blocks[index], sign, x, memory[index])
            after.append(state)
        x = self._normed(params.norm, noise and noise.norm, sign, x)
        return jnp.stack(after), self._product(params.output, noise and noise.output, sign, x)

    @property
    def operations(self) -> int:
        """Multiply-adds of a byte, perturbations left out: the embedding is a table."""
        return self.layers * 12 * self.width**2 + 256 * self.width

    @property
    def parameters(self) -> int:
        """Numbers of the network."""
        return sum(math.prod(shape) for shape in jax.tree.leaves(self.shapes(), is_leaf=_is_shape))

    def _block(self, block: Block, noise: Block | None, sign: Array, x: Array, state: Array) -> tuple[Array, Array]:
        """What a layer adds to int8 [W], and its state after it."""
        none = Block(*[None] * len(Block._fields))
        moved = noise or none
        read = self._normed(block.norm, moved.norm, sign, x)
        gate = _cut(
            _wide(self._product(block.forget_input, moved.forget_input, sign, read))
            + _wide(self._product(block.forget_state, moved.forget_state, sign, state))
            + self._vector(block.forget_bias, moved.forget_bias, sign)
        )
        share = _wide(gate) + LARGEST  # 0 to 254, of 256
        past = (share * _wide(state) >> 8).astype(jnp.int8)
        hidden = _cut(
            _wide(self._product(block.hidden_input, moved.hidden_input, sign, read))
            + _wide(self._product(block.hidden_state, moved.hidden_state, sign, past))
            + self._vector(block.hidden_bias, moved.hidden_bias, sign)
        )
        state = _cut(_wide(state) + (share * (_wide(hidden) - _wide(state)) >> 8))
        x = _cut(_wide(x) + _wide(state))
        read = self._normed(block.norm_inner, moved.norm_inner, sign, x)
        inner = jnp.maximum(self._product(block.widen, moved.widen, sign, read), jnp.int8(0))
        return _cut(_wide(x) + _wide(self._product(block.narrow, moved.narrow, sign, inner))), state

    def _product(self, matrix: Array, noise: Factors | None, sign: Array, x: Array) -> Array:
        """Matrix [O, I] times x [I], over the square root of I, int8 [O]."""
        total = _dot(matrix, x)
        if noise is not None:
            along = _dot(noise.columns, x)
            total += along * _wide(noise.rows) * sign >> (POINT + self.sigma_shift)
        return _cut(total // (ONE * math.isqrt(x.size)))

    def _vector(self, vector: Array, noise: Array | None, sign: Array) -> Array:
        """A perturbed vector, int32."""
        return _wide(vector) if noise is None else _wide(_cut(_wide(vector) + self._shifted(_wide(noise) * sign)))

    def _embedded(self, table: Array, noise: Factors | None, sign: Array, byte: Array) -> Array:
        """A row of the table, int8 [W]."""
        row = byte.astype(jnp.int32)
        if noise is None:
            return table[row]
        return _cut(_wide(table[row]) + self._shifted(_wide(noise.columns) * _wide(noise.rows[row]) * sign))

    def _normed(self, gains: Array, noise: Array | None, sign: Array, x: Array) -> Array:
        """Gains times x over the mean magnitude of x, int8 [W]."""
        mean = jnp.maximum(jnp.sum(jnp.abs(_wide(x)), dtype=jnp.int32) // x.size, 1)
        product = _wide(x) * self._vector(gains, noise, sign)
        return _cut(_over(product, mean))

    def _shifted(self, noise: Array) -> Array:
        """A perturbation over ONE^2, times the amplitude, with 4 bits after the point."""
        return noise >> (POINT + self.sigma_shift)


def normals(key: Key, shape: tuple[int, ...]) -> Array:
    """Numbers of a normal distribution of deviation 1, in int8 with 4 bits after the point."""
    return jnp.clip(jnp.round(jax.random.normal(key, shape) * ONE), -LARGEST, LARGEST).astype(jnp.int8)


def log_likelihood(outputs: Array, byte: Array) -> Array:
    """log2 of the probability that outputs int8 [256] give a byte uint8 [], in sixteenths, int32 [].

    Powers of two, and the logarithm of their sum, are rounded down.
    """
    raised = outputs.astype(jnp.int32) + LARGEST + 1
    total = jnp.sum(jnp.asarray(POWERS)[raised], dtype=jnp.int32)
    return raised[byte.astype(jnp.int32)] - (jnp.searchsorted(jnp.asarray(STEPS), total, side="right") - 1)


POWERS = np.exp2(np.arange(256) / ONE + POINT).astype(np.int32)  # 2^(k / 16), with 4 bits after the point
STEPS = np.ceil(np.exp2(np.arange(25 * ONE) / ONE + POINT)).astype(np.int32)  # the least sum whose log2 is k / 16


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, int) for each in value)


def _perturbation(drawn: Array, shape: tuple[int, ...]) -> Any:
    """What normals int8 make for an array of a shape: of a matrix [O, I] they are O + I, of a vector [W] 2 W."""
    first, second = drawn[: shape[0]], drawn[shape[0] :]
    return Factors(first, second) if len(shape) == 2 else first.astype(jnp.int16) * second.astype(jnp.int16)


def _dot(matrix: Array, x: Array) -> Array:
    """The exact product int32 [O]; CPUs multiply floats fastest, which hold the sums of short rows exactly."""
    if jax.default_backend() == "cpu" and x.size <= EXACT:
        return jnp.dot(matrix.astype(jnp.float32), x.astype(jnp.float32)).astype(jnp.int32)
    return jnp.dot(matrix, x, preferred_element_type=jnp.int32)


def _over(numerator: Array, denominator: Array) -> Array:
    """The quotient int32, rounded down, exact for numerators below 2^14 and denominators below 2^7.

    Floats divide faster than integers. The half keeps every quotient further from a whole number than floats err.
    """
    return jnp.floor((numerator.astype(jnp.float32) + 0.5) / denominator.astype(jnp.float32)).astype(jnp.int32)


def _wide(x: Array) -> Array:
    return x.astype(jnp.int32)


def _cut(x: Array) -> Array:
    return jnp.clip(x, -LARGEST, LARGEST).astype(jnp.int8)
