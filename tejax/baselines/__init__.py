"""Baselines: networks that gradients trained, with float weights or without, that rounding made ternary, or that a
float strategy evolved.

Each of them and each strategy of tejax is a `Method` with the same interface; `methods()` is the table. The package
needs flax and optax (`pip install 'tejax[baselines]'`), the float evolution strategy evosax (`tejax[bench]`).
"""

try:
    import flax  # noqa: F401
    import optax  # noqa: F401
except ImportError as error:
    raise ImportError(f"tejax.baselines needs {error.name}: pip install 'tejax[baselines]'") from error

from tejax.baselines import post_training, rounding
from tejax.baselines._data import Data, as_task, digits, fashion_mnist
from tejax.baselines._evolved import evolved, population_vote, restart_from_best
from tejax.baselines._gradient import gradient
from tejax.baselines._methods import Budget, Floats, Job, Method, Model, Progress, fit_all
from tejax.baselines._open_es import open_es
from tejax.baselines.backprop import Adam
from tejax.baselines.binary import bep
from tejax.baselines.direct import bop, dqt
from tejax.baselines.gates import logic_gates
from tejax.baselines.models import Spec
from tejax.baselines.posterior import trit_posterior
from tejax.baselines.table import FASHION_MNIST, SETTINGS, Settings, methods
from tejax.baselines.training import Learner, Recipe, train

__all__ = [
    "FASHION_MNIST",
    "SETTINGS",
    "Adam",
    "Budget",
    "Data",
    "Floats",
    "Job",
    "Learner",
    "Method",
    "Model",
    "Progress",
    "Recipe",
    "Settings",
    "Spec",
    "as_task",
    "bep",
    "bop",
    "digits",
    "dqt",
    "evolved",
    "fashion_mnist",
    "fit_all",
    "gradient",
    "logic_gates",
    "methods",
    "open_es",
    "population_vote",
    "post_training",
    "restart_from_best",
    "rounding",
    "train",
    "trit_posterior",
]
