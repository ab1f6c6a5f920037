"""A float recurrent network that gradients train: gated recurrent units between an embedding and an output layer.

Gated recurrent units: Cho et al. 2014, arXiv 1406.1078.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax import nnx

from tejax.baselines.language._methods import Method
from tejax.baselines.language.through_time import Recipe, by_gradients
from tejax.types import Array, Key

__all__ = ["GRU", "gru"]


class _Layers(nnx.Module):
    """The layers."""

    def __init__(self, width: int, rngs: nnx.Rngs) -> None:
        self.embedding = nnx.Embed(256, width, rngs=rngs)
        self.cell = nnx.GRUCell(width, width, rngs=rngs)
        self.output = nnx.Linear(width, 256, rngs=rngs)


@dataclass(frozen=True)
class GRU:
    """The network: an embedding of bytes, one layer of gated recurrent units, and logits of the next byte.

    Attributes:
        width: of the embedding and of the memory; there are about 6 width^2 + 512 width numbers.
    """

    width: int = 144

    def init(self, key: Key) -> Any:
        """Random parameters."""
        return nnx.state(_Layers(self.width, nnx.Rngs(key)), nnx.Param)

    def memory(self) -> Array:
        """What it remembers before the first byte."""
        return jnp.zeros(self.width, jnp.float32)

    def step(self, params: Any, memory: Array, byte: Array) -> tuple[Array, Array]:
        """What it remembers after a byte uint8 [], and logits float32 [256] of the next one."""
        layers = nnx.merge(_graph(self.width), params)
        memory, output = layers.cell(memory, layers.embedding(byte.astype(jnp.int32)))
        return memory, layers.output(output)

    @property
    def operations(self) -> int:
        """Multiply-adds of a byte: the embedding is a table."""
        return 6 * self.width**2 + 256 * self.width


def gru(name: str = "GRU", width: int = 144, recipe: Recipe = Recipe()) -> Method:  # noqa: B008
    """The method that trains the network.

    Args:
        name: in tables.
        width: of the network; 144 makes about 200,000 numbers.
        recipe: how it is trained.
    """
    return by_gradients(name, GRU(width), recipe)


def _graph(width: int) -> Any:
    """The structure of the layers, without numbers."""
    return nnx.graphdef(nnx.eval_shape(lambda: _Layers(width, nnx.Rngs(0))))
