"""What the source of any network is made of: templates, the words for them, and tables of constants.

A row of trits is a row of word pairs: bit i of the first word says that trit i is not 0, of the second that it is -1.
The product of two rows is counted, not multiplied: a pair of trits counts where both are non-zero, and counts
negatively where their signs differ. The sums are those of the network, integer for integer.
"""

from typing import Any, NamedTuple

import numpy as np

from tejax.errors import require

__all__ = [
    "INT32_MAX",
    "Form",
    "Table",
    "allowed",
    "bias_words",
    "bits",
    "check_sums",
    "layer_tables",
    "row_table",
    "table",
    "words",
]

WORD = 32  # bits
INT32_MAX = 2**31 - 1


class Table(NamedTuple):
    """Constants of the source.

    Attributes:
        text: their definition.
        size: bytes that they take in program memory.
    """

    text: str
    size: int


class Form(NamedTuple):
    """The source of one network, or a part of it. All texts are templates yet.

    Attributes:
        declarations: of the header.
        tables: of constants.
        templates: the files of the functions, each after those that it calls.
        words: what stands in the templates for their $words.
        reads_bytes: the function of a step takes a byte, not an array of inputs.
    """

    declarations: str
    tables: tuple[Table, ...]
    templates: tuple[str, ...]
    words: dict[str, Any]
    reads_bytes: bool = False


def words(trits: int) -> int:
    """The word pairs of a row."""
    return -(-trits // WORD)


def bits(levels: int) -> int:
    """The bits of a whole number's magnitude, at most `levels`."""
    return levels.bit_length()


def allowed(levels: int) -> str:
    """What an input may be, in words."""
    return "-1, 0 or +1" if levels == 1 else f"a whole number from -{levels} to {levels}"


def check_sums(fan_in: int, bias: int, zone: int, dead_zone: float) -> None:
    """Raise InputError where int32_t might not hold a sum of so many trits, or the dead zone around it."""
    require(fan_in + bias <= INT32_MAX, f"at most {INT32_MAX} trits in a sum, for int32_t", features=fan_in, bias=bias)
    require(zone <= INT32_MAX, f"at most {INT32_MAX} in units of a sum", dead_zone=dead_zone)


def bias_words(bias: int) -> dict[str, str]:
    """What stands in the templates for the type of a sum of so many constant inputs, and for how an AVR reads it."""
    return {"bias": "int8_t", "read": "byte"} if bias < 128 else {"bias": "int32_t", "read": "dword"}


def layer_tables(index: int, bias: np.ndarray, *parts: np.ndarray) -> tuple[Table, Table]:
    """The weights of one layer as words and its biases, already summed over the constant inputs, as integers.

    Args:
        index: the layer's, among those of the network.
        bias: int8 [O, C].
        parts: weights int8 [O, F] each, for rows of trits that lie one after the other, each from a new word on.
    """
    sums = [str(value) for value in bias.sum(axis=1, dtype=np.int64)]
    size = 1 if bias.shape[1] < 128 else 4
    return row_table(index, *parts), table("$bias", f"b{index}", sums, size, 20)


def row_table(index: int, *parts: np.ndarray) -> Table:
    """Rows of trits as words; index and parts as for `layer_tables`."""
    padded = np.concatenate([np.pad(part, [(0, 0), (0, -part.shape[1] % WORD)]) for part in parts], axis=1)
    planes = [np.packbits(plane, axis=1, bitorder="little").view("<u4") for plane in (padded != 0, padded < 0)]
    pairs = [f"0x{word:08X}" for word in np.stack(planes, axis=-1).reshape(-1)]
    return table("uint32_t", f"w{index}", pairs, 4, 8)


def table(kind: str, name: str, items: list[str], size: int, columns: int) -> Table:
    """The definition of a constant array.

    Args:
        kind: the type of its elements.
        name: of the array, after that of the network.
        items: its elements.
        size: bytes of an element.
        columns: elements a line.
    """
    lines = [f"    {', '.join(items[at : at + columns])},\n" for at in range(0, len(items), columns)]
    text = f"static const {kind} ${{name}}_trits_{name}[{len(items)}] ${{NAME}}_FLASH = {{\n{''.join(lines)}}};\n"
    return Table(text, size * len(items))
