"""Rivals: networks that gradients trained, that rounding made ternary, or that a float strategy evolved.

Every one of them and every strategy of tejax is a `Method` with the same interface; `methods()` is the table. The
package needs flax and optax (the extra `rivals`), the float evolution strategy evosax (the extra `bench`).
"""

from tejax.baselines import rounding
from tejax.baselines.evolved import evolved, from_its_best, population_vote
from tejax.baselines.gradient import gradient
from tejax.baselines.methods import Budget, Data, Method, Model, Seen, as_task, digits, fit_all
from tejax.baselines.models import Spec
from tejax.baselines.open_es import open_es
from tejax.baselines.table import SETTINGS, Settings, methods
from tejax.baselines.training import Recipe, train

__all__ = [
    "SETTINGS",
    "Budget",
    "Data",
    "Method",
    "Model",
    "Recipe",
    "Seen",
    "Settings",
    "Spec",
    "as_task",
    "digits",
    "evolved",
    "fit_all",
    "from_its_best",
    "gradient",
    "methods",
    "open_es",
    "population_vote",
    "rounding",
    "train",
]
