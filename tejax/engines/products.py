"""The products of int8 arrays, and of int32 by int8, exact on every device.

XLA's product of int8 by int8 gives wrong sums on NVIDIA GPUs where the contraction is short and its length is not a
multiple of 4 (seen with JAX 0.11 on an H100: 31 to 43 of the lengths 1 to 70, which ones depends on how the product is
batched; experiments/results/accelerator_exactness.json).
Zeros beyond the end change no sum, so everywhere but on CPUs the contraction is padded. Nothing outside this package
may multiply int8 arrays by itself; a test reads the source for it.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tejax.types import Array, Int8, Int32

__all__ = ["DIGITS", "PADDING", "contract", "contract_int32", "correlate", "sums"]

DIGITS = 2**11  # what `correlate` takes is smaller: of two int8 digits, and exact in float32 for some rows at once
FLOAT_EXACT = 2**24  # float32 holds every integer up to here
PADDING = 32  # the contraction becomes a multiple of it; measured on an H100, faster than 4 and 16 at most lengths
BYTE, BYTES = 8, 4  # bits of a byte, bytes of an int32
PARTS, SHORT = 64, 256  # a long contraction of small matrices is computed in parts, no shorter, which keep a GPU busy


def contract(
    a: Int8[Array, "..."], b: Int8[Array, "..."], axes: tuple[int, int] = (1, 1), accumulate: Any = jnp.int32
) -> Array:
    """The exact product of two int8 matrices along one axis of each.

    Args:
        a: int8, two axes.
        b: int8, two axes.
        axes: of a and of b, along which products are summed.
        accumulate: the type of the sums. int8 will do on a CPU where no sum leaves it; elsewhere sums are int32.

    Returns:
        The sums: what is left of the axes of a, then of b.
    """
    if jax.default_backend() != "cpu":
        accumulate = jnp.int32
        a, b = (_padded(array, axis) for array, axis in zip((a, b), axes, strict=True))
    dimensions = (((axes[0],), (axes[1],)), ((), ()))
    return lax.dot_general(a, b, dimensions, preferred_element_type=accumulate)


def contract_int32(a: Int32[Array, "K M"], b: Int8[Array, "K N"]) -> Int32[Array, "M N"]:
    """The product of two matrices along their first axes, which wraps as int32 does.

    Matrix units take no int32, and a GPU does without them at a tenth of the speed or less. So off CPUs the numbers are
    taken apart into signed bytes, whose products are shifted and added up; all sums wrap alike.
    """
    if jax.default_backend() == "cpu":
        return lax.dot_general(a, b.astype(jnp.int32), (((0,), (0,)), ((), ())), preferred_element_type=jnp.int32)
    parts = min(PARTS, max(1, len(a) // SHORT))
    split = (_blocks(array, parts, -(-len(a) // parts)) for array in (_signed_bytes(a), b))
    sums = jnp.sum(jax.vmap(partial(contract, axes=(0, 0)))(*split), axis=0, dtype=jnp.int32)
    sums = sums.reshape(BYTES, a.shape[1], b.shape[1])
    shifts = BYTE * lax.broadcasted_iota(jnp.int32, sums.shape, 0)
    return jnp.sum(sums << shifts, axis=0, dtype=jnp.int32)


def _blocks(array: Array, count: int, rows: int) -> Array:
    """So many blocks of so many rows of a matrix [K, M], zeros beyond its end."""
    return jnp.pad(array, ((0, count * rows - len(array)), (0, 0))).reshape(count, rows, array.shape[1])


def _signed_bytes(a: Int32[Array, "K M"]) -> Int8[Array, "K 4M"]:
    """The bytes of each number, lowest first, that give it modulo 2^32 where each counts 2^8 times the one before."""
    parts = []
    for _ in range(BYTES):
        parts.append((a & 255).astype(jnp.uint8).astype(jnp.int8))
        a = (a - parts[-1].astype(jnp.int32)) >> BYTE
    return jnp.concatenate(parts, axis=1)


def _padded(array: Array, axis: int) -> Array:
    """The same array, zeros beyond the end of an axis."""
    widths = [(0, -length % PADDING if place == axis else 0) for place, length in enumerate(array.shape)]
    return jnp.pad(array, widths)


def sums(x: Int8[Array, "B F"], w: Int8[Array, "O F"]) -> Int32[Array, "B O"]:
    """The exact sums of trits w times whole numbers x; on a CPU by BLAS, in float32, wherever that is exact."""
    if jax.default_backend() != "cpu" or 2**7 * x.shape[1] > FLOAT_EXACT:
        return contract(x, w)
    return _in_floats(x, w, (1, 1))


def correlate(c: Int32[Array, "B O"], x: Int8[Array, "B F"], reach: int = 127) -> Int32[Array, "O F"]:
    """The exact sums over rows of c times x.

    On a CPU blocks of rows in float32, elsewhere int8 products of the upper and the lower digit of c.

    Args:
        c: from -DIGITS to DIGITS, both excluded.
        x: whole numbers.
        reach: the greatest magnitude of x.
    """
    if jax.default_backend() != "cpu":
        upper, lower = c >> 6, c & 63
        products = (contract(digit.astype(jnp.int8), x, (0, 0)) for digit in (upper, lower))
        return (next(products) << 6) + next(products)
    rows = FLOAT_EXACT // (DIGITS * reach)
    if c.shape[0] <= rows:
        return _in_floats(c, x, (0, 0))
    parts = -(-len(c) // rows)

    def add(done: Array, block: tuple[Array, Array]) -> tuple[Array, None]:
        return done + _in_floats(block[0], block[1], (0, 0)), None

    empty = jnp.zeros((c.shape[1], x.shape[1]), jnp.int32)
    blocks = _blocks(c, parts, rows), _blocks(x, parts, rows)
    summed: Array = lax.scan(add, empty, blocks)[0]
    return summed


def _in_floats(a: Array, b: Array, axes: tuple[int, int]) -> Array:
    """A product of whole numbers in float32, for sums of magnitudes up to FLOAT_EXACT."""
    dimensions = (((axes[0],), (axes[1],)), ((), ()))
    a, b = a.astype(jnp.float32), b.astype(jnp.float32)
    return lax.dot_general(a, b, dimensions, precision=lax.Precision.HIGHEST).astype(jnp.int32)
