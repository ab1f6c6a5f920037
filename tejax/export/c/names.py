"""The names that an exported network may have: those that clash with nothing, now or in another program."""

import re
from functools import cache
from importlib import resources

from tejax.errors import refuse

__all__ = ["check_header", "check_name"]

SIGNIFICANT = 63  # characters of a name that a C compiler must tell apart
LONGEST = SIGNIFICANT - len("_trits_popcount")
ENDINGS = r"class|encode|reset|state|step|trits|trits_\w+"  # what the files add to the name of a network
FAMILIES = (  # of which headers may define any number
    r"(aio|argp|argz|atomic|boot|cnd|eeprom|envz|ether|gnu_dev|inet6?|mq|mtx|obstack|pgm|posix|power|pthread|sched|si|stdc|"
    r"thrd|tss|wdt|xdr)_\w+|(AF|M|PF)_\w+|(PRI|SCN)[a-zA-Z](\d|[A-Z])\w*|\w+_t|\w+_vect(_num)?|"
    r"f(32|64)x?(add|div|fma|mul|sqrt|sub)\w*|[bdhqrsvwxz]\d{1,2}"  # r0, x1: registers
)
VARIANTS = r"(f|ll?|f\d+x?|64)?(_r|_l|_unlocked|_PF?|_explicit)?"  # sinf, printf_P: of a listed name


def check_name(name: str) -> None:
    """Raise InputError, one line, unless a C, C++ or Arduino program can have a function of this name.

    Args:
        name: what a user would call the network.
    """
    if not isinstance(name, str) or re.fullmatch(rf"[A-Za-z]\w{{0,{LONGEST - 1}}}", name, re.ASCII) is None:
        _refuse(name, f"at most {LONGEST} letters, digits and underscores, a letter first")
    if "__" in name or name.endswith("_"):
        _refuse(name, "underscores between letters or digits, one at a time")
    if name.upper() == name:
        _refuse(name, "with a lower-case letter, as the others are names of macros")
    if re.search(rf"_({ENDINGS})$", name):
        _refuse(name, "one that does not end as the names do that are made of it, such as _step")
    stems = {name[:end] for end in range(1, len(name) + 1) if re.fullmatch(VARIANTS, name[end:])}
    if stems & _reserved() or re.fullmatch(FAMILIES, name):
        _refuse(name, "one without a meaning in C, C++, POSIX, assemblers, AVR Libc or Arduino")


def check_header(header: str) -> None:
    """Raise InputError, one line, unless `header` is a file name that any compiler finds between quotes."""
    if not isinstance(header, str) or re.fullmatch(r"(?!\.+$)[\w. +-]+", header, re.ASCII) is None:
        refuse(f"header must be a plain file name of letters, digits and ._+-: got header={header!r}")


def _refuse(name: object, allowed: str) -> None:
    refuse(f"name must be a C identifier that is free, {allowed}: got name={name!r:.100}")


@cache
def _reserved() -> frozenset[str]:
    lines = resources.files(__package__).joinpath("reserved.txt").read_text(encoding="ascii").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
