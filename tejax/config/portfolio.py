"""A Portfolio, as the command line and config.json have it."""

import dataclasses
from collections.abc import Callable
from functools import partial

from tejax import strategies
from tejax.config.common import default
from tejax.errors import require
from tejax.strategies.portfolio import Portfolio
from tejax.types import Strategy

__all__ = ["ARMS", "Portfolio"]

# what can take part, by the library's defaults; the genetic strategy goes by its selection, and where that looks at
# cases, which keeps a population diverse, it crosses trit by trit as in experiments.quality.portfolio
_BY_CASE = partial(strategies.Genetic, tournament=8, crossover="uniform")
ARMS: dict[str, Callable[..., Strategy]] = {
    "tournament": partial(strategies.Genetic, selection="tournament"),
    "sharing": partial(_BY_CASE, selection="sharing"),
    "lexicase": partial(_BY_CASE, selection="lexicase"),
    "categorical": strategies.Categorical,
    "hill_climb": strategies.HillClimb,
    "map_elites": strategies.MapElites,
}


@dataclasses.dataclass(frozen=True)
class Portfolio:
    """Several strategies take turns, and the one that is gaining most plays on."""

    population: int = default(strategies.Genetic, "population")  # individuals of each
    # which: tournament, sharing or lexicase (genetic with that selection), categorical, hill_climb, map_elites
    arms: tuple[str, ...] = ("sharing", "categorical")
    every: int = default(Portfolio, "every")  # generations in a block, after which the choice is made anew

    def build(self) -> Strategy:
        """The strategy."""
        for name in self.arms:
            require(name in ARMS, f"of names among {list(ARMS)}", arms=name)
        require(len(set(self.arms)) == len(self.arms), "different ones", arms=list(self.arms))
        return Portfolio([ARMS[name](population=self.population) for name in self.arms], self.every)
