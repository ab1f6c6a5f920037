"""Search over the options of an experiment with Optuna: any number of workers, which may be killed and come back."""

from tejax.search.joining import run_search
from tejax.search.options import SearchOptions

__all__ = ["SearchOptions", "run_search"]
