"""Trits of sums on a GPU: four at a time, by the saturation of its packing instruction."""

from typing import Any

import jax
import jax.numpy as jnp

from tejax.core.variables import OFF, word
from tejax.errors import require
from tejax.types import Array, Int32, Trits

__all__ = ["interpreted", "ternarize"]

# cvt.pack.sat makes signed bytes of 128 times a sum: 0x7F of a positive one, 0x80 of a negative one. Bit 0 of the
# first is its trit; prmt with selector 0xBA98 fills every byte with its sign bit, which is the trit of the second.
# $1 to $4 are sums, $5 to $8 are 128 times what is added to them.
_SIGN = """{
.reg .b32 a, b, c, d, bytes, minus;
mad.lo.s32 a, $1, 128, $5; mad.lo.s32 b, $2, 128, $6; mad.lo.s32 c, $3, 128, $7; mad.lo.s32 d, $4, 128, $8;
cvt.pack.sat.s8.s32.b32 bytes, d, c, 0;
cvt.pack.sat.s8.s32.b32 bytes, b, a, bytes;
prmt.b32 minus, bytes, 0, 0xBA98;
lop3.b32 $0, bytes, 0x01010101, minus, 0xEA;
}"""
# the same with a dead zone: positive where sum + bias - zone is ($5 to $8), negative where sum + bias + zone is
# ($9 to $12)
_SIGN_BEYOND = """{
.reg .b32 a, b, c, d, bytes, plus, minus;
mad.lo.s32 a, $1, 128, $5; mad.lo.s32 b, $2, 128, $6; mad.lo.s32 c, $3, 128, $7; mad.lo.s32 d, $4, 128, $8;
cvt.pack.sat.s8.s32.b32 bytes, d, c, 0;
cvt.pack.sat.s8.s32.b32 plus, b, a, bytes;
mad.lo.s32 a, $1, 128, $9; mad.lo.s32 b, $2, 128, $10; mad.lo.s32 c, $3, 128, $11; mad.lo.s32 d, $4, 128, $12;
cvt.pack.sat.s8.s32.b32 bytes, d, c, 0;
cvt.pack.sat.s8.s32.b32 bytes, b, a, bytes;
prmt.b32 minus, bytes, 0, 0xBA98;
lop3.b32 $0, plus, 0x01010101, minus, 0xEA;
}"""


def interpreted() -> bool:
    """Is the kernel to be run by Pallas's interpreter, as tests do (TEJAX_FUSED=interpret)?

    Raises InputError for another word than that one and those for no.
    """
    said = word("TEJAX_FUSED")
    require(said in ("", "interpret", *OFF), f"interpret, one of {', '.join(OFF)}, or empty", TEJAX_FUSED=said)
    return said == "interpret"


def ternarize(sums: Int32[Array, "B O"], biases: Int32[Array, "O"], zone: int) -> Trits:
    """The sign of every sum plus its neuron's bias, int8, and 0 where the magnitude is at most `zone` >= 0.

    Args:
        sums: of products.
        biases: bias and dead zone added, sums must be of a magnitude below 2^24.
        zone: the dead zone.
    """
    if interpreted():
        sums = sums + biases[None]
        return (sums > zone).astype(jnp.int8) - (sums < -zone).astype(jnp.int8)
    from jax.experimental.pallas import triton

    shifts = [jnp.broadcast_to((128 * (biases + add))[None], sums.shape) for add in ((-zone, zone) if zone else (0,))]
    result: Any = jax.ShapeDtypeStruct(sums.shape, jnp.int8)
    (trits,) = triton.elementwise_inline_asm(
        _SIGN_BEYOND if zone else _SIGN,
        args=[sums, *shifts],
        constraints=",".join(["=r", *["r"] * 4 * (1 + len(shifts))]),
        pack=4,
        result_shape_dtypes=[result],
    )
    return trits
