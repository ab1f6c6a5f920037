"""Strategies: init, ask, tell. How a population becomes the next one."""

from collections.abc import Callable

from tejax.strategies.categorical import categorical
from tejax.strategies.genetic import genetic
from tejax.strategies.hill_climb import hill_climb
from tejax.strategies.low_rank import low_rank
from tejax.strategies.map_elites import map_elites
from tejax.types import Strategy

__all__ = ["REGISTRY", "categorical", "genetic", "hill_climb", "low_rank", "map_elites"]

REGISTRY: dict[str, Callable[..., Strategy]] = {
    "genetic": genetic,
    "hill_climb": hill_climb,
    "categorical": categorical,
    "map_elites": map_elites,
    "low_rank": low_rank,
}
