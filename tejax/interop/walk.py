"""Qubic's search for autonomous networks, step by step: first the worse is sought, then the no worse is kept.

A walk changes one genome by words that were drawn beforehand. For its first steps it explores: it goes wherever the
errors are no fewer. After them it goes wherever the rating is not worse, and remembers the best. Its place in the
sequence of targets moves along: later candidates are graded from the frame on that the walk has come to.

Source: the scorer of Qubic's core, v1.305.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core.frames import ENDLESS, Rating
from tejax.networks.lookup import changes
from tejax.networks.lookup.autonomous import Autonomous, Circuit
from tejax.networks.lookup.changes import Change, Part
from tejax.operators.acceptance import no_better, not_worse
from tejax.tasks._emission import Emission
from tejax.types import Array, Int32

__all__ = ["Step", "Walk", "walk"]


class Walk(NamedTuple):
    """Where a walk is."""

    genome: Circuit
    shift: Int32[Array, ""]  # of the frame from which candidates are graded
    rating: Rating  # of the genome
    best: Circuit
    best_rating: Rating


class Step(NamedTuple):
    """What happened in each of S steps."""

    rating: Rating  # of the candidate
    accepted: Array  # bool [S]
    recorded: Array  # bool [S]: whether the best was written
    current: Rating  # after the step
    best: Rating


@partial(jax.jit, static_argnames=("network", "part"))
def walk(
    network: Autonomous,
    task: Emission,
    genome: Circuit,
    steps: Change,
    *,
    part: Part,
    explore: Int32[Array, ""] | int = 0,
    shift: Int32[Array, ""] | int = 0,
) -> tuple[Walk, Step]:
    """One walk.

    Args:
        network: what is changed.
        task: gives the ratings.
        genome: where it begins.
        steps: changes [S, L]: L in each of S steps, one after the other.
        part: of the genome, in which all of them are.
        explore: K, the steps that seek the worse.
        shift: of the first frame to be graded.

    Returns:
        Where it ends, and every step.
    """
    first = task.rate(network, genome, jnp.int32(shift))
    start = Walk(genome, first.shift, first, genome, first)

    def step(now: Walk, row: tuple[Array, Change]) -> tuple[Walk, Step]:
        number, change = row
        candidate = lax.scan(lambda genome, each: (changes.apply(genome, each, part), None), now.genome, change)[0]
        found = task.rate(network, candidate, now.shift)
        exploring = number < jnp.int32(explore)
        worse = no_better(-found.error, -now.rating.error)  # whatever the shifts
        wanted = jnp.where(exploring, worse, not_worse(_order(found), _order(now.rating)))
        accepted = (found.error != ENDLESS) & wanted
        genome, shift, rating = jax.tree.map(
            partial(jnp.where, accepted),
            (candidate, found.shift, found),
            (now.genome, now.shift, now.rating),
        )
        recorded = ~exploring & (rating.error != ENDLESS) & not_worse(_order(rating), _order(now.best_rating))
        best, best_rating = jax.tree.map(partial(jnp.where, recorded), (genome, rating), (now.best, now.best_rating))
        return Walk(genome, shift, rating, best, best_rating), Step(found, accepted, recorded, rating, best_rating)

    numbers = lax.iota(jnp.int32, steps.place.shape[0])
    return lax.scan(step, start, (numbers, steps))


def _order(rating: Rating) -> tuple[Array, Array]:
    """What decides, then what decides among equals; higher is better."""
    return rating.shift, -rating.error
