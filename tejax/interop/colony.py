"""The rules of Qubic's ant colony: who may inherit from whom, which child is admitted, what is kept and harvested.

A colony is a set of trees of searches, a tree for every identity. A child inherits its parent's best network and the
place where that search came to, and has to be strictly better than it. Networks themselves are of no concern here: a
submission says what rating its search has come to, and the colony says what becomes of it.

Source: the colony of Qubic's core, v1.302 to v1.305; numbers of results are the core's.
"""

import dataclasses
import enum
from typing import NamedTuple

from tejax.operators import acceptance

__all__ = [
    "NOWHERE",
    "ROOT",
    "AnchorRing",
    "Colony",
    "HarvestEntry",
    "Limits",
    "Rating",
    "Record",
    "Reference",
    "Result",
    "Submission",
    "Verdict",
]

ENDLESS = 2**32 - 1  # the errors of a search that never finished
NOWHERE = 2**32 - 1  # no tick


class Rating(NamedTuple):
    """How far a network came: a higher shift is better, whatever the errors."""

    shift: int
    error: int

    @property
    def valid(self) -> bool:
        """Whether it finished in time."""
        return self.error != ENDLESS

    @property
    def order(self) -> tuple[int, int]:
        """What decides, then what decides among equals; higher is better."""
        return self.shift, -self.error

    def better(self, other: "Rating") -> bool:
        """Whether this is strictly better than another one."""
        return bool(acceptance.better(self.order, other.order))

    def not_worse(self, other: "Rating") -> bool:
        """Whether the other one is not better."""
        return bool(acceptance.not_worse(self.order, other.order))

    def clears(self, floor: int) -> bool:
        """Whether it is good enough to be admitted at all."""
        return self.shift > 0 or self.error <= floor

    @property
    def ranking_key(self) -> int:
        """Smaller is better: the key by which identities are ranked, of the lower 16 bits of each number."""
        return (65535 - self.shift % 65536) * 65536 + self.error % 65536

    @property
    def digest(self) -> int:
        """What a child contributes to the digest that all nodes must agree on."""
        return self.shift % 65536 * 65536 + self.error % 65536


WORST = Rating(0, ENDLESS)


class Reference(NamedTuple):
    """The transaction that brought a record: its tick and its place in the tick."""

    tick: int
    place: int


ROOT = Reference(0, 2**32 - 1)  # of the tree of whoever names it


class Result(enum.IntEnum):
    """What became of a submission; the first two are successes."""

    VALID = 0
    VALID_NOT_STORED = 1
    PARENT_NOT_REGISTERED = 2
    STALE = 3
    WRONG_TREE = 4
    BELOW_THRESHOLD = 5
    NOT_BETTER_THAN_PARENT = 6
    MAX_CHILDREN = 7
    TICK_OUT_OF_RANGE = 8
    REPLAY = 9
    DEDUP_FULL = 10
    MINER_INDEX_FULL = 11
    NON_CANONICAL_NONCE = 12


@dataclasses.dataclass(frozen=True)
class Limits:
    """The settings of a colony.

    Attributes:
        max_nodes: records that are kept.
        max_children: of a parent; 0: any number.
        window: ticks between a submission's anchor and its publication, at most.
        miners: identities with a record, at most.
        harvest: networks that are harvested.
        first_tick: of the epoch.
        ticks: of the epoch.
        floor: errors of a child whose frame has not moved, at most.
    """

    max_nodes: int = 2**19
    max_children: int = 0
    window: int = 15_000
    miners: int = 16_384
    harvest: int = 676
    first_tick: int = 0
    ticks: int = 2_688_452
    floor: int = 302


class Submission(NamedTuple):
    """A child that somebody brings."""

    identity: int
    nonce: int
    parent: Reference
    reference: Reference  # its own; it is published in that tick
    anchor: int  # a tick
    rating: Rating


class Record(NamedTuple):
    """A child that was admitted and kept."""

    submission: Submission
    depth: int  # 1 of a child of a root
    sibling: int | None  # the number of the parent's newest child before it


class Verdict(NamedTuple):
    """What became of a submission."""

    result: Result
    record: int | None  # its number


class HarvestEntry(NamedTuple):
    """A network that is harvested."""

    slot: int
    depth: int
    submission: Submission


class Colony:
    """All trees of an epoch.

    Attributes:
        records: in the order of their acceptance.
        harvest: the best, the best first.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.records: list[Record] = []
        self.harvest: list[HarvestEntry] = []
        self._numbers: dict[Reference, int] = {}
        self._newest: dict[Reference | int, int] = {}  # a parent, or the identity of a root -> its newest child
        self._kept: set[tuple[int, int, Reference]] = set()

    def parent(self, reference: Reference) -> Record | None:
        """The record of a reference. Raises KeyError for one that names neither a record nor a root."""
        return None if reference == ROOT else self.records[self._numbers[reference]]

    def knows(self, reference: Reference) -> bool:
        """Whether a reference names a root or a record."""
        return reference == ROOT or reference in self._numbers

    def children(self, identity: int, parent: Reference) -> int:
        """How many children a parent has, counted no further than the limit; 0 where there is none."""
        number, count = self._newest.get(identity if parent == ROOT else parent), 0
        while number is not None and count < self.limits.max_children:
            number, count = self.records[number].sibling, count + 1
        return count

    def submit(self, child: Submission) -> Verdict:
        """Admit a child whose search has taken place, or say why not."""
        if not self.knows(child.parent):
            return Verdict(Result.PARENT_NOT_REGISTERED, None)
        parent = self.parent(child.parent)
        refusal = self._refusal(child, parent)
        if refusal is not None:
            return Verdict(refusal, None)
        depth = 1 if parent is None else parent.depth + 1
        if len(self.records) >= self.limits.max_nodes:
            self._offer(child, depth)
            return Verdict(Result.VALID_NOT_STORED, None)
        if not 0 <= child.reference.tick - self.limits.first_tick < self.limits.ticks:
            return Verdict(Result.TICK_OUT_OF_RANGE, None)
        if parent is None and child.identity not in self._newest and self._miners() >= self.limits.miners:
            return Verdict(Result.MINER_INDEX_FULL, None)
        self._offer(child, depth)
        return Verdict(Result.VALID, self._keep(child, depth))

    def _refusal(self, child: Submission, parent: Record | None) -> Result | None:
        """Why a child may not be admitted, in the order of the checks; None where it may."""
        age = child.reference.tick - child.anchor
        checks = (
            (age < 0 or age > self.limits.window, Result.STALE),
            (parent is not None and parent.submission.identity != child.identity, Result.WRONG_TREE),
            (not child.rating.clears(self.limits.floor), Result.BELOW_THRESHOLD),
            (not child.rating.better(parent.submission.rating if parent else WORST), Result.NOT_BETTER_THAN_PARENT),
            (0 < self.limits.max_children <= self.children(child.identity, child.parent), Result.MAX_CHILDREN),
            ((child.identity, child.nonce, child.parent) in self._kept, Result.REPLAY),
        )
        return next((result for failed, result in checks if failed), None)

    def _miners(self) -> int:
        return sum(isinstance(parent, int) for parent in self._newest)

    def _keep(self, child: Submission, depth: int) -> int:
        number, parent = len(self.records), child.identity if child.parent == ROOT else child.parent
        self.records.append(Record(child, depth, self._newest.get(parent)))
        self._newest[parent] = self._numbers[child.reference] = number
        self._kept.add((child.identity, child.nonce, child.parent))
        return number

    def _offer(self, child: Submission, depth: int) -> None:
        """Harvest a child if it is among the best; of equals, the earlier stays in front."""
        slot = len(self.harvest)
        if slot >= self.limits.harvest:
            if not self.harvest or not child.rating.better(self.harvest[-1].submission.rating):
                return
            slot = self.harvest.pop().slot
        place = len(self.harvest)
        while place and child.rating.better(self.harvest[place - 1].submission.rating):
            place -= 1
        self.harvest.insert(place, HarvestEntry(slot, depth, child))


class AnchorRing:
    """The digests of the latest ticks; a tick that was overwritten, or never recorded, is unknown.

    Args:
        size: slots; two windows at least, a power of two.
    """

    def __init__(self, size: int) -> None:
        self._slots: list[tuple[int, object] | None] = [None] * size

    def record(self, tick: int, digest: object) -> None:
        """Keep the digest of a tick."""
        self._slots[tick % len(self._slots)] = tick, digest

    def find(self, tick: int) -> object | None:
        """The digest of a tick, or None."""
        slot = self._slots[tick % len(self._slots)]
        return slot[1] if slot is not None and slot[0] == tick != NOWHERE else None
