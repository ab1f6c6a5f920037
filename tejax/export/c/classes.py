"""The names of classes in C."""

from collections.abc import Sequence

from tejax.export.c.form import Form
from tejax.tasks.datasets.labels import check_names

__all__ = ["names"]

DECLARATION = """
/* What a class is called, in UTF-8: the name of number 0 to ${NAME}_OUTPUTS - 1. */
const char *${name}_class(unsigned number);
"""
PLAIN = {chr(code) for code in range(32, 127)} - set(
    '"\\\\?$'
)  # what a string in C, and in a template, may hold as it is


def names(classes: Sequence[str], outputs: int) -> Form:
    """The source of the names of classes.

    Raises:
        InputError: for names that are not different texts, as many as the network has outputs.
    """
    texts = [_literal(name) for name in check_names(list(classes), outputs)]
    return Form(DECLARATION, (), ("classes.c",), {"names": "\n".join(f"        {text}," for text in texts)})


def _literal(name: str) -> str:
    """A text as C spells it: what is no plain character as its bytes in octal, three digits each."""
    spelled = (each if each in PLAIN else "".join(f"\\{byte:03o}" for byte in each.encode()) for each in name)
    return f'"{"".join(spelled)}"'
