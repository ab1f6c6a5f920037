"""The networks that gradients train, in Flax NNX: dense and convolutional, float or rounded on the way forward."""

import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from tejax.baselines import rounding
from tejax.baselines.rounding import straight_through
from tejax.errors import require
from tejax.types import Array, Key

__all__ = ["KINDS", "Kind", "Net", "Spec"]


class Kind(NamedTuple):
    """What a layer does with its float weights and inputs before it multiplies them.

    Attributes:
        weights: float32 [F, O] -> the same, rounded.
        inputs: float32 [B, F] -> the same, rounded.
        bias: whether a bias is added.
    """

    weights: Callable[[Array], Array]
    inputs: Callable[[Array], Array]
    bias: bool


def _scaled(rounded: Callable[[Array], tuple[Array, Array]]) -> Callable[[Array], Array]:
    """Whole numbers times their scale, with the straight-through gradient: the float shadow is what is trained."""

    def quantised(exact: Array) -> Array:
        values, scale = rounded(exact)
        return straight_through(exact, values * scale)

    return quantised


def _unchanged(x: Array) -> Array:
    return x


def _normed8(x: Array) -> Array:
    """Eight bits a value after an RMS norm, which BitNet puts before every rounding of activations."""
    norm = jnp.sqrt(jnp.mean(x**2, axis=-1, keepdims=True) + rounding.EPSILON)
    return _scaled(rounding.absmax8)(x / norm)


KINDS = {
    "float": Kind(_unchanged, _unchanged, bias=True),
    "twn": Kind(_scaled(rounding.twn), _unchanged, bias=True),
    "bitnet": Kind(_scaled(rounding.absmean), _normed8, bias=False),
    "grid": Kind(_unchanged, _normed8, bias=False),  # BitNet's layer of weights that are trits times a scale already
}


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a network is: everything static.

    Attributes:
        features: sizes from the inputs to the outputs.
        kind: one of `KINDS`: float, twn, bitnet or grid.
        dropout: the share of hidden activations dropped, below 1.
        convolutions: channels of 3 x 3 convolutions of stride 2 before the dense layers; the inputs are a square
            picture.

    Raises:
        InputError: for a size, kind or share out of range.
    """

    features: tuple[int, ...]
    kind: str = "float"
    dropout: float = 0.0
    convolutions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require(
            len(self.features) >= 2 and min(self.features) >= 1, "two or more positive sizes", features=self.features
        )
        require(self.kind in KINDS, f"one of {list(KINDS)}", kind=self.kind)
        require(0 <= self.dropout < 1, "from 0 to below 1", dropout=self.dropout)
        square = not self.convolutions or self.side**2 == self.features[0]
        require(square, "a square number of inputs for convolutions", features=self.features)

    @property
    def side(self) -> int:
        """The width of the picture, in pixels."""
        return math.isqrt(self.features[0])

    @property
    def matrices(self) -> list[tuple[int, int]]:
        """(fan-in, neurons) of every layer; a convolution's kernel is one matrix."""
        channels = (1, *self.convolutions)
        kernels = [(9 * below, above) for below, above in itertools.pairwise(channels)]
        side = self.side
        for _ in self.convolutions:
            side = -(-side // 2)
        first = side**2 * channels[-1] if self.convolutions else self.features[0]
        sizes = (first, *self.features[1:])
        return [*kernels, *itertools.pairwise(sizes)]

    def build(self, key: Key) -> tuple[Any, Any]:
        """A random network as NNX splits it: its definition (static) and its parameters (a pytree of float32)."""
        return nnx.split(Net(self, rngs=nnx.Rngs(key)))


class Weights(nnx.Module):
    """A matrix [F, O] and a bias [O], He-initialised, that are rounded as the kind says whenever they are used."""

    def __init__(self, fan_in: int, neurons: int, kind: str, *, rngs: nnx.Rngs) -> None:
        self.kind = kind
        self.kernel = nnx.Param(jax.random.normal(rngs.params(), (fan_in, neurons)) * math.sqrt(2 / fan_in))
        if KINDS[kind].bias:
            self.bias = nnx.Param(jnp.zeros(neurons, jnp.float32))

    def __call__(self, x: Array) -> Array:
        """The sums float32 [..., O] for x float32 [..., F]."""
        kind = KINDS[self.kind]
        sums = kind.inputs(x) @ kind.weights(self.kernel[...])
        return sums + jnp.broadcast_to(self.bias[...], sums.shape) if kind.bias else sums


class Net(nnx.Module):
    """Convolutions, if any, then dense layers; ReLU between them."""

    def __init__(self, spec: Spec, *, rngs: nnx.Rngs) -> None:
        self.spec = spec
        layers = (Weights(fan_in, neurons, spec.kind, rngs=rngs) for fan_in, neurons in spec.matrices)
        self.layers = nnx.Sequential(*layers)

    def __call__(self, x: Array, key: Key | None = None) -> Array:
        """The outputs float32 [B, O] for x float32 [B, F]; a key switches dropout on."""
        layers = list(self.layers.layers)
        if self.spec.convolutions:
            x = x.reshape(-1, self.spec.side, self.spec.side, 1)
            for layer in layers[: len(self.spec.convolutions)]:
                x = jax.nn.relu(layer(_patches(x)))
            x = x.reshape(x.shape[0], -1)
        *hidden, last = layers[len(self.spec.convolutions) :]
        for index, layer in enumerate(hidden):
            x = jax.nn.relu(layer(x))
            if key is not None and self.spec.dropout:
                kept = jax.random.bernoulli(jax.random.fold_in(key, index), 1 - self.spec.dropout, x.shape)
                x = jnp.where(kept, x / (1 - self.spec.dropout), 0)
        return last(x)


def _patches(x: Array) -> Array:
    """The 3 x 3 surroundings of every second pixel, [B, H/2, W/2, 9 C], zeros beyond the edge."""
    padded = jnp.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = x.shape[1:3]
    shifted = [padded[:, i : i + height : 2, j : j + width : 2] for i in range(3) for j in range(3)]
    return jnp.concatenate(shifted, axis=-1)
