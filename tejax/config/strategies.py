"""Strategies, as the command line and config.json have them."""

import dataclasses
from typing import Any

from tejax import strategies
from tejax.config.common import default, fields_of
from tejax.config.portfolio import Portfolio
from tejax.errors import require
from tejax.strategies.islands import Islands as on_islands
from tejax.types import Strategy

__all__ = ["STRATEGIES", "AnyStrategy", "Categorical", "Genetic", "HillClimb", "Islands", "LowRank", "MapElites"]


_RATES = default(strategies.Genetic, "rates")


@dataclasses.dataclass(frozen=True)
class Genetic:
    """Selection, crossover, mutation, elites."""

    population: int = default(strategies.Genetic, "population")  # individuals
    elites: int = default(strategies.Genetic, "elites")  # how many of the fittest live on unchanged
    selection: str = default(strategies.Genetic, "selection")  # tournament, truncation, rank, lexicase or sharing
    tournament: int = default(strategies.Genetic, "tournament")  # individuals that meet in a tournament
    crossover: str = default(strategies.Genetic, "crossover")  # uniform, one_point, two_point or by_neuron
    mutation: str = default(strategies.Genetic, "mutation")  # flip, step, reset or single
    adaptive: bool = default(strategies.Genetic, "adaptive")  # every individual carries its own mutation rate
    packed: bool = default(strategies.Genetic, "packed")  # hold the population at 2 bits a trit
    # the probability that a trit is changed, or None for one that follows the size of the genome
    mutation_rate: float | None = _RATES.mutation
    crossover_rate: float = _RATES.crossover  # the probability that two parents are crossed at all

    def build(self) -> Strategy:
        """The strategy."""
        options = fields_of(self, Genetic)
        rates = type(_RATES)(options.pop("mutation_rate"), options.pop("crossover_rate"))
        return strategies.Genetic(rates=rates, **options)


_CLIMBING = default(strategies.HillClimb, "rates")


@dataclasses.dataclass(frozen=True)
class HillClimb:
    """Many climbers: a child that is no worse takes its parent's place."""

    population: int = default(strategies.HillClimb, "population")  # the climbers and their children
    climbers: int = default(strategies.HillClimb, "climbers")  # each has population / climbers - 1 children
    mutation: str = default(strategies.HillClimb, "mutation")  # single, flip, step or reset
    # generations without a better child after which a climber begins anew, or None for never
    patience: int | None = default(strategies.HillClimb, "patience")
    # the probability that a trit is changed (single: that one is), or None for one that follows the size of the genome
    mutation_rate: float | None = _CLIMBING.mutation

    def build(self) -> Strategy:
        """The strategy."""
        options = fields_of(self, HillClimb)
        return strategies.HillClimb(rates=type(_CLIMBING)(options.pop("mutation_rate")), **options)


_ODDS = default(strategies.Categorical, "rates")


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A probability for -1, 0 and +1 at every trit, moved along the natural gradient."""

    population: int = default(strategies.Categorical, "population")  # individuals drawn in a generation, even
    step: float = _ODDS.step  # by chance alone, a probability p moves by step * sqrt(p (1 - p)) a generation
    floor: float = _ODDS.floor  # the least probability of any value
    start: float = _ODDS.start  # the share of the first distribution that lies on one random genome

    def build(self) -> Strategy:
        """The strategy."""
        return strategies.Categorical(self.population, type(_ODDS)(self.step, self.floor, self.start))


_ILLUMINATING = default(strategies.MapElites, "rates")


@dataclasses.dataclass(frozen=True)
class MapElites:
    """An archive that keeps the fittest genome of every density."""

    population: int = default(strategies.MapElites, "population")  # the elites and their children
    cells: int = default(strategies.MapElites, "cells")  # of the archive
    crossover: str = default(strategies.MapElites, "crossover")  # uniform, one_point, two_point or by_neuron
    mutation: str = default(strategies.MapElites, "mutation")  # flip, step, reset or single
    # the probability that a trit is changed, or None for one that follows the size of the genome
    mutation_rate: float | None = _ILLUMINATING.mutation
    crossover_rate: float = _ILLUMINATING.crossover  # the probability that a child has two parents

    def build(self) -> Strategy:
        """The strategy."""
        options = fields_of(self, MapElites)
        rates = type(_ILLUMINATING)(options.pop("mutation_rate"), options.pop("crossover_rate"))
        return strategies.MapElites(rates=rates, **options)


_PROBING = default(strategies.LowRank, "rates")


@dataclasses.dataclass(frozen=True)
class LowRank:
    """One network, probed by very many small changes of low rank."""

    population: int = default(strategies.LowRank, "population")  # probes in a generation, even
    rank: int = default(strategies.LowRank, "rank")  # of a change
    density: float = _PROBING.density  # the share of a change's factors that is not 0
    threshold: float = _PROBING.threshold  # standard deviations of chance that the votes for a step must pass

    def build(self) -> Strategy:
        """The strategy."""
        return strategies.LowRank(self.population, self.rank, type(_PROBING)(self.density, self.threshold))


@dataclasses.dataclass(frozen=True)
class Islands:
    """Sub-populations that live apart and exchange migrants."""

    islands: int = 1  # how many; they share the population evenly, and the strategy's options hold for each of them
    migrate_every: int = default(on_islands, "every")  # generations from one migration to the next
    migrants: int = default(on_islands, "migrants")  # how many of an island's fittest go to another one
    topology: str = default(on_islands, "topology")  # ring: to the next island; tour: to every other island in turn

    def build(self, strategy: Any) -> Strategy:
        """The strategy that an option record like Genetic describes, on so many islands."""
        count, population = self.islands, strategy.population
        require(count >= 1, "at least 1", islands=count)
        if count == 1:
            return strategy.build()
        require(population % count == 0, "a multiple of islands", population=population, islands=count)
        apart = dataclasses.replace(strategy, population=population // count).build()
        return on_islands(apart, count, self.migrate_every, self.migrants, self.topology)


# the same as a type: what the registry below names
AnyStrategy = Genetic | HillClimb | Categorical | MapElites | LowRank | Portfolio
STRATEGIES: dict[str, type] = {
    "genetic": Genetic,
    "hill_climb": HillClimb,
    "categorical": Categorical,
    "map_elites": MapElites,
    "low_rank": LowRank,
    "portfolio": Portfolio,
}
