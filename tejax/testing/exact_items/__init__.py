"""What `exactness` compares: small fixed computations, everything registered among them."""

from collections.abc import Iterator

from tejax.testing.exact_items.item import Item, numbers
from tejax.testing.exact_items.losses import loss_items
from tejax.testing.exact_items.operators import operator_items
from tejax.testing.exact_items.parts import credit_items, network_items, strategy_items
from tejax.testing.exact_items.primitives import engine_items, primitive_items, random_items
from tejax.testing.exact_items.runs import EXPERIMENTS, run_items

__all__ = ["EXPERIMENTS", "Item", "collect", "numbers"]


def collect() -> Iterator[Item]:
    """Everything there is to compare, engines first, each made when it is asked for."""
    parts = (network_items, credit_items, strategy_items, run_items)
    for some in (engine_items, primitive_items, random_items, operator_items, loss_items, *parts):
        yield from some()
