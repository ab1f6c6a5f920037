"""One kind of error for bad input: a single line that names the argument, its value and what is allowed.

What is shown may come from a stranger's file. So whatever reaches a person passes `one_line` or `printable`: nothing in
it moves the cursor, colours the terminal or turns the text around, and no message is longer than LONGEST characters.
"""

import unicodedata
from typing import NoReturn

__all__ = ["LONGEST", "InputError", "one_line", "printable", "refuse", "require", "shown"]

LONGEST = 2000  # characters of a message
LONGEST_VALUE = 200  # characters of a value in one
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # Unicode's control, format, surrogate and unassigned characters


class InputError(ValueError):
    """Input that a user can fix. The command line prints it as one line and exits 2."""

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


def refuse(message: str, cause: BaseException | None = None) -> NoReturn:
    """Raise an InputError whose message is one line."""
    raise InputError(message) from cause


def require(ok: bool, allowed: str, **values: object) -> None:
    """Raise unless `ok`; the first of `values` is the argument that must be as `allowed` says."""
    if not ok:
        got = ", ".join(f"{name}={shown(value)}" for name, value in values.items())
        refuse(f"{next(iter(values))} must be {_cut(allowed, LONGEST // 2)}: got {got}")


def shown(value: object, longest: int = LONGEST_VALUE) -> str:
    """A value as Python writes it, cut to `longest` characters; what cannot be written so is named by its type."""
    try:
        return _cut(repr(value), longest)
    except Exception:  # whatever a __repr__ raises: an int of too many digits, a list of too many levels
        return f"<{type(value).__name__}>"


def one_line(text: object, longest: int = LONGEST) -> str:
    """A text as one printable line of `longest` characters at most."""
    return _cut(printable(" ".join(_cut(str(text), 8 * longest).split())), longest)


def printable(text: str) -> str:
    """A text whose hidden characters, but for ends of lines and tabs, stand as escapes such as \\x1b and \\u202e."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each if each in "\n\t" or unicodedata.category(each) not in HIDDEN else _escape(each) for each in text
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _cut(text: str, longest: int) -> str:
    """The text; of one that is too long the beginning and the end."""
    if len(text) <= longest:
        return text
    half = (longest - 5) // 2
    return f"{text[: longest - 5 - half]} ... {text[-half:]}"
