"""Mutations, crossovers and selections."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import numpy as np

from tejax import networks, types
from tejax.core import random
from tejax.networks import circle, lookup, tissue
from tejax.networks.layer import Layer
from tejax.registry import CROSSOVERS, MUTATIONS, SELECTIONS
from tejax.testing.exact_items.item import SEED, Item, numbers, some_trits
from tejax.testing.exact_items.parts import network_examples

__all__ = ["operator_items"]

FITNESS = 33  # individuals that selections choose among


def _genomes(name: str) -> tuple[Any, Any]:
    """Two hundred genomes of two layers."""

    def layer(part: str, rows: int, columns: int) -> Any:
        biases: Any = some_trits(name + part + "b", 200, rows, 2)
        weights: Any = some_trits(name + part, 200, rows, columns)
        return Layer(weights, biases)

    return layer("first", 9, 33), layer("second", 3, 9)


def _mutants(mutation: Callable[..., Any], seed: Any, rate: Any, genomes: Any) -> Any:
    keys = jax.random.split(random.key(seed), _rows_of(genomes))
    return jax.vmap(lambda key, genome: mutation(key, genome, rate=rate))(keys, genomes)


def _children(crossover: Callable[..., Any], seed: Any, rate: Any, a: Any, b: Any) -> Any:
    keys = jax.random.split(random.key(seed), _rows_of(a))
    return jax.vmap(lambda key, a, b: crossover(key, a, b, rate=rate))(keys, a, b)


def _parents(select: Callable[..., Any], seed: Any, fitness: list) -> Any:
    keys = jax.random.split(random.key(seed), (len(fitness), 100))
    chosen = jax.vmap(select, in_axes=(0, None))
    return [chosen(some, values) for some, values in zip(keys, fitness, strict=True)]


def _rows_of(tree: Any) -> int:
    """The length of the leading axis."""
    return int(jax.tree.leaves(tree)[0].shape[0])


def operator_items() -> Iterator[Item]:
    """Every operator that is registered, on two hundred genomes."""
    rate = np.float32(0.3)
    for name in MUTATIONS:
        if MUTATIONS.trait(name, "network") is None:
            mutants = partial(_mutants, MUTATIONS.get(name))
            yield Item(f"mutation {name}", "of 200 genomes", mutants, (SEED, rate, _genomes("a")))
    wired = networks.Lookup.random(0, neurons=9, inputs=5, window=1, max_ticks=30)
    fitted: dict[str, tuple[Callable[..., Any], types.Network]] = {
        "tissue.grow": (tissue.mutation.grow(True), network_examples()["tissue"]),
        "tissue.flip_codes": (tissue.mutation.flip_codes(), network_examples()["fixed_tissue"]),
        "circle.mutate": (circle.mutation.mutate, network_examples()["circle"]),
        "single_changes": (lookup.changes.single_changes, network_examples()["autonomous"]),
        "lookup.single_lines": (partial(lookup.mutation.single_lines, neurons=wired.updated), wired),
    }
    for name, (mutation, network) in fitted.items():

        def changed(seed: Any, rate: Any, mutation: Any = mutation, network: Any = network) -> Any:
            init, change = jax.random.split(random.key(seed))
            genomes = jax.vmap(network.init)(jax.random.split(init, 20))
            mutate = jax.vmap(lambda key, genome: mutation(key, genome, rate=rate))
            return mutate(jax.random.split(change, 20), genomes)

        yield Item(f"mutation {name}", "of 20 genomes of its network", changed, (SEED, np.float32(0.9)), quick=False)
    for name in CROSSOVERS:
        given = (SEED, np.float32(0.8), _genomes("a"), _genomes("b"))
        yield Item(f"crossover {name}", "of 200 pairs", partial(_children, CROSSOVERS.get(name)), given)
    for name in SELECTIONS:
        shape = (FITNESS, 11) if SELECTIONS.trait(name, "per_case", False) else (FITNESS,)
        fitness = [
            numbers(name + "ties", shape, 0, 3).astype(np.int32),
            np.full(shape, -7, np.int32),
            numbers(name + "wide", shape, -(2**31), 2**31 - 1).astype(np.int32),
        ]

        words = "100 parents: many ties, all equal, the widest range"
        yield Item(f"selection {name}", words, partial(_parents, SELECTIONS.get(name)), (SEED, fitness))
