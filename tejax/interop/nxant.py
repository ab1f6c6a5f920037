"""NXAnt's search and its registry: walks that first go down, and who may build on whose network.

Source: NXAnt 1.04 of the Neuraxon project.
"""

import enum
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.core import pytrees
from tejax.networks.lookup.ant import Ant, advance
from tejax.networks.lookup.tables import LINES, Tables
from tejax.operators.acceptance import better, no_better
from tejax.tasks._activity import Activity
from tejax.types import Array, Int32

__all__ = ["Change", "Offer", "Registry", "Result", "Solution", "Verdict", "Walk", "by_words", "walk"]


class Change(NamedTuple):
    """One line of one neuron, and by how much its digit goes on."""

    neuron: Int32[Array, "..."]
    line: Int32[Array, "..."]
    by: Int32[Array, "..."]  # 1 or 2


def by_words(words: np.ndarray, others: Sequence[int]) -> Change:
    """What triples of 32-bit words [..., 3] pick among the neurons that look up."""
    neuron, line, way = np.moveaxis(np.asarray(words, np.uint32).astype(np.int64), -1, 0)
    picked = np.array(others)[neuron % len(others)], line % LINES, 1 + way % 2
    return Change(*(values.astype(np.int32) for values in picked))


class Walk(NamedTuple):
    """Where a walk is."""

    genome: Tables
    score: Int32[Array, ""]
    best: Tables
    best_score: Int32[Array, ""]


@partial(jax.jit, static_argnames="network")
def walk(
    network: Ant,
    task: Activity,
    genome: Tables,
    steps: Change,
    *,
    escape: Int32[Array, ""] | int = 0,
) -> tuple[Walk, Int32[Array, "S"]]:
    """One walk.

    Args:
        network: what is changed.
        task: gives the scores.
        genome: where it begins.
        steps: changes [S, L]: L in each of S steps, one after the other.
        escape: K, the steps that accept what is no better; those after them accept only what is better.

    Returns:
        Where it ends, and the scores of all candidates.
    """
    first = task.validate(network, genome)

    def step(now: Walk, row: tuple[Array, Change]) -> tuple[Walk, Array]:
        number, change = row
        candidate = lax.scan(lambda genome, each: (advance(genome, *each), None), now.genome, change)[0]
        found = task.validate(network, candidate)
        accepted = jnp.where(number < jnp.int32(escape), no_better(found, now.score), better(found, now.score))
        genome, current = jax.tree.map(partial(jnp.where, accepted), (candidate, found), (now.genome, now.score))
        record = better(current, now.best_score)
        best, best_score = jax.tree.map(partial(jnp.where, record), (genome, current), (now.best, now.best_score))
        return Walk(genome, current, best, best_score), found

    numbers = lax.iota(jnp.int32, steps.neuron.shape[0])
    return lax.scan(step, Walk(genome, first, genome, first), (numbers, steps))


class Result(enum.IntEnum):
    """What became of an offer."""

    ACCEPTED = 0
    UNKNOWN_PARENT = 1
    PARENT_TOO_OLD = 2
    NOT_BETTER_THAN_PARENT = 3
    WORSE_THAN_SIBLING = 4
    KNOWN_NETWORK = 5
    SAME_TICK = 6


class Offer(NamedTuple):
    """A network that a walk from a parent came to."""

    parent: int | None
    score: int
    genome: Tables | None


class Solution(NamedTuple):
    """A network that was accepted."""

    parent: int | None
    score: int
    genome: Tables
    tick: int
    age: int


class Verdict(NamedTuple):
    """What became of an offer, and its number among the solutions."""

    result: Result
    solution: int | None


class Registry:
    """All solutions; number 0 is the root, whose score is 0 by definition.

    Args:
        root: the network of the root.
        age_limit: how old a parent may be, by the clock, which counts the ticks that brought a solution.
    """

    def __init__(self, root: Tables, age_limit: int = 676) -> None:
        self.solutions = [Solution(None, 0, root, 0, 0)]
        self.clock = 0
        self._age_limit = age_limit
        self._known = {pytrees.fingerprint(root): 0}  # -> the tick that brought it

    def judge(self, tick: int, offers: Sequence[Offer]) -> list[Verdict]:
        """The verdicts on all offers of a tick: each is judged against what was there before it."""
        results = [self._judged(offer) for offer in offers]
        before = len(self.solutions)
        verdicts = [self._entered(tick, *pair) for pair in zip(offers, results, strict=True)]
        self.clock += len(self.solutions) > before
        return verdicts

    def _judged(self, offer: Offer) -> Result:
        if offer.parent is None or offer.genome is None:
            return Result.UNKNOWN_PARENT
        parent = self.solutions[offer.parent]
        siblings = [one.score for one in self.solutions if one.parent == offer.parent]
        checks = (
            (self.clock - parent.age >= self._age_limit, Result.PARENT_TOO_OLD),
            (offer.score <= parent.score, Result.NOT_BETTER_THAN_PARENT),
            (offer.score < max(siblings, default=offer.score), Result.WORSE_THAN_SIBLING),
            (pytrees.fingerprint(offer.genome) in self._known, Result.KNOWN_NETWORK),
        )
        return next((result for failed, result in checks if failed), Result.ACCEPTED)

    def _entered(self, tick: int, offer: Offer, result: Result) -> Verdict:
        if result != Result.ACCEPTED or offer.genome is None:
            return Verdict(result, None)
        mark = pytrees.fingerprint(offer.genome)
        if mark in self._known:
            return Verdict(Result.SAME_TICK, None)
        self._known[mark] = tick
        self.solutions.append(Solution(offer.parent, offer.score, offer.genome, tick, self.clock))
        return Verdict(result, len(self.solutions) - 1)
