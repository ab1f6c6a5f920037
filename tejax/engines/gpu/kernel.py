"""The kernel: one program takes one network and a share of the samples from the inputs to a number."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.engines.gpu import objectives
from tejax.engines.gpu.hidden import hidden_trits
from tejax.engines.gpu.layers import Layer, output_sums
from tejax.engines.gpu.matrices import load_tile
from tejax.engines.gpu.objectives import Objective
from tejax.engines.gpu.saturation import interpreted
from tejax.engines.gpu.tiles import MIN_OUTPUTS, Tiles, layers_in_memory, power_of_two, tile_width
from tejax.engines.populations import Layers, per_array
from tejax.types import Array, Int8, Int32

__all__ = ["Program", "run"]

PRELOADED = 2**14  # weights of a network of few inputs up to which a program reads them once and keeps them
NO_LABEL = -1  # of the samples that fill the last block
NO_SIGN = 2  # of the outputs that fill the last block


class Program(NamedTuple):
    """What the kernel is compiled for."""

    tiles: Tiles
    zones: tuple[int, ...]  # dead zones of the hidden layers
    objective: Objective | None  # None: count the outputs of the wanted sign


def run(program: Program, x: Int8[Array, "B F"], y: Array, layers: Layers) -> Int32[Array, "P"]:
    """The number of every network."""
    tiles, zones = program.tiles, program.zones
    count = x.shape[0]
    columns = tile_width(layers[0][0].shape[-1], tiles.inputs)
    samples = _padded(x, (_multiple(count, tiles.block * tiles.splits), _multiple(x.shape[1], columns)), 0)
    early = layers_in_memory([biases.shape[-1] for _, biases in layers])
    for (weights, biases), zone in zip(layers[:early], zones, strict=False):
        samples = hidden_trits(tiles, samples, weights, biases, zone)
    return _scores(program._replace(zones=zones[early:]), count, samples, y, layers[early:])


def _scores(program: Program, count: int, x: Int8[Array, "... B F"], y: Array, layers: Layers) -> Int32[Array, "P"]:
    """The same for inputs [B, F] of all networks or [P, B, F] of each, with more rows than the `count` samples."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    tiles, objective = program.tiles, program.objective
    population, outputs = layers[-1][1].shape
    rows = x.shape[-2]
    lookups = () if objective is None else tuple(map(jnp.asarray, objectives.tables(objective)))
    if objective is None:
        y = _padded(y, (rows, power_of_two(outputs, MIN_OUTPUTS)), NO_SIGN)
    else:
        y = _padded(y, (rows,), NO_LABEL)

    def shared(array: Array) -> Any:
        return pl.BlockSpec(array.shape, lambda number: (0,) * array.ndim)

    def owned(array: Array) -> Any:
        return pl.BlockSpec(
            (None, *array.shape[1:]), lambda number: (number // tiles.splits,) + (0,) * (array.ndim - 1)
        )

    def grouped(array: Array) -> Any:
        return pl.BlockSpec(
            (networks, *array.shape[1:]), lambda number: (number // tiles.splits,) + (0,) * (array.ndim - 1)
        )

    networks = tiles.networks if x.ndim == 2 and population % tiles.networks == 0 else 1
    blocks = rows // (tiles.block * tiles.splits)
    parameters, structure = jax.tree.flatten(list(layers))
    parts = pl.pallas_call(
        partial(_kernel, program, networks, blocks, rows > count, len(lookups), structure),
        grid=(population // networks * tiles.splits,),
        in_specs=[
            owned(x) if x.ndim == 3 else shared(x),
            *map(shared, (y, *lookups)),
            *jax.tree.leaves(per_array(layers, shared, grouped)),
        ],
        out_specs=pl.BlockSpec((networks, 1), lambda number: (number // tiles.splits, number % tiles.splits)),
        out_shape=jax.ShapeDtypeStruct((population, tiles.splits), jnp.int32),
        compiler_params=triton.CompilerParams(num_warps=tiles.warps, num_stages=tiles.stages),
        interpret=interpreted(),
        name="tejax_perceptron",
    )(x, y, *lookups, *parameters)
    return jnp.sum(parts, axis=1, dtype=jnp.int32)


def _multiple(size: int, of: int) -> int:
    """The smallest positive multiple that is no smaller than `size`."""
    return max(1, -(-size // of)) * of


def _padded(array: Array, shape: tuple[int, ...], value: int) -> Array:
    widths = [(0, wanted - found) for wanted, found in zip(shape, array.shape, strict=True)]
    return jnp.pad(array, widths, constant_values=value)


def _layers(tiles: Tiles, pairs: Sequence[tuple[Any, Any]], network: int, zero: Array) -> list[Layer]:
    *hidden, outputs = [weights.shape[-2] for weights, _ in pairs]
    widths = [*(tile_width(size, tiles.neurons) for size in hidden), power_of_two(outputs, MIN_OUTPUTS)]
    inputs = [tile_width(pairs[0][0].shape[-1], tiles.inputs), *widths[:-1]]
    size = sum(weights.shape[-2] * weights.shape[-1] for weights, _ in pairs)
    preloaded = size <= PRELOADED and pairs[0][0].shape[-1] <= 2 * inputs[0]
    return [
        Layer(weights, biases, network, tiles.block, width, fan_in, preloaded, zero)
        for (weights, biases), width, fan_in in zip(pairs, widths, inputs, strict=True)
    ]


def _kernel(
    program: Program,
    networks: int,
    blocks: int,
    filled: bool,
    lookups: int,
    structure: Any,
    x: Any,
    y: Any,
    *references: Any,
) -> None:
    """One program.

    Args:
        program: what is to be computed.
        networks: how many this program computes, which share the samples that it reads.
        blocks: of samples, in this program.
        filled: some samples of the last block are none.
        lookups: tables of the loss.
        structure: of the tree of layers.
        x: inputs [B, F].
        y: labels [B] or signs [B, O].
        *references: the tables, the arrays of the layers, and the numbers that come out.
    """
    from jax.experimental import pallas as pl

    tiles, number = program.tiles, pl.program_id(0)
    tables, (*parameters, results) = references[:lookups], references[lookups:]
    zero = number * 0  # traced: a slice that begins at a number known to JAX may not reach beyond the edge
    pairs = jax.tree.unflatten(structure, parameters)
    layers = [_layers(tiles, pairs, network, zero) for network in range(networks)]
    first = layers[0][0]
    score = _counter(y) if program.objective is None else _scorer(program.objective, y, tables, filled)

    def add(block: Array, scores: list[Array]) -> list[Array]:
        start = (number % tiles.splits * blocks + block) * tiles.block

        def read(part: Any) -> Array:
            return load_tile(x, (start, zero + part * first.inputs), (tiles.block, first.inputs))

        source = [read(part) for part in range(first.input_tiles)].__getitem__ if first.preloaded else read
        sums = [output_sums(each, program.zones, source) for each in layers]
        return [total + score(each, start) for total, each in zip(scores, sums, strict=True)]

    shape = (tiles.block, y.shape[1]) if program.objective is None else (tiles.block,)
    scores = lax.fori_loop(0, blocks, add, [jnp.zeros(shape, jnp.int32)] * networks)
    for network, total in enumerate(scores):
        results[network, 0] = jnp.sum(total, dtype=jnp.int32)


def _scorer(objective: Objective, y: Any, tables: Sequence[Any], filled: bool) -> Callable[[Array, Array], Array]:
    from jax.experimental.pallas import triton

    lookups = [lambda index, table=table: triton.load(table.at[index]) for table in tables]

    def score(sums: Array, start: Array) -> Int32[Array, "B"]:
        label = load_tile(y, (start,), sums.shape[:1])
        losses = objectives.sample_losses(objective, sums, label, lookups)
        return jnp.where(label == NO_LABEL, jnp.int32(0), losses) if filled else losses

    return score


def _counter(y: Any) -> Callable[[Array, Array], Array]:
    return lambda sums, start: objectives.count_matches(sums, load_tile(y, (start, 0), sums.shape))
