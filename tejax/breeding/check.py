"""The kernel that breeds proves itself: every built-in crossover and mutation against NumPy, given the same draws."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.breeding.kernel import Plan, make_children
from tejax.core import random
from tejax.engines import gpu, selftest
from tejax.operators.tritwise import drawing
from tejax.registry import CROSSOVERS, MUTATIONS
from tejax.types import Array, Key

__all__ = ["NAME", "check_breeding"]

NAME = "gpu breeding"  # among the outcomes of self-tests
SHAPES = ((33, 80), (5, 7), (33,), (3, 2, 48))  # of leaves whose rows are whole chunks, and of others
PARENTS, CHILDREN, KEPT = 5, 9, 1
RATE = 0.3
PAIRS = (("uniform", "flip"), ("by_neuron", "step"), ("one_point", "reset"), ("two_point", "single"))


def check_breeding() -> str:
    """`ready`, or with which operators the kernel differs from NumPy."""
    rng = np.random.default_rng(0)
    parents = [rng.integers(-1, 2, (PARENTS, *shape)).astype(np.int8) for shape in SHAPES]
    chosen = rng.integers(0, PARENTS, (2, CHILDREN)).astype(np.int32)

    @jax.jit
    def everything(parents: list[Array], chosen: Array) -> list[tuple[Plan, list[Array]]]:
        keys = jax.random.split(random.key(0), (len(PAIRS), CHILDREN))
        kept = jnp.arange(CHILDREN) < KEPT
        plans = [
            jax.vmap(partial(_plan, pair))(own, chosen[0], chosen[1], kept)
            for pair, own in zip(PAIRS, keys, strict=True)
        ]
        return [(plan, make_children(parents, plan)) for plan in plans]

    found = jax.tree.map(np.asarray, everything(parents, chosen))
    wrong = [
        " and ".join(pair)
        for pair, (plan, children) in zip(PAIRS, found, strict=True)
        if not all(map(np.array_equal, children, _expected(pair, plan, parents)))
    ]
    return f"{selftest.WRONG}{', '.join(wrong)}" if wrong else selftest.READY


def _plan(pair: tuple[str, str], key: Key, first: Array, second: Array, kept: Array) -> Plan:
    crossing, changing = jax.random.split(key)
    genome = [jax.ShapeDtypeStruct(shape, jnp.int8) for shape in SHAPES]
    crosses, mutates = drawing(CROSSOVERS[pair[0]]), drawing(MUTATIONS[pair[1]])
    assert crosses is not None
    assert mutates is not None
    crossed = crosses(crossing, genome, genome, rate=jnp.float32(1 - RATE))
    return Plan(kept, first, second, crossed, mutates(changing, genome, rate=jnp.float32(RATE)))


def _expected(pair: tuple[str, str], plan: Plan, parents: list[np.ndarray]) -> list[np.ndarray]:
    """What NumPy makes of the draws of all children: leaves [N, ...]."""
    children = []
    for number in range(CHILDREN):
        first, second = ([leaf[which[number]] for leaf in parents] for which in (plan.first, plan.second))
        assert plan.crossing is not None
        crossed, *where = (draw[number] for draw in jax.tree.leaves(plan.crossing))
        masks = [crossed & mask for mask in _from_second(pair[0], where)]
        made = [np.where(*leaf) for leaf in zip(masks, second, first, strict=True)]
        changed = _changed(pair[1], [draw[number] for draw in jax.tree.leaves(plan.changing)], made)
        children.append(first if plan.kept[number] else changed)
    return [np.stack(leaves) for leaves in zip(*children, strict=True)]


def _from_second(name: str, draws: list[np.ndarray]) -> list[np.ndarray]:
    if name == "uniform":
        return [_coin(seeds, shape) for *seeds, shape in zip(*draws, SHAPES, strict=True)]
    if name == "by_neuron":  # leaves of equally many rows share them
        rows = sorted({shape[0] for shape in SHAPES})
        coins = [_coin([seed[rows.index(shape[0])] for seed in draws], shape[:1]) for shape in SHAPES]
        pairs = zip(coins, SHAPES, strict=True)
        return [np.broadcast_to(coin.reshape(-1, *[1] * (len(shape) - 1)), shape) for coin, shape in pairs]
    low, high = (*draws, math.inf)[:2]
    return [(places >= low) & (places < high) for places in _places()]


def _changed(name: str, draws: list[np.ndarray], trits: list[np.ndarray]) -> list[np.ndarray]:
    if name == "single":
        touched, ups = [places == draws[0] for places in _places()], [draws[1] > 0] * len(SHAPES)
    else:
        *seeds, threshold = draws
        words = [_words(pair, math.prod(shape)).reshape(shape) for *pair, shape in zip(*seeds, SHAPES, strict=True)]
        touched, ups = [each >> 1 < threshold for each in words], [each & 1 == 1 for each in words]
    moved = [leaf + np.where(up, 1, -1) for leaf, up in zip(trits, ups, strict=True)]
    wanted = [np.clip(each, -1, 1) if name == "step" else (each + 1) % 3 - 1 for each in moved]
    return [np.where(*leaf).astype(np.int8) for leaf in zip(touched, wanted, trits, strict=True)]


def _places() -> list[np.ndarray]:
    ends = np.cumsum([math.prod(shape) for shape in SHAPES])
    return [np.arange(end - math.prod(shape), end).reshape(shape) for end, shape in zip(ends, SHAPES, strict=True)]


def _coin(seeds: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    """The bits of words of 32 that begin anew in every row."""
    *rows, size = shape
    words = _words(seeds, math.prod(rows) * -(-size // 32)).astype("<u4").reshape(*rows, -1)
    return np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little")[..., :size] == 1


def _words(seeds: Sequence[Any], count: int) -> np.ndarray:
    """The hash of the numbers from 0 up, mixed twice, uint32."""
    words = np.arange(count, dtype=np.uint32)
    for seed in seeds:
        words = words ^ seed
        words = (words ^ (words >> 16)) * np.uint32(0x7FEB352D)
        words = (words ^ (words >> 15)) * np.uint32(0x846CA68B)
        words = words ^ (words >> 16)
    return words


selftest.CHECKS[NAME] = selftest.Check(check_breeding, gpu.status)
