"""A perceptron's summed loss as one kernel: nothing but that number leaves the chip.

Every function is written for one network; `vmap` over networks makes them the grid of one kernel.
"""

import itertools

import jax
import jax.numpy as jnp

from tejax.engines.gpu import kernel, objectives
from tejax.engines.gpu.kernel import Program
from tejax.engines.gpu.objectives import Objective
from tejax.engines.gpu.saturation import interpreted
from tejax.engines.gpu.tiles import Tiles, check_features, choose_tiles, layers_in_memory
from tejax.engines.populations import Layers, bounded, one_of_population, per_array, reach
from tejax.errors import require
from tejax.types import Array, Int8, Int32

__all__ = ["available", "perceptron_loss", "perceptron_matches", "status"]

# bytes of an array in which Pallas's offsets, signed 32-bit numbers, find everything, however its rows are filled up
ADDRESSED = 2**30


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
    layers, zones = bounded(layers, zones)

    def evaluate(x: Array, y: Array, layers: Layers) -> Int32[Array, "P"]:
        population = layers[0][1].shape[0]
        most = max(1, ADDRESSED // _widest(features, x.shape[0]))
        program = Program(tiles or choose_tiles(features, x.shape[0], min(population, most)), zones, objective)

        def share(start: int) -> Layers:
            return per_array(layers, lambda array: array, lambda array: array[start : start + most])

        parts = [kernel.run(program, x, y, share(start)) for start in range(0, population, most)]
        return jnp.concatenate(parts)

    return one_of_population(evaluate, x, y, layers)


def _widest(features: tuple[int, ...], samples: int) -> int:
    """The most bytes of a network in one array: weights, or trits of a layer that do not stay on the chip."""
    weights = [fan_in * neurons for fan_in, neurons in itertools.pairwise(features)]
    early = layers_in_memory(list(features[1:]))
    return max(*weights, *(samples * neurons for neurons in features[1 : 1 + early]), 1)
