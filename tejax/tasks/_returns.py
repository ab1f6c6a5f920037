"""Returns: the sum of an episode's rewards, as fitness, as a figure for people, and what is said of those that are odd.

A return that is not a finite number, because its episode diverged, is the least there is: as 0 it would win wherever
rewards are costs. One that is too large for int32 stops at a limit that the sum of no number of episodes can pass.
"""

import logging
import math
from collections.abc import Hashable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from tejax.core.fitness import GREATEST, LEAST, LEAST_FIGURE
from tejax.types import Array, Int32

__all__ = ["Scale", "mean", "note"]

SAFE = 2.0**31 - 2**7  # the greatest float32 that an int32 holds

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

    def units(self, returns: Array) -> Int32[Array, "E"]:
        """Returns float32 [E] in units of the resolution, cut to -limit .. limit; LEAST of one that is not finite."""
        rounded = jnp.clip(jnp.round(returns / jnp.float32(self.resolution)), -SAFE, SAFE)
        finite = jnp.isfinite(returns)
        whole = jnp.where(finite, rounded, jnp.float32(0)).astype(jnp.int32)
        return jnp.where(finite, jnp.clip(whole, -self.limit, self.limit), jnp.int32(LEAST))

    def mean(self, fitness: int, episodes: int) -> float:
        """The mean return that a fitness in so many episodes stands for."""
        return LEAST_FIGURE if fitness == LEAST else fitness * self.resolution / episodes


def mean(returns: np.ndarray) -> float:
    """The mean of returns float32 [E], in float32 unless their sum is beyond it; LEAST_FIGURE if any is not finite."""
    if not np.isfinite(returns).all():
        return LEAST_FIGURE
    wide = np.sum(np.abs(returns), dtype=np.float64) > np.finfo(np.float32).max
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
    if most / scale.resolution > scale.limit and _first("resolution", environment, scale):
        logger.warning(
            "a return of %.6g is too large for resolution=%g: more than %.6g counts as that much; a resolution of %g "
            "would do",
            *(
                most,
                scale.resolution,
                scale.limit * scale.resolution,
                10.0 ** math.ceil(math.log10(most / scale.limit)),
            ),
        )


def _first(*what: Hashable) -> bool:
    """Whether this was never said before in this process."""
    new = what not in _noted
    _noted.add(what)
    return new
