"""A perceptron's summed loss as one kernel: nothing but that number leaves the chip.

Every function is written for one network; `vmap` over networks makes them the grid of one kernel.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tejax.engines.gpu import kernel, objectives
from tejax.engines.gpu.kernel import Program
from tejax.engines.gpu.matrices import specs
from tejax.engines.gpu.objectives import Objective
from tejax.engines.gpu.saturation import interpreted
from tejax.engines.gpu.tiles import Tiles, check_features, choose_tiles
from tejax.engines.low_rank import LowRankMatrix, Matrix
from tejax.errors import require
from tejax.types import Array, Int8, Int32, Trits

__all__ = ["available", "perceptron_loss", "perceptron_matches", "reach", "status"]

ALIGNED = 32  # rows of weights are filled up to a multiple of this many bytes where they are not one of 16
Layers = Sequence[tuple[Matrix, Int32[Array, "O"]]]  # weights [O, F] or of low rank, and biases [O], of each layer


def status() -> str:
    """`ready`, or why the kernel cannot be used; TEJAX_FUSED=interpret runs it anywhere, slowly, as tests do."""
    ready = interpreted() or jax.default_backend() == "gpu"
    return "ready" if ready else f"for GPUs only, not for a {jax.default_backend()}"


def available() -> bool:
    """Can the kernel be used?"""
    return status() == "ready"


def perceptron_loss(
    x: Int8[Array, "B F"],
    y: Int32[Array, "B"],
    layers: Layers,
    zones: tuple[int, ...],
    loss: str = "cross_entropy",
    temperature: tuple[int, int] = (1, 1),
    tiles: Tiles | None = None,
) -> Int32[Array, ""]:
    """The summed loss of one network, the same int32 as `fixedpoint.total` gives of its outputs.

    Args:
        x: inputs, int8.
        y: labels, 0 to O - 1.
        layers: weights, trits [O, F] or of low rank, and biases, int32 [O], of each layer.
        zones: the dead zone of each hidden layer, at least 0.
        loss: a loss that is registered in `fixedpoint`, by name.
        temperature: of that loss.
        tiles: how the work is cut; None: as measured. It changes no result.

    Returns:
        The sum over samples, each loss halved as often as `fixedpoint.halvings` says.

    Raises:
        InputError: without a GPU, for shapes that do not fit one another or the kernel, and for an unknown loss.
    """
    features = _features(x, layers, zones)
    objective = objectives.make_objective(loss, temperature, features[-1], x.shape[0])
    require(y.shape == x.shape[:1], f"one label for each of {x.shape[0]} samples", y=y.shape)
    return _evaluate(features, zones, objective, x, y, layers, tiles)


def perceptron_matches(
    x: Int8[Array, "B F"],
    y: Int8[Array, "B O"],
    layers: Layers,
    zones: tuple[int, ...],
    tiles: Tiles | None = None,
) -> Int32[Array, ""]:
    """How many outputs of one network have the sign that is wanted, over all samples.

    Args:
        x: inputs, int8.
        y: wanted signs, -1, 0 or +1.
        layers: weights, trits [O, F] or of low rank, and biases, int32 [O], of each layer.
        zones: the dead zone of each hidden layer, at least 0.
        tiles: how the work is cut; None: as measured. It changes no result.

    Returns:
        The number of (sample, output) pairs.

    Raises:
        InputError: without a GPU, and for shapes that do not fit one another or the kernel.
    """
    features = _features(x, layers, zones)
    wanted = (x.shape[0], features[-1])
    require(y.shape == wanted, f"a sign for each sample and output, {wanted}", y=y.shape)
    return _evaluate(features, zones, None, x, y, layers, tiles)


def _features(x: Array, layers: Layers, zones: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of the network, once they are known to fit one another."""
    require(available(), f"another one here: the gpu engine is {status()}", engine="gpu")
    features = (x.shape[-1], *(weights.shape[0] for weights, _ in layers))
    shapes = [(weights.shape, biases.shape) for weights, biases in layers]
    wanted = [((o, f), (o,)) for f, o in itertools.pairwise(features)]
    require(len(layers) > 0 and shapes == wanted, f"of shapes {wanted} for {features[0]} inputs", layers=shapes)
    require(len(zones) == len(layers) - 1, f"{len(layers) - 1}, one for each hidden layer", zones=zones)
    require(min([0, *zones]) >= 0, "at least 0", zones=zones)
    check_features(features, [reach(weights) for weights, _ in layers])
    return features


def _evaluate(
    features: tuple[int, ...],
    zones: tuple[int, ...],
    objective: Objective | None,
    x: Array,
    y: Array,
    layers: Layers,
    tiles: Tiles | None,
) -> Int32[Array, ""]:
    bounds = [128 * reach(weights) for weights, _ in layers[:-1]]  # no sum is larger, whatever int8 comes in
    zones = tuple(min(zone, most) for zone, most in zip(zones, bounds, strict=True))
    bounded = [
        (weights, jnp.clip(biases, jnp.int32(-most - zone - 1), jnp.int32(most + zone + 1)))
        for (weights, biases), most, zone in zip(layers[:-1], bounds, zones, strict=True)
    ]
    rows = [(_of_one(weights), biases[None]) for weights, biases in (*bounded, layers[-1])]
    return _of_population(features, zones, objective, tiles)(x, y, rows)[0]


def reach(weights: Matrix) -> int:
    """The largest sum of products with trits."""
    return weights.shape[-1] * (1 + weights.rows.shape[-1] if isinstance(weights, LowRankMatrix) else 1)


def _of_one(weights: Matrix) -> Matrix:
    """The matrix of a population of one, as the kernel reads it."""
    if not isinstance(weights, LowRankMatrix):
        return _aligned(weights)[None]
    return LowRankMatrix(_aligned(weights.base), weights.rows.T[None], _aligned(weights.columns)[None])


def _aligned(weights: Trits) -> Trits:
    """Weights with zero synapses behind, so that a row begins at a multiple of 16 bytes."""
    fan_in = weights.shape[-1]
    return weights if fan_in % 16 == 0 else jnp.pad(weights, ((0, 0), (0, -fan_in % ALIGNED)))


def _of_population(
    features: tuple[int, ...], zones: tuple[int, ...], objective: Objective | None, tiles: Tiles | None
) -> Any:
    """The function of x, y and layers [P, ...] that gives the numbers, int32 [P], and stays one kernel under `vmap`."""

    @jax.custom_batching.custom_vmap
    def evaluate(x: Array, y: Array, layers: Any) -> Int32[Array, "P"]:
        chosen = tiles or choose_tiles(features, x.shape[0], layers[0][1].shape[0])
        return kernel.run(Program(chosen, zones, objective), x, y, layers)

    @evaluate.def_vmap
    def _(size: int, batched: Any, *arguments: Any) -> tuple[Array, bool]:
        given, structure = jax.tree.flatten(arguments)
        shared = True, True, *jax.tree.leaves(specs(arguments[2], lambda _: True, lambda _: False))
        marked = list(zip(given, jax.tree.leaves(batched), shared, strict=True))
        if any(is_batched and is_shared for _, is_batched, is_shared in marked):
            # other samples for each, or another base: one kernel after the other

            def each(row: list[Array]) -> Array:
                own = iter(row)
                leaves = [next(own) if is_batched else leaf for leaf, is_batched, _ in marked]
                return evaluate(*jax.tree.unflatten(structure, leaves))

            return lax.map(each, [leaf for leaf, is_batched, _ in marked if is_batched]), True

        def flat(leaf: Array, is_batched: bool) -> Array:
            leaf = leaf if is_batched else jnp.broadcast_to(leaf, (size, *leaf.shape))
            return leaf.reshape(-1, *leaf.shape[2:])

        joined = [leaf if is_shared else flat(leaf, is_batched) for leaf, is_batched, is_shared in marked]
        return evaluate(*jax.tree.unflatten(structure, joined)).reshape(size, -1), True

    return evaluate
