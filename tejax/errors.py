"""One kind of error for bad input: a single line that names the argument, its value and what is allowed."""

from typing import NoReturn

__all__ = ["InputError", "refuse", "require"]


class InputError(ValueError):
    """Input that a user can fix. The command line prints it as one line and exits 2."""


def refuse(message: str, cause: BaseException | None = None) -> NoReturn:
    """Raise an InputError whose message is one line."""
    raise InputError(" ".join(message.split())) from cause


def require(ok: bool, allowed: str, **values: object) -> None:
    """Raise unless `ok`; the first of `values` is the argument that must be as `allowed` says."""
    if not ok:
        got = ", ".join(f"{name}={value!r}" for name, value in values.items())
        refuse(f"{next(iter(values))} must be {allowed}: got {got}")
