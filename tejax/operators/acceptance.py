"""Acceptances: whether a child takes its parent's place, (child, parent) -> bool, of how good they are.

How good one is, is a number, or several of which an earlier one decides before a later one: Python's own or int32
arrays, so that what is decided on the host and in a compiled program is one rule. Higher is better.

Registered with `climbs`: nobody is followed by who is worse.
"""

from typing import Any

from tejax.registry import ACCEPTANCES

__all__ = ["better", "no_better", "not_worse"]

Order = Any  # a number, or a tuple of them


@ACCEPTANCES.register("not_worse", climbs=True)
def not_worse(child: Order, parent: Order) -> Any:
    """Whether a child is as good as its parent, or better: over a plateau it drifts."""
    return _before(child, parent, True)


@ACCEPTANCES.register("better", climbs=True)
def better(child: Order, parent: Order) -> Any:
    """Whether a child is better than its parent."""
    return _before(child, parent, False)


def no_better(child: Order, parent: Order) -> Any:
    """Whether a child is as good as its parent, or worse: what a search that explores first goes by."""
    return not_worse(parent, child)


def _before(a: Order, b: Order, equal: bool) -> Any:
    """Whether a stands before b in lexicographic order; of equals, as `equal` says."""
    pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    result: Any = equal
    for first, second in reversed([*pairs]):
        result = (first > second) | ((first == second) & result)
    return result
