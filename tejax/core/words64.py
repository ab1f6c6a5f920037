"""64-bit words without 64-bit mode: two 32-bit halves, the lower one first, and what Qubic's scorers do with them."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.types import Array, UInt32

__all__ = ["halved", "remainder", "split_words"]


def split_words(words: np.ndarray) -> np.ndarray:
    """64-bit words [...] in halves, uint32 [..., 2], the lower one first."""
    words = np.asarray(words, np.uint64)
    return np.stack([words & np.uint64(0xFFFFFFFF), words >> np.uint64(32)], axis=-1).astype(np.uint32)


def halved(word: UInt32[Array, "2"]) -> UInt32[Array, "2"]:
    """Half of a word, rounded down."""
    low, high = word
    return jnp.stack([(low >> 1) | (high << 31), high >> 1])


def remainder(word: UInt32[Array, "2"], divisor: UInt32[Array, ""]) -> UInt32[Array, ""]:
    """A word modulo a divisor from 1 to 2^31: long division in base 2."""

    def bring_down(place: Array, rest: Array) -> Array:
        half = jnp.where(place < 32, word[1], word[0])
        rest = (rest << 1) | ((half >> (31 - place % 32).astype(jnp.uint32)) & jnp.uint32(1))
        return jnp.where(rest >= divisor, rest - divisor, rest)

    return lax.fori_loop(jnp.int32(0), jnp.int32(64), bring_down, jnp.uint32(0))
