"""What the kernels of a perceptron's loss share: they take whole populations, and layers whose sums stay small."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tejax.engines.low_rank import LowRankMatrix, Matrix
from tejax.types import Array, Int32, Trits

__all__ = ["Layers", "bounded", "one_of_population", "per_array", "reach"]

ALIGNED = 32  # rows of weights are filled up to a multiple of this many bytes where they are not one of 16
# weights [O, F] and biases int32 [O], layer after layer; of a population, a matrix of low rank has one base for all:
# base [O, F], rows [P, r, O], columns [P, r, F]
Layers = Sequence[tuple[Matrix, Int32[Array, "O"]]]


def reach(weights: Matrix) -> int:
    """The largest sum of products with trits."""
    return weights.shape[-1] * (1 + weights.rows.shape[-1] if isinstance(weights, LowRankMatrix) else 1)


def bounded(layers: Layers, zones: tuple[int, ...]) -> tuple[Layers, tuple[int, ...]]:
    """Layers and dead zones that give the same trits, the biases and zones of hidden layers no larger than they need.

    Args:
        layers: of a network.
        zones: the dead zone of each hidden layer, at least 0.
    """
    most = [128 * reach(weights) for weights, _ in layers[:-1]]  # no sum is larger, whatever int8 comes in
    zones = tuple(min(zone, limit) for zone, limit in zip(zones, most, strict=True))
    hidden = [
        (weights, jnp.clip(biases, jnp.int32(-limit - zone - 1), jnp.int32(limit + zone + 1)))
        for (weights, biases), limit, zone in zip(layers[:-1], most, zones, strict=True)
    ]
    return [*hidden, layers[-1]], zones


def per_array(layers: Layers, shared: Callable[[Array], Any], owned: Callable[[Array], Any]) -> list[Any]:
    """A value for each array of a population's layers.

    Args:
        layers: of the population.
        shared: gives that of an array that all networks have in common.
        owned: gives that of an array with a row for each network.
    """

    def of_matrix(weights: Matrix) -> Any:
        if isinstance(weights, LowRankMatrix):
            return LowRankMatrix(shared(weights.base), owned(weights.rows), owned(weights.columns))
        return owned(weights)

    return [(of_matrix(weights), owned(biases)) for weights, biases in layers]


def one_of_population(
    evaluate: Callable[[Array, Array, Any], Int32[Array, "P"]], x: Array, y: Array, layers: Layers
) -> Int32[Array, ""]:
    """The number of one network, by a function of populations, which stays one call under `vmap` over networks.

    Args:
        evaluate: from x, y and layers [P, ...], their rows aligned, to the numbers.
        x: inputs of all networks.
        y: what is wanted of them.
        layers: of the network.
    """

    @jax.custom_batching.custom_vmap
    def whole(x: Array, y: Array, layers: Any) -> Int32[Array, "P"]:
        return evaluate(x, y, layers)

    @whole.def_vmap
    def _(size: int, batched: Any, *arguments: Any) -> tuple[Array, bool]:
        leaves, structure = jax.tree.flatten(arguments)
        shared = True, True, *jax.tree.leaves(per_array(arguments[2], lambda _: True, lambda _: False))
        marked = list(zip(leaves, jax.tree.leaves(batched), shared, strict=True))
        if any(is_batched and is_shared for _, is_batched, is_shared in marked):
            # other samples for each, or another base: one call after the other

            def each(row: list[Array]) -> Array:
                own = iter(row)
                given = [next(own) if is_batched else leaf for leaf, is_batched, _ in marked]
                return whole(*jax.tree.unflatten(structure, given))

            return lax.map(each, [leaf for leaf, is_batched, _ in marked if is_batched]), True

        def flat(leaf: Array, is_batched: bool) -> Array:
            leaf = leaf if is_batched else jnp.broadcast_to(leaf, (size, *leaf.shape))
            return leaf.reshape(-1, *leaf.shape[2:])

        joined = [leaf if is_shared else flat(leaf, is_batched) for leaf, is_batched, is_shared in marked]
        return whole(*jax.tree.unflatten(structure, joined)).reshape(size, -1), True

    found: Array = whole(x, y, [(_alone(weights), biases[None]) for weights, biases in layers])[0]
    return found


def _alone(weights: Matrix) -> Matrix:
    """The matrix of a population of one."""
    if isinstance(weights, LowRankMatrix):
        return LowRankMatrix(_aligned(weights.base), weights.rows.T[None], _aligned(weights.columns)[None])
    return _aligned(weights)[None]


def _aligned(weights: Trits) -> Trits:
    """Weights with zero synapses behind, so that a row begins at a multiple of 16 bytes."""
    fan_in = weights.shape[-1]
    return weights if fan_in % 16 == 0 else jnp.pad(weights, ((0, 0), (0, -fan_in % ALIGNED)))
