"""Search over the options of an experiment with Optuna: any number of workers, which may be killed and come back."""

from tejax.search.options import SearchOptions, run_search

__all__ = ["SearchOptions", "run_search"]
