"""Sums of fitness that cannot wrap: they stop at the ends of int32, and the least fitness there is stays the least."""

import jax.numpy as jnp
import numpy as np

from tejax.types import Array, Int32

__all__ = ["GREATEST", "LEAST", "LEAST_FIGURE", "total"]

LEAST = -(2**31)  # of an individual that has none, because its episode diverged, say: below that of any other
GREATEST = 2**31 - 1
LEAST_FIGURE = -float(np.finfo(np.float32).max)  # what people are shown in its place: finite, as JSON wants it


def total(cases: Int32[Array, "... C"]) -> Int32[Array, "..."]:
    """The sum over cases, cut to -GREATEST .. GREATEST, and LEAST where any case is LEAST.

    The sum before the cut is exact, of any number of cases in any order: numbers are added in digits that are narrow
    enough for no sum of them to wrap, and what is carried goes to the next digit.
    """
    width = 31 - cases.shape[-1].bit_length()  # bits of a digit
    shift, carry, low = 0, jnp.int32(0), jnp.int32(0)
    while shift + width < 32:
        digit = jnp.sum((cases >> shift) & ((1 << width) - 1), axis=-1, dtype=jnp.int32) + carry
        low = low | ((digit & ((1 << width) - 1)) << shift)
        shift, carry = shift + width, digit >> width
    top = jnp.sum(cases >> shift, axis=-1, dtype=jnp.int32) + carry  # the last digit has the sign
    limit = 1 << (31 - shift)
    whole = jnp.where(top >= limit, GREATEST, jnp.where(top < -limit, -GREATEST, (top << shift) | low))
    return jnp.where(jnp.any(cases == LEAST, axis=-1), jnp.int32(LEAST), jnp.maximum(whole, -GREATEST))
