"""Whole numbers of a small range as planes of trits.

A number from -L to L is the sum of L trits, its sign once for each unit of its magnitude; or the sum of one trit for
each bit of its magnitude, times the bit's worth.
"""

import jax.numpy as jnp

from tejax.types import Array, Int8, Trits

__all__ = ["bit_planes", "unit_planes"]


def unit_planes(x: Int8[Array, "B F"], levels: int) -> Trits:
    """The trits [B, L * F] whose planes add up to x: plane l holds the signs of what is of a magnitude above l.

    Args:
        x: whole numbers from -L to L.
        levels: L.
    """
    below = jnp.arange(levels, dtype=jnp.int8)[None, :, None]
    numbers = x[:, None]
    signs = (numbers > below).astype(jnp.int8) - (numbers < -below).astype(jnp.int8)
    return signs.reshape(x.shape[0], levels * x.shape[1])


def bit_planes(x: Int8[Array, "B F"], levels: int) -> Trits:
    """The trits [B, K * F] whose planes times 1, 2, 4 and so on add up to x, K being the bits of L.

    Args:
        x: whole numbers from -L to L.
        levels: L.
    """
    bits = jnp.arange(levels.bit_length(), dtype=jnp.int8)[None, :, None]
    numbers = x[:, None]
    signs = jnp.sign(numbers) * (jnp.abs(numbers) >> bits & jnp.int8(1))
    return signs.reshape(x.shape[0], levels.bit_length() * x.shape[1])
