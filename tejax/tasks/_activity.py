"""Activity: a network is driven for a while and scored by how lively it is, not by what it answers.

Six statistics of its own activity have bands that they should lie in; the score says how far they do. Everything is
integer: a quotient is in millionths, rounded down, and 0 where nothing is divided by.

Source: the score of NXAnt 1.04 of the Neuraxon project.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.errors import require
from tejax.types import Array, Genome, Int8, Int32, Key, Network, Task

__all__ = ["BANDS", "PHASES", "WEIGHTS", "Activity", "Metrics", "activity", "drive", "metrics", "score"]

UNIT = 1_000_000  # of a quotient
THOUSAND = 1000
PHASES = ("warm-up", "driven", "silence", "transfer")
WEIGHTS = (10, 10, 15, 10, 10, 10)
BANDS = (
    (350_000, 650_000),
    (300_000, 720_000),
    (800_000, 1_200_000),
    (200_000, 750_000),
    (400_000, 1_300_000),
    (0, 550_000),
)


class Metrics(NamedTuple):
    """Six quotients in millionths, int32; one beyond int32 is its greatest value."""

    excitatory_fraction: Int32[Array, ""]  # of active values, those that are +1, while driven
    active_fraction: Int32[Array, ""]  # of values, those that are not 0, while driven
    branching: Int32[Array, ""]  # activity over that of the tick before, while driven, in the mean
    spontaneous_fraction: Int32[Array, ""]  # of values, those that are not 0, in silence
    transfer_ratio: Int32[Array, ""]  # the same in the transfer phase, over the one while driven
    saturation: Int32[Array, ""]  # of values, those that the tick before had, while driven


def quotient(top: Array, bottom: Array) -> Int32[Array, ""]:
    """floor(10^6 top / bottom) of whole numbers below 2^31 / 1000; 0 where bottom is, else int32's greatest at most."""
    bottom, none = jnp.maximum(bottom, 1), bottom == 0
    whole, rest = top // bottom, top % bottom
    thousands, rest = rest * THOUSAND // bottom, rest * THOUSAND % bottom
    small = whole * UNIT + thousands * THOUSAND + rest * THOUSAND // bottom
    return jnp.where(none, 0, jnp.where(whole >= 2147, jnp.int32(2**31 - 1), small)).astype(jnp.int32)


def metrics(outputs: Int32[Array, "T M"], phase: Int8[Array, "T"]) -> Metrics:
    """The statistics of what M neurons did in T ticks."""
    m = outputs.shape[1]
    driven, silent, transfer = (phase == kind for kind in (1, 2, 3))
    active = jnp.sum(outputs != 0, axis=1, dtype=jnp.int32)
    positive = jnp.sum(outputs > 0, axis=1, dtype=jnp.int32)
    kept = jnp.sum(outputs[1:] == outputs[:-1], axis=1, dtype=jnp.int32)
    following = driven[1:] & driven[:-1]

    def total(values: Array, where: Array) -> Array:
        return jnp.sum(jnp.where(where, values, 0), dtype=jnp.int32)

    ratios = following & (active[:-1] > 0)
    # a sum of quotients may exceed 32 bits: whole parts and millionths apart
    each = quotient(active[1:], active[:-1])
    count = total(jnp.ones_like(each), ratios)
    whole, part = total(each // UNIT, ratios), total(each % UNIT, ratios)
    some = jnp.maximum(count, 1)
    branching = whole // some * UNIT + (whole % some * UNIT + part) // some
    while_driven = quotient(total(active, driven), m * total(jnp.ones_like(active), driven))
    in_transfer = quotient(total(active, transfer), m * total(jnp.ones_like(active), transfer))
    return Metrics(
        quotient(total(positive, driven), total(active, driven)),
        while_driven,
        jnp.where(count == 0, 0, branching),
        quotient(total(active, silent), m * total(jnp.ones_like(active), silent)),
        quotient(in_transfer, while_driven),
        quotient(total(kept, following), m * total(jnp.ones_like(kept), following)),
    )


def score(values: Metrics, margins: bool) -> Int32[Array, ""]:
    """The weighted sum of how near each metric is to its band, 0 to 1000, and with margins how far inside."""
    parts = []
    for value, (low, high), weight in zip(values, BANDS, WEIGHTS, strict=True):
        width, centre, half = high - low, (low + high) // 2, (high - low) // 2
        beyond = jnp.minimum(jnp.maximum(jnp.maximum(low - value, value - high), 0), width)
        inside = jnp.maximum(half - jnp.abs(jnp.minimum(value, 2 * high) - centre), 0)
        parts.append(weight * (THOUSAND * (width - beyond) // width))
        if margins:
            parts.append(weight * jnp.where(beyond == 0, THOUSAND * inside // half, 0))
    return sum(parts[1:], parts[0]).astype(jnp.int32)


@partial(jax.tree_util.register_dataclass, data_fields=["drive", "phase"], meta_fields=["neurons", "margins"])
@dataclasses.dataclass(frozen=True)
class Activity(Task):
    """A drive of T ticks in phases; fitness is the score of the activity.

    Attributes:
        drive: trits int8 [T, F].
        phase: int8 [T]: 0 warm-up, 1 driven, 2 silence, 3 transfer.
        neurons: M, the outputs of a network.
        margins: whether it counts how far inside its band a metric is.
    """

    drive: Int8[Array, "T F"]
    phase: Int8[Array, "T"]
    neurons: int
    margins: bool = True
    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "sequence"
    scale = 1000
    unit = "thousandths of the weights"

    @property
    def features(self) -> int:
        """F, what is driven."""
        return self.drive.shape[1]

    @property
    def outputs(self) -> int:
        """All other neurons."""
        return self.neurons

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The score of one individual; nothing depends on `key`."""
        return self.validate(network, genome)

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The score of one individual."""
        return score(self.metrics(network, genome), self.margins)

    def metrics(self, network: Network, genome: Genome) -> Metrics:
        """The statistics of one individual."""
        return metrics(network.apply(genome, self.drive), self.phase)

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The score, then the statistics as shares and ratios."""
        values = jax.jit(self.metrics, static_argnums=0)(network, genome)
        total = float(score(values, self.margins))
        return {"score": total, **{name: float(value) / UNIT for name, value in values._asdict().items()}}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Numbers with three digits behind the point."""
        return {
            name.replace("_", " "): f"{value:.0f}" if name == "score" else f"{value:.3f}"
            for name, value in report.items()
        }

    def workload(self) -> str:
        """The ticks of an evaluation."""
        return f"{self.drive.shape[0]:,} ticks"


def drive(ticks: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """The schedule that NXAnt takes where none is given: drive, trits int8 [T, F], and phase, int8 [T]."""
    lengths = [32 * ticks // 128, 48 * ticks // 128, 24 * ticks // 128]
    phase = np.repeat(np.arange(4), [*lengths, ticks - sum(lengths)]).astype(np.int8)
    t, k = np.arange(ticks)[:, None], np.arange(inputs)[None]
    driven = np.where((k + t // 4 % 2) % 2 == 0, 1, -1)
    transfer = (k * (t % 3) % 3 == 0).astype(int)
    return np.select([phase[:, None] == 1, phase[:, None] == 3], [driven, transfer], 0).astype(np.int8), phase


def activity(drive: Any, phase: Any, neurons: int, margins: bool = True) -> Activity:
    """A task from a drive.

    Args:
        drive: trits [T, F].
        phase: [T]: 0 warm-up, 1 driven, 2 silence, 3 transfer.
        neurons: M, the outputs of a network.
        margins: whether it counts how far inside its band a metric is.

    Raises:
        InputError: for values that are not trits or phases, shapes that do not fit, and so much that sums exceed
            int32.
    """
    rows, kinds = np.asarray(drive), np.asarray(phase)
    require(rows.ndim == 2 and rows.size > 0, "an array [T, F] of two axes", drive=rows.shape)
    require(bool(np.isin(rows, (-1, 0, 1)).all()), "trits: -1, 0 or +1", drive=rows.dtype)
    require(kinds.shape == rows.shape[:1], f"one for each of {len(rows)} ticks", phase=kinds.shape)
    require(bool(np.isin(kinds, range(4)).all()), "from 0 to 3", phase=kinds.dtype)
    most = (2**31 - 1) // (THOUSAND * len(rows))
    require(1 <= neurons <= most, f"from 1 to {most} for so many ticks", neurons=neurons)
    return Activity(jnp.asarray(rows.astype(np.int8)), jnp.asarray(kinds.astype(np.int8)), neurons, margins)
