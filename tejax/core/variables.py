"""What the environment says: one rule for every variable of tejax that switches something or names a file."""

import os
from pathlib import Path

from tejax.errors import refuse

__all__ = ["OFF", "ON", "path_variable", "switch", "word"]

ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def word(name: str) -> str:
    """A variable in small letters, without spaces around it; empty where it is not set."""
    return os.environ.get(name, "").strip().lower()


def switch(name: str, default: bool) -> bool:
    """A variable that switches something on or off; the default where it is empty or not set.

    Raises:
        InputError: for any other word.
    """
    said = word(name)
    if said and said not in (*ON, *OFF):
        refuse(f"{name} must be one of {', '.join((*ON, *OFF))}, in any case, or empty: got {os.environ[name]!r:.60}")
    return said in ON if said else default


def path_variable(name: str) -> Path | None:
    """A variable that names a file, ~ being a user's home; None where it is empty or not set.

    Raises:
        InputError: for the home of a user who is not known.
    """
    said = os.environ.get(name, "")
    try:
        return Path(said).expanduser() if said.strip() else None
    except RuntimeError as error:
        refuse(f"{name} must be a path, without the home of a user who is not known: got {said!r:.200}", error)
