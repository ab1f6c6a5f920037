"""Engines, the primitives of JAX that integers rest on, and random numbers."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import engines, trits
from tejax.core import packing, random
from tejax.engines import selftest
from tejax.testing.exact_items.item import SEED, Item, numbers, some_trits

__all__ = ["engine_items", "primitive_items", "random_items"]


def engine_items() -> Iterator[Item]:
    """Every engine and every check, held against NumPy."""
    least, most = selftest.FAN_INS[0], max(n for n in selftest.FAN_INS if n <= 70)
    for name in engines.ENGINES:
        yield Item(f"engine {name}", f"sums of length {least} to {most} and odd ones, hidden layers", engine=name)
    for name in selftest.CHECKS:
        yield Item(name, "whole losses, or ratings, in one kernel", engine=name)


def primitive_items() -> Iterator[Item]:
    """What JAX's own operations give at the ends of int32, and where values are equal."""
    tied = numbers("tied", (6, 50), -3, 3).astype(np.int32)
    wide = numbers("wide", (40, 33), -(2**31), 2**31 - 1).astype(np.int32)
    small = (numbers("divisors", (40, 33), 1, 97) * (1 - 2 * numbers("signs", (40, 33), 0, 1))).astype(np.int32)
    shift = numbers("shifts", (40, 33), 0, 31).astype(np.int32)

    def argsort(x: np.ndarray) -> np.ndarray:
        return np.argsort(-x.astype(np.int64), axis=-1, kind="stable").astype(np.int32)

    yield Item(
        "top_k",
        "the first of equals, in order",
        lambda x: [lax.top_k(x, k)[1] for k in (1, 2, 8, 31, 50)],
        (tied,),
        oracle=lambda x: [argsort(x)[:, :k] for k in (1, 2, 8, 31, 50)],
    )
    yield Item(
        "argmax, argmin",
        "the first of equals",
        lambda x: [f(x, axis=axis).astype(jnp.int32) for f in (jnp.argmax, jnp.argmin) for axis in (0, 1)],
        (tied,),
        oracle=lambda x: [f(x, axis=axis).astype(np.int32) for f in (np.argmax, np.argmin) for axis in (0, 1)],
    )
    yield Item(
        "argsort, sort",
        "stable, ascending and descending, int32 and uint32",
        lambda x: [
            jnp.argsort(x, axis=-1, descending=True, stable=True).astype(jnp.int32),
            jnp.argsort(x, axis=-1, stable=True).astype(jnp.int32),
            jnp.sort(x, axis=-1),
            jnp.sort(x.astype(jnp.uint32), axis=-1),
        ],
        (tied,),
        oracle=lambda x: [
            argsort(x),
            np.argsort(x, axis=-1, kind="stable").astype(np.int32),
            np.sort(x, axis=-1),
            np.sort(x.astype(np.uint32), axis=-1),
        ],
    )
    yield Item(
        "int32 sums",
        "that leave int32 and wrap, along each axis, and running ones",
        lambda x: [jnp.sum(x, axis=axis, dtype=jnp.int32) for axis in (None, 0, 1)] + [jnp.cumsum(x, axis=1)],
        (wide,),
        oracle=lambda x: (
            [np.sum(x, axis=axis, dtype=np.int32) for axis in (None, 0, 1)] + [np.cumsum(x, axis=1, dtype=np.int32)]
        ),
    )
    yield Item(
        "division",
        "// and % of either sign, of a uint32 too",
        lambda a, b: [a // b, a % b, a.astype(jnp.uint32) // jnp.abs(b).astype(jnp.uint32)],
        (wide, small),
        oracle=lambda a, b: [a // b, a % b, a.astype(np.uint32) // np.abs(b).astype(np.uint32)],
    )
    yield Item(
        "shifts",
        "left, right with and without sign, leading zeros, bits set",
        lambda a, s: [
            a << s,
            a >> s,
            a.astype(jnp.uint32) >> s.astype(jnp.uint32),
            lax.clz(a.astype(jnp.uint32) >> s.astype(jnp.uint32)).astype(jnp.int32),
            lax.population_count(a),
        ],
        (wide, shift),
        oracle=lambda a, s: [
            a << s,
            a >> s,
            a.astype(np.uint32) >> s.astype(np.uint32),
            np.array([[32 - int(v).bit_length() for v in row] for row in a.astype(np.uint32) >> s.astype(np.uint32)])
            .astype(np.int32),
            np.array([[int(v).bit_count() for v in row] for row in a.astype(np.uint32)]).astype(np.int32),
        ],
    )  # fmt: skip
    yield Item(
        "rates",
        "float32 times a power of two, and whole numbers of it",
        lambda r: [(r * jnp.float32(2.0**31)).astype(jnp.uint32), (r * jnp.float32(2 / 3)).astype(jnp.float32)],
        ((np.arange(1000) / 999.0).astype(np.float32),),
        oracle=lambda r: [(r * np.float32(2.0**31)).astype(np.uint32), r * np.float32(2 / 3)],
    )
    yield Item(
        "int8 sums and choices",
        "int8 summed as int32, where, sign, clip, compared",
        lambda x: [
            jnp.sum(x, axis=1, dtype=jnp.int32),
            jnp.where(x < 0, -x, x),
            jnp.sign(x),
            jnp.clip(x, jnp.int8(-3), jnp.int8(5)),
        ],
        (numbers("bytes", (7, 4001), -127, 127).astype(np.int8),),
        oracle=lambda x: [np.sum(x, axis=1, dtype=np.int32), np.abs(x), np.sign(x), np.clip(x, -3, 5)],
    )
    yield Item(
        "packing",
        "bit planes along each axis, base 3, whole genomes; and back",
        _packed,
        (some_trits("packing", 3, 70),),
    )


def _packed(x: Any) -> Any:
    planes = packing.pack(x)
    genome = packing.pack_genome((x, x[:1]))
    base3 = packing.to_base3(x)
    return [
        *(planes, packing.pack(x, 0), base3, genome.planes),
        *(packing.unpack(planes, x.shape[-1]), packing.from_base3(base3, x.shape), *packing.unpack_genome(genome)),
    ]


def random_items() -> Iterator[Item]:
    """What is drawn, of several shapes."""
    shapes = ((), (1,), (33,), (5, 64), (3, 7, 31))

    def drawn(draw: Callable[..., Any], seed: Any) -> Any:
        keys = jax.random.split(random.key(seed), len(shapes))
        return [draw(key, shape) for key, shape in zip(keys, shapes, strict=True)]

    draws: dict[str, Callable[..., Any]] = {
        "bits": random.bits,
        "bits16": random.bits16,
        "coin": random.coin,
        "events": lambda key, shape: random.events(key, shape, jnp.float32(0.1)),
        "randint": lambda key, shape: [
            random.randint(each, shape, bound)
            for each, bound in zip(jax.random.split(key, 3), (3, 70_001, 2**31 - 1), strict=True)
        ],
        "trits": lambda key, shape: trits.sample(key, shape, 0.4),
    }
    for name, draw in draws.items():
        yield Item(f"random {name}", f"of shapes {', '.join(map(str, shapes))}", partial(drawn, draw), (SEED,))
