"""Bytes as numbers of 32 bits and back, four at a time.

Left to the compiler, a third of a kernel's instructions would extend signs.
"""

from typing import Any

import jax
import jax.numpy as jnp

from tejax.engines.gpu import interpreted
from tejax.types import Array, Int8, Int32

__all__ = ["narrowed", "widened"]

# of prmt, selector 8 + i fills a byte with the sign of byte i
_WIDEN = (
    "prmt.b32 $0, $4, 0, 0x8880; prmt.b32 $1, $4, 0, 0x9991; prmt.b32 $2, $4, 0, 0xAAA2; prmt.b32 $3, $4, 0, 0xBBB3;"
)
_NARROW = """{
.reg .b32 low, high;
prmt.b32 low, $1, $2, 0x0040; prmt.b32 high, $3, $4, 0x0040; prmt.b32 $0, low, high, 0x5410;
}"""


def widened(values: Array) -> Int32[Array, "..."]:
    """The same integers in 32 bits."""
    if values.dtype != jnp.int8 or interpreted():
        return values.astype(jnp.int32)
    return _assembled(_WIDEN, "=r,=r,=r,=r,r", values, jnp.int32)


def narrowed(values: Int32[Array, "..."], dtype: Any) -> Array:
    """Integers of 32 bits that fit another type, in that type."""
    if dtype != jnp.int8 or interpreted():
        return values.astype(dtype)
    return _assembled(_NARROW, "=r,r,r,r,r", values, jnp.int8)


def _assembled(code: str, constraints: str, values: Array, dtype: Any) -> Int8[Array, "..."] | Int32[Array, "..."]:
    from jax.experimental.pallas import triton

    result: Any = jax.ShapeDtypeStruct(values.shape, dtype)
    (made,) = triton.elementwise_inline_asm(
        code, args=[values], constraints=constraints, pack=4, result_shape_dtypes=[result]
    )
    return made
