"""Damage: ways in which bytes and JSON go wrong, drawn at random."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

__all__ = ["damage_bytes", "damage_json"]


def _cut(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(len(data))]


def _flip(dice: random.Random, data: bytes) -> bytes:
    place, bit = dice.randrange(len(data)), dice.randrange(8)
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def _overwrite(dice: random.Random, data: bytes) -> bytes:
    place, size = dice.randrange(len(data)), dice.choice([1, 4, 64, 1024])
    return data[:place] + dice.randbytes(min(size, len(data) - place)) + data[place + size :]


def _clear(dice: random.Random, data: bytes) -> bytes:
    place, size = dice.randrange(len(data)), dice.choice([8, 64, 512])
    return data[:place] + bytes(min(size, len(data) - place)) + data[place + size :]


def _insert(dice: random.Random, data: bytes) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + dice.randbytes(dice.choice([1, 8, 100])) + data[place:]


def _noise(dice: random.Random, data: bytes) -> bytes:
    return dice.randbytes(len(data))


WAYS: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "cut short": _cut,
    "a bit flipped": _flip,
    "overwritten": _overwrite,
    "cleared": _clear,
    "bytes inserted": _insert,
    "noise": _noise,
    "empty": lambda dice, data: b"",
    "doubled": lambda dice, data: data + data,
    "a byte order mark": lambda dice, data: b"\xef\xbb\xbf" + data,
}


def damage_bytes(dice: random.Random, data: bytes) -> tuple[str, bytes]:
    """A way and what it makes of the bytes."""
    way = dice.choice(list(WAYS))
    return way, WAYS[way](dice, data or b"\0")


ODD = [  # values as JSON text, some of them beyond what strict JSON or a 64-bit machine holds
    *("null", "true", "-1", "0", "0.5", "2147483648", "9223372036854775808", "1e308", "1e999", "NaN", "-Infinity"),
    *('""', '"\\u001b[31mred"', '"\\ud800"', '"[bold]x"', '"../../x"', '"a\\nb"', "[]", "{}", "[[[]]]", '{"name": 3}'),
    *("9" * 5000, f'"{"x" * 100_000}"', "[" * 3000 + "]" * 3000, f"[{'0,' * 20_000}0]"),
]
MARK = "@@odd@@"


def damage_json(dice: random.Random, text: str, skip: tuple[str, ...] = ()) -> tuple[str, str]:
    """Where one value of a JSON object is another one, or gone, and the text with it.

    Args:
        dice: what decides.
        text: the object.
        skip: names of fields that are left alone.
    """
    value = copy.deepcopy(json.loads(text))
    places = list(_places(value, skip))
    holder, key, path = dice.choice(places)
    how = dice.choice(["gone", "twice", *ODD])
    if how == "gone":
        del holder[key]
    elif how == "twice" and isinstance(holder, dict):
        holder[f"{key} again"] = holder[key]
    else:
        holder[key] = MARK
    return f"{path}: {how[:30]}", json.dumps(value).replace(json.dumps(MARK), how if how != "twice" else "null")


def _places(value: Any, skip: tuple[str, ...], path: str = "") -> Any:
    """Every place in a JSON value that holds another: the holder, the key or index, and the way there in words."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        if key not in skip:
            where = f"{path}.{key}" if path else str(key)
            yield value, key, where
            yield from _places(inner, skip, where)
