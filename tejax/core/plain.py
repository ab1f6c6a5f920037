"""Values as plain, strict JSON and back: what every program reads alike, and nothing else.

JSON has neither NaN nor infinity, so each of them becomes null. Enums stand for their values, paths for their texts,
arrays and sets for lists. Keys that are numbers become texts.
"""

import dataclasses
import enum
import json
import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import Any, NoReturn

import jax
import numpy as np

from tejax.errors import refuse, require, shown

__all__ = ["dumps", "loads", "to_plain"]

DEEPEST = 50  # lists and objects inside each other that a user may have; what holds them has a few more
MARGIN = 10
LARGEST = 4096  # values of an array
BITS = 1000  # of a whole number: more is no float


def to_plain(value: Any, name: str = "value", fallback: Callable[[Any], Any] | None = None) -> Any:
    """A value as dicts, lists, strings, numbers, booleans and None, all of them Python's own.

    Args:
        value: numbers, texts, paths, enums, dataclasses, mappings, lists, tuples, sets, ranges, and NumPy's and JAX's
            scalars and small arrays, inside each other.
        name: begins the message of an error.
        fallback: makes something plain of what is none of these, so that nothing is refused for its type.

    Raises:
        InputError: in one line that names the place, for anything else, for keys that are no texts or numbers or that
            become equal texts, for an array that is too large, and for what is nested too deep.
    """
    return _plain(value, name, fallback, 0)


def dumps(value: Any, name: str = "value", indent: int | None = None) -> str:
    """Strict JSON, ASCII, of what `to_plain` takes."""
    return json.dumps(_plain(value, name, None, -MARGIN), indent=indent, allow_nan=False)


def loads(text: str | bytes) -> Any:
    """What a strict JSON text holds.

    Raises:
        ValueError: in a few words, for what is no JSON, NaN and infinity included, for a number that no float holds,
            and for what is nested too deep.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(text, parse_constant=_no_number, parse_int=_integer, parse_float=_number)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if _depth(value) > DEEPEST + MARGIN:
        raise ValueError("nested too deep")
    return value


def _plain(value: Any, name: str, fallback: Callable[[Any], Any] | None, depth: int) -> Any:
    require(depth <= DEEPEST, f"nested at most {DEEPEST} deep", **{name: type(value).__name__})
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _plain(value.value, name, fallback, depth + 1)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, int):
        whole = int(value)
        require(whole.bit_length() <= BITS, f"a whole number of at most {BITS} bits", **{name: value})
        return whole
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return _object(value, name, fallback, depth)
    if isinstance(value, AbstractSet):
        value = sorted(value, key=lambda item: (type(item).__name__, shown(item)))
    if isinstance(value, list | tuple | range):
        return [_plain(item, f"{name}[{place}]", fallback, depth + 1) for place, item in enumerate(value)]
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return _array(value, name, fallback, depth)
    return _other(value, name, fallback)


def _object(value: Mapping[Any, Any], name: str, fallback: Callable[[Any], Any] | None, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in value.items():
        text = _key(key, name)
        require(text not in found, "without two keys that are the same text", **{name: key})
        found[text] = _plain(item, f"{name}.{text}", fallback, depth + 1)
    return found


def _key(key: Any, name: str) -> str:
    """A key as a text: JSON's own word for a number, a truth value and None."""
    key = key.value if isinstance(key, enum.Enum) else key
    key = key.item() if isinstance(key, np.generic) else key
    if isinstance(key, str | PurePath):
        return str(key)
    number = isinstance(key, bool | float | None) or (isinstance(key, int) and key.bit_length() <= BITS)
    require(number, "an object whose keys are texts or numbers", **{name: key})
    return json.dumps(key)


def _array(value: Any, name: str, fallback: Callable[[Any], Any] | None, depth: int) -> Any:
    """A scalar or a small array as a number or nested lists."""
    if value.size > LARGEST:
        require(fallback is not None, f"an array of at most {LARGEST:,} values", **{name: f"one of {value.size:,}"})
        return f"an array of shape {list(value.shape)}"
    try:
        listed = np.asarray(value)
        if listed.dtype.kind in "fV" and listed.dtype.names is None:  # V: bfloat16 and other small floats
            listed = listed.astype(np.float64)
    except Exception:  # a key, an array of a compiled program, or one that lies with other processes
        return _other(value, name, fallback)
    known = listed.dtype.kind in "biufUO"
    return _plain(listed.tolist(), name, fallback, depth + 1) if known else _other(value, name, fallback)


def _other(value: Any, name: str, fallback: Callable[[Any], Any] | None) -> Any:
    if fallback is None:
        allowed = "plain: numbers, texts, paths, lists, mappings, dataclasses, and NumPy's and JAX's numbers"
        refuse(f"{name} must be {allowed}: got {shown(value, 60)} of type {type(value).__name__}")
    return fallback(value)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _integer(digits: str) -> int:
    if len(digits) > BITS // 4 or int(digits).bit_length() > BITS:
        raise ValueError(f"a whole number of {len(digits):,} digits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{shown(digits, 40)} is larger than any number")
    return value


def _depth(value: Any) -> int:
    """How many lists and objects lie inside each other."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth
