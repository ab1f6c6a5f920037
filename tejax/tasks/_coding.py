"""An encoding on the device: bytes into trits or small whole numbers, inside a compiled generation."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tejax.errors import require
from tejax.tasks.datasets.encoding import Encoding, Kind
from tejax.types import Array, Int8

__all__ = ["ByteCoding", "byte_coding", "check_bytes"]


@partial(jax.tree_util.register_dataclass, data_fields=["limits"], meta_fields=["kind"])
@dataclasses.dataclass(frozen=True)
class ByteCoding:
    """What an `Encoding` makes of bytes, the same numbers.

    Attributes:
        limits: int16 [L, F], or [L, 1] where all features have the same: a byte is above threshold l where it is
            above limit l.
        kind: trits, thermometer or levels, as of the encoding.
    """

    limits: Array
    kind: Kind

    def inputs(self, features: int) -> int:
        """The trits, or whole numbers, that so many bytes become."""
        count = self.limits.shape[0]
        return features * {"thermometer": count, "trits": count // 2, "levels": 1}[self.kind]

    def __call__(self, x: Array) -> Int8[Array, "B ..."]:
        """The inputs int8 [B, F * inputs a feature] of bytes uint8 [B, F]."""
        numbers, half = x.astype(jnp.int16)[:, None], self.limits.shape[0] // 2
        above = (numbers > self.limits[None]).astype(jnp.int8)
        if self.kind == "levels":
            coded = jnp.sum(above, axis=1, dtype=jnp.int8) - jnp.int8(half)
        elif self.kind == "thermometer":
            coded = 2 * above - 1
        else:
            coded = above[:, :half] + above[:, half:] - 1
        return coded.reshape(x.shape[0], -1)


def byte_coding(encode: Encoding) -> ByteCoding:
    """The coding of bytes that gives what an encoding gives: a whole number is above t where it is above floor(t)."""
    limits = np.clip(np.floor(encode.thresholds), -1, 255).astype(np.int16)
    once = bool((limits == limits[:, :1]).all())
    return ByteCoding(jnp.asarray(limits[:, :1] if once else limits), encode.kind)


def check_bytes(x: np.ndarray, shift: float) -> None:
    """Raise InputError unless numbers are bytes, which are not moved."""
    require(x.dtype == np.uint8, "an array of uint8 where bytes are stored", x=f"array of {x.dtype}")
    require(shift == 0, "0 where bytes are stored", shift=shift)
