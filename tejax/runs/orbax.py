"""Orbax, imported when it is first needed, and kept from printing tracebacks of errors that are said in one line."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tejax.errors import InputError

__all__ = ["load_orbax", "silenced"]


def load_orbax() -> Any:
    """The package: to import it takes as long as JAX itself."""
    import orbax.checkpoint

    return orbax.checkpoint


@contextmanager
def silenced() -> Iterator[None]:
    """Inside, what Orbax logs, with tracebacks, goes nowhere: whatever fails is raised as well.

    Where something fails it is silent from there on, for its threads complain later, up to the end of the process.
    """
    log = logging.getLogger("absl")  # through which Orbax logs
    log.addFilter(_is_foreign)
    try:
        yield
    except InputError:  # of ours: nothing of Orbax has failed
        log.removeFilter(_is_foreign)
        raise
    log.removeFilter(_is_foreign)


def _is_foreign(record: logging.LogRecord) -> bool:
    return "orbax" not in record.pathname
