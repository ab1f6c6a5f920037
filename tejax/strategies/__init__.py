"""Strategies: init, ask, tell. How a population becomes the next one."""

from tejax.strategies.genetic import Genetic  # isort: skip  (the order in which they are listed)
from tejax.strategies.hill_climb import HillClimb  # isort: skip
from tejax.strategies.categorical import Categorical  # isort: skip
from tejax.strategies.map_elites import MapElites  # isort: skip
from tejax.strategies.low_rank import LowRank  # isort: skip
from tejax.strategies.colony import Colony  # isort: skip
from tejax.strategies.guided import Guided  # isort: skip
from tejax.strategies.islands import Islands
from tejax.strategies.portfolio import Portfolio

__all__ = ["Categorical", "Colony", "Genetic", "Guided", "HillClimb", "Islands", "LowRank", "MapElites", "Portfolio"]
