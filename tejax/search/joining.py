"""A worker joins a search: Optuna is imported no sooner."""

from tejax.errors import refuse
from tejax.search.options import SearchOptions

__all__ = ["run_search"]


def run_search(options: SearchOptions) -> int:
    """Join the search in a folder, or begin one there, and work until nothing is left to do.

    Args:
        options: what this worker is started with.

    Returns:
        The exit status: 0, or 130 if the worker was asked to stop.

    Raises:
        InputError: in one line, where Optuna is not installed, the storage cannot be used, the options are not those of
            the search in the folder, or the search is none.
    """
    try:
        import optuna
    except ImportError as error:
        refuse("tejax search needs optuna: pip install 'tejax[search]'", error)
    from tejax.search.worker import work

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return work(options)
