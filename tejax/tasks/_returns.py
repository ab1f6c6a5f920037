"""Returns: the sum of an episode's rewards, as fitness, as a figure for people, and what is said of those that are odd.

A return that is not a finite number, because its episode diverged, is the least there is: as 0 it would win wherever
rewards are costs. Those that are too large for int32 stay below a limit that the sum of all episodes cannot pass.
"""

import logging
import math
from collections.abc import Hashable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.core.fitness import GREATEST, LEAST, LEAST_FIGURE
from tejax.types import Array, Int32

__all__ = ["Scale", "mean", "note"]

SAFE = 2.0**31 - 2**7  # the greatest float32 that an int32 holds
MOST = float(np.finfo(np.float32).max)

logger = logging.getLogger("tejax")
_noted: set[Hashable] = set()


class Scale(NamedTuple):
    """How returns become whole numbers."""

    resolution: float  # a return is rounded to whole multiples of it
    episodes: int  # the most that are added up

    @property
    def limit(self) -> int:
        """The greatest fitness of an episode, and minus it the least of one whose return is finite."""
        return GREATEST // self.episodes

    @property
    def linear(self) -> int:
        """The greatest that is a return in units of the resolution; from there to the limit returns go by magnitude."""
        return self.limit - max(1, self.limit // 16)

    @property
    def edge(self) -> float:
        """The return from which on fitness is no longer in proportion."""
        return self.linear * self.resolution

    def units(self, returns: Array) -> Int32[Array, "E"]:
        """Returns float32 [E] in units of the resolution, up to -linear .. linear; LEAST of one that is not finite.

        What is beyond goes from there to the limit by its magnitude, as the bits of a float32 count it, so that of two
        returns that are too large the better one is still the better one, as far as the room suffices.
        """
        finite = jnp.isfinite(returns)
        size = jnp.where(finite, jnp.abs(returns), jnp.float32(0))
        rounded = jnp.minimum(jnp.round(size / jnp.float32(self.resolution)), SAFE).astype(jnp.int32)
        edge, most = (int(np.array(value, np.float32).view(np.int32)) for value in (min(self.edge, MOST), MOST))
        shift = ((most - edge) // (self.limit - self.linear)).bit_length()
        beyond = jnp.maximum(lax.bitcast_convert_type(size, jnp.int32) - edge, 0) >> shift
        whole = jnp.where(rounded > self.linear, self.linear + 1 + beyond, rounded)
        return jnp.where(finite, jnp.where(returns < 0, -whole, whole), jnp.int32(LEAST))

    def mean(self, fitness: int, returns: np.ndarray) -> float:
        """The mean return that the fitness of these episodes stands for: rounded, unless a return is too large."""
        if fitness == LEAST or np.abs(returns).max() > self.edge:
            return mean(returns)
        return fitness * self.resolution / returns.size


def mean(returns: np.ndarray) -> float:
    """The mean of returns float32 [E], in float32 unless their sum is beyond it; LEAST_FIGURE if any is not finite."""
    if not np.isfinite(returns).all():
        return LEAST_FIGURE
    wide = np.sum(np.abs(returns), dtype=np.float64) > MOST
    return float(np.mean(returns, dtype=np.float64 if wide else np.float32))


def note(environment: Any, returns: np.ndarray, scale: Scale, of: str) -> None:
    """Warn, once for every environment, of returns that are not finite, and of those that a resolution is too fine for.

    Args:
        environment: they are of.
        returns: float32 [E].
        scale: how they become fitness.
        of: whose episodes they are, in words.
    """
    finite = np.isfinite(returns)
    odd = int((~finite).sum())
    if odd and _first("finite", of, environment):
        logger.warning(
            "%d of %d episodes of %s (%.1f%%) had a return that is not finite: each counts as the least fitness",
            *(odd, returns.size, of, 100 * odd / returns.size),
        )
    most = float(np.max(np.abs(returns[finite]), initial=0))
    if most > scale.edge and _first("resolution", environment, scale):
        logger.warning(
            "a return of %.6g is too large for resolution=%g: beyond %.6g only their magnitudes are told apart; a "
            "resolution of %g would do",
            *(most, scale.resolution, scale.edge, 10.0 ** math.ceil(math.log10(most / max(1, scale.linear)))),
        )


def _first(*what: Hashable) -> bool:
    """Whether this was never said before in this process."""
    new = what not in _noted
    _noted.add(what)
    return new
