"""Rivals: networks that gradients trained, that rounding made ternary, or that a float strategy evolved.

Every one of them and every strategy of tejax is a `Method` with the same interface; `methods()` is the table. The
package needs flax and optax (the extra `rivals`), the float evolution strategy evosax (the extra `bench`).
"""

from tejax.rivals import rounding
from tejax.rivals.evolved import evolved, from_its_best, population_vote
from tejax.rivals.gradient import gradient
from tejax.rivals.methods import Budget, Data, Method, Model, Seen, as_task, digits, fit_all
from tejax.rivals.models import Spec
from tejax.rivals.open_es import open_es
from tejax.rivals.table import SETTINGS, Settings, methods
from tejax.rivals.training import Recipe, train

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
