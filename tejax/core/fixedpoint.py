"""Losses in integer arithmetic: the same on every platform, whatever the order of summation.

A loss takes int32 outputs [..., O] and a label int32 [...], and gives an int32 [...] from 0 (good) to a stated limit.
Logarithms and powers of two come from tables that NumPy makes in float64 while the program is traced; what the
compiled program adds, shifts and looks up is integers.
"""

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax._partials import ByValue
from tejax.errors import InputError, require
from tejax.options import AtLeast, checked, normalise
from tejax.registry import LOSSES
from tejax.types import Array, Int32

__all__ = [
    "MOST_OUTPUTS",
    "POWER",
    "SIGNS",
    "UNIT",
    "Loss",
    "cross_entropy",
    "halvings",
    "log2",
    "make_loss",
    "margin",
    "powers",
    "total",
    "wrong",
]

UNIT = 1 << 10  # one bit of cross-entropy is 1,024 units
SIGNS = "signs"  # the name of the loss of signs
MOST_OUTPUTS = 1024  # of a cross-entropy
Limit = Annotated[int, AtLeast(0, 2**30)]  # of a margin
MARGIN = 4  # beyond which a sign is right enough
LIMIT = 32 * UNIT  # a sample's cross-entropy saturates at 32 bits
POWER = 20  # powers of two are held as multiples of 2^-20
_SHIFTED = ((1, 1), (2, 1), (4, 1), (8, 1))  # temperatures whose powers need no table
_STEPS = 8  # the table of log2 has 2^8 intervals, linear in between


def log2(x: Array, one: int = 0) -> Int32[Array, "..."]:
    """log2(x / 2^one) in UNITs, rounded, for uint32 x >= 1; within one UNIT of the true value."""
    table = jnp.asarray(log2_table())
    exponent = 31 - lax.clz(x).astype(jnp.int32)
    fraction = (x << (31 - exponent).astype(jnp.uint32)) & jnp.uint32(0x7FFFFFFF)
    index = (fraction >> (31 - _STEPS)).astype(jnp.int32)
    rest = ((fraction >> (31 - _STEPS - 10)) & jnp.uint32(1023)).astype(jnp.int32)
    low, high = table[index], table[index + 1]
    value = low + (((high - low) * rest) >> 10)
    shift = POWER - UNIT.bit_length() + 1
    return (exponent - one) * UNIT + ((value + (1 << (shift - 1))) >> shift)


def log2_table() -> np.ndarray:
    """log2 of 1 to 2 in 2^8 even steps, as multiples of 2^-20, int32 [257]."""
    mantissas = 1 + np.arange(2**_STEPS + 1) / 2**_STEPS
    return np.rint(np.log2(mantissas) * 2**POWER).astype(np.int32)


def cross_entropy(
    outputs: Int32[Array, "... O"], label: Int32[Array, "..."], temperature: tuple[int, int] = (1, 1)
) -> Int32[Array, "..."]:
    """-log2 softmax(outputs / T)[label] in 1,024ths of a bit; T = temperature[0] / temperature[1].

    The softmax is over powers of two, 2^(outputs / T), so T = ln 2 would be the usual one. Any int32 outputs will do.
    Within 2 units of the float64 value for up to 1,024 outputs, and never above LIMIT (32 bits).

    Raises:
        InputError: for a temperature with n above 4,096 or d above 64, and for more than 1,024 outputs.
    """
    over, under = _ratio(temperature)
    below = _below_highest(outputs)
    partition = jnp.sum(_powers(below, over, under), axis=-1, dtype=jnp.uint32)
    mine = jnp.minimum(_at(below, label), jnp.uint32(math.ceil(33 * over / under))).astype(jnp.int32)
    scaled = (mine * (UNIT * under) + over // 2) // over
    return jnp.minimum(scaled + log2(partition, POWER), LIMIT)


def powers(outputs: Int32[Array, "... O"], temperature: tuple[int, int] = (1, 1)) -> Array:
    """2^(outputs / T), the highest being 2^POWER, rounded, uint32 [..., O]: the terms of the softmax.

    Raises:
        InputError: as for `cross_entropy`.
    """
    return _powers(_below_highest(outputs), *_ratio(temperature))


def _below_highest(outputs: Int32[Array, "... O"]) -> Array:
    """How far below the highest each output is, uint32."""
    require(outputs.shape[-1] <= MOST_OUTPUTS, f"at most {MOST_OUTPUTS}", outputs=outputs.shape[-1])
    return _difference(jnp.max(outputs, axis=-1, keepdims=True), outputs)


def _powers(below: Array, over: int, under: int) -> Array:
    """2^(20 - below * under / over), rounded, uint32, for uint32 `below`: from a table.

    Where over / under is 1, 2, 4 or 8, the same numbers come from a shift and a choice among as many constants, which
    a processor does to many lanes at once; a test holds that against the table.
    """
    table = power_table(over, under)
    below = jnp.minimum(below, jnp.uint32(len(table) - 1))
    if (over, under) not in _SHIFTED:
        return jnp.asarray(table, jnp.uint32)[below.astype(jnp.int32)]
    fraction, shift = below & jnp.uint32(over - 1), (below >> (over.bit_length() - 1)) + jnp.uint32(30 - POWER)
    power = jnp.full(below.shape, 2**30, jnp.uint32)
    for part in range(1, over):
        power = jnp.where(fraction == part, jnp.uint32(round(2.0 ** (30 - part / over))), power)
    return (power + (jnp.uint32(1) << (shift - 1)) - 1) >> shift  # one half becomes 0, as NumPy rounds it


def power_table(over: int, under: int) -> np.ndarray:
    """The powers as far as they do not round to 0, and one that does."""
    powers = np.rint(2.0 ** (POWER - np.arange(math.ceil(over * (POWER + 2) / under)) * under / over))
    return np.append(powers[powers > 0], 0.0)


def _at(values: Array, label: Int32[Array, "..."]) -> Array:
    """values[label] along the last axis: compared with every place, since look-ups go one by one."""
    places = lax.broadcasted_iota(jnp.int32, values.shape, values.ndim - 1)
    return jnp.sum(jnp.where(places == label[..., None], values, 0), axis=-1, dtype=values.dtype)


def _ratio(temperature: tuple[int, int]) -> tuple[int, int]:
    try:
        over, under = normalise("temperature", tuple[int, int], temperature)
    except InputError:
        over, under = 0, 0
    ok = 1 <= over <= 4096 and 1 <= under <= 64
    require(ok, "a ratio (n, d) with n from 1 to 4096 and d from 1 to 64", temperature=temperature)
    return over, under


def _difference(high: Int32[Array, "..."], low: Int32[Array, "..."]) -> Array:
    """high - low >= 0 as uint32: exact even where int32 would wrap."""
    return high.astype(jnp.uint32) - low.astype(jnp.uint32)


def _lead(outputs: Int32[Array, "... O"], label: Int32[Array, "..."], limit: int) -> Int32[Array, "..."]:
    """outputs[label] minus the highest other output, clipped to -limit..limit."""
    mine = _at(outputs, label)
    places = lax.broadcasted_iota(jnp.int32, outputs.shape, outputs.ndim - 1)
    others = jnp.where(places == label[..., None], jnp.iinfo(jnp.int32).min, outputs)
    best = jnp.max(others, axis=-1)
    ahead = jnp.minimum(_difference(jnp.maximum(mine, best), best), jnp.uint32(limit)).astype(jnp.int32)
    behind = jnp.minimum(_difference(jnp.maximum(mine, best), mine), jnp.uint32(limit)).astype(jnp.int32)
    return ahead - behind


@checked
def margin(outputs: Int32[Array, "... O"], label: Int32[Array, "..."], limit: Limit = 8) -> Int32[Array, "..."]:
    """limit - lead, where the lead over the best other output is clipped to -limit..limit: 0 to 2 * limit."""
    return limit - _lead(outputs, label, limit)


def wrong(outputs: Int32[Array, "... O"], label: Int32[Array, "..."]) -> Int32[Array, "..."]:
    """1 where the highest output (the first of equals) is not the label's, else 0."""
    return (jnp.argmax(outputs, axis=-1).astype(jnp.int32) != label).astype(jnp.int32)


class Loss(NamedTuple):
    """A loss of one sample, its largest value, and how many of its steps make one unit of what is shown."""

    sample: Callable[[Array, Array], Array]  # (outputs [..., O], label [...]) -> int32 [...]
    limit: int
    unit: int
    name: str = ""  # under which kernels know it
    temperature: tuple[int, int] = (1, 1)

    def total(self, outputs: Int32[Array, "B O"], labels: Array) -> Int32[Array, ""]:
        """The summed loss of a batch, halved as `total` has it."""
        return total(self.sample(outputs, labels), self.limit)


@LOSSES.register("cross_entropy")
def _cross_entropy_loss(temperature: tuple[int, int]) -> Loss:
    return Loss(ByValue(cross_entropy, temperature=temperature), LIMIT, UNIT)


@LOSSES.register("margin")
def _margin_loss(temperature: tuple[int, int]) -> Loss:
    limit = max(1, temperature[0] // temperature[1])
    return Loss(ByValue(margin, limit=limit), 2 * limit, 2 * limit)


@LOSSES.register("wrong")
def _wrong_loss(temperature: tuple[int, int]) -> Loss:
    return Loss(wrong, 1, 1)


def make_loss(name: str, temperature: tuple[int, int] = (1, 1)) -> Loss:
    """A registered loss.

    Args:
        name: of the loss.
        temperature: T of the cross-entropy, as a ratio; the limit of the margin.

    Raises:
        InputError: for another name, and for a temperature that is not a ratio (1 to 4096, 1 to 64).
    """
    ratio = _ratio(temperature)
    made: Loss = LOSSES.get(name)(ratio)
    return made._replace(name=name, temperature=ratio)


def _wrong_signs(outputs: Int32[Array, "... O"], wanted: Array) -> Int32[Array, "..."]:
    """How many outputs have another sign than the trits [..., O] that are wanted; a zero is the sign of a zero."""
    return jnp.sum(jnp.sign(outputs) != wanted.astype(jnp.int32), axis=-1, dtype=jnp.int32)


def sign_loss(outputs: int) -> Loss:
    """The loss of signs for so many outputs: its total, where it is not halved, counts the wrong ones."""
    return Loss(_wrong_signs, outputs, outputs, SIGNS)


def _short_of_signs(outputs: Int32[Array, "... O"], wanted: Array) -> Int32[Array, "..."]:
    """By how much outputs fall short of a margin on the side that the trits [..., O] want; of a 0, how far they are."""
    trits = wanted.astype(jnp.int32)
    near = jnp.clip(outputs, -MARGIN, MARGIN)
    return jnp.sum(jnp.where(trits == 0, jnp.abs(near), MARGIN - trits * near), axis=-1, dtype=jnp.int32)


def sign_margin(outputs: int) -> Loss:
    """A loss of signs that tells better outputs from worse ones of the same sign."""
    return Loss(_short_of_signs, 2 * MARGIN * outputs, 2 * MARGIN)


def halvings(count: int, limit: int) -> int:
    """How often a loss in 0..limit must be halved for the sum of `count` of them to fit int32."""
    return max(0, (count * limit).bit_length() - 31)


def total(losses: Int32[Array, "B"], limit: int) -> Int32[Array, ""]:
    """The sum of losses in 0..limit, each halved (rounding down) as often as `halvings` says.

    The number of halvings depends on the static B alone, and every loss is shifted before the sum, so that the
    result is exact in any order of summation and no batch is too large.
    """
    return jnp.sum(losses >> halvings(losses.shape[0], limit), dtype=jnp.int32)
