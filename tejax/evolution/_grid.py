"""The rates and the seeds of a sweep: what is given, held to what the strategy's options say."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import jax
import numpy as np

from tejax.errors import require
from tejax.options import AtLeast, Seed, normalise
from tejax.types import Strategy

__all__ = ["Setting", "grid", "seeds_of", "settings_of"]

Setting = Mapping[str, float | None]  # rates by name
Seeds = Annotated[int, AtLeast(0, 2**20)]


def grid(strategy: Strategy, rates: Mapping[str, Sequence[float | None]]) -> list[Setting]:
    """Every combination of the given rates, the last one varying fastest; rates not named stay as they are.

    Raises:
        InputError: for a name that is not one of the strategy's rates, for one without values, and for a value that the
            strategy would refuse.
    """
    names = list(strategy.rates)
    given: Mapping[str, Any] = rates
    for name, values in given.items():
        require(name in names, f"one of {names}", rate=name)
        several = isinstance(values, Sequence | np.ndarray) and not isinstance(values, str) and np.ndim(values) == 1
        require(several and len(values) > 0, "given one value or more, in a list", **{name: values})
    rows = itertools.product(*rates.values())
    return [_checked(strategy, {**strategy.rates, **dict(zip(rates, row, strict=True))}) for row in rows]


def _checked(strategy: Strategy, setting: Setting) -> Setting:
    """The same rates, held to what the strategy's options say of them."""
    require(set(setting) == set(strategy.rates), f"rates named {list(strategy.rates)}", rates=list(setting))
    return {name: normalise(name, strategy.rate_hint(name), rate) for name, rate in setting.items()}


def settings_of(strategy: Strategy, rates: Any) -> list[Setting]:
    """The rates of every configuration."""
    if isinstance(rates, Mapping):
        settings = grid(strategy, rates)
    else:
        several = isinstance(rates, Sequence) and all(isinstance(each, Mapping) for each in rates)
        require(several, "values by name, or a list of rates by name", rates=rates)
        settings = [_checked(strategy, each) for each in rates]
    require(len(settings) > 0, "of one configuration or more", rates=rates)
    return settings


def seeds_of(seeds: Any) -> list[int]:
    """So many seeds from 0 on, or those given."""
    scalar = isinstance(seeds, np.ndarray | jax.Array) and seeds.ndim == 0
    listed = isinstance(seeds, Iterable) and not isinstance(seeds, str | bytes) and not scalar
    numbers = list(seeds) if listed else range(normalise("seeds", Seeds, seeds))
    require(len(numbers) > 0, "of one seed or more", seeds=seeds)
    return [normalise("seeds", Seed, number) for number in numbers]
