"""Plain, strict JSON of whatever a user has in hand, and strict JSON from texts and files."""

import dataclasses
import enum
import json
import os
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax.core import plain, reading
from tejax.errors import InputError


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Pair(NamedTuple):
    a: int
    b: float


@dataclasses.dataclass
class Record:
    sizes: tuple
    path: Path


GIVEN = {
    "tuple": ((1, (2,)), [1, [2]]),
    "named": (Pair(1, 0.5), [1, 0.5]),
    "nan": ([float("nan"), float("inf"), -float("inf")], [None] * 3),
    "numpy nan": (np.array([1.5, np.nan], np.float32), [1.5, None]),
    "whole-number keys": ({1: "a", np.int8(2): "b"}, {"1": "a", "2": "b"}),
    "other keys": ({1.5: 1, True: 2, None: 3, Colour.RED: 4}, {"1.5": 1, "true": 2, "null": 3, "red": 4}),
    "path": ({"p": Path("a/b")}, {"p": "a/b"}),
    "enum": ([Colour.RED, Level.HIGH], ["red", 3]),
    "dataclass": (Record((1,), Path("x")), {"sizes": [1], "path": "x"}),
    "set": ({3, 1, 2}, [1, 2, 3]),
    "frozenset": (frozenset({"b", "a"}), ["a", "b"]),
    "range": (range(3), [0, 1, 2]),
    "mapping": (MappingProxyType(OrderedDict(a=1)), {"a": 1}),
    "numpy scalars": (
        [np.float64(0.5), np.float16(0.5), np.uint64(2**64 - 1), np.bool_(True)],
        [0.5, 0.5, 2**64 - 1, True],
    ),
    "numpy text": (np.str_("a"), "a"),
    "numpy arrays": ([np.array(3), np.zeros((2, 1), np.int8), np.array(["a"])], [3, [[0], [0]], ["a"]]),
    "object array": (np.array([1, "a", None], object), [1, "a", None]),
    "jax": ([jnp.float32(0.5), jnp.int8(3), jnp.arange(2), jnp.bool_(True)], [0.5, 3, [0, 1], True]),
    "bfloat16": (jnp.array([0.5, jnp.nan], jnp.bfloat16), [0.5, None]),
    "numbers": ([True, 0, -(2**63), 0.1, 1e-300], [True, 0, -(2**63), 0.1, 1e-300]),
    "text": ("a\x00\u2028\ud800é", "a\x00\u2028\ud800é"),
    "empty": ([{}, [], "", None, np.zeros(0)], [{}, [], "", None, []]),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_a_user_has_in_hand_becomes_plain_and_stays_so(name):
    given, wanted = GIVEN[name]
    found = plain.to_plain(given)
    assert found == wanted
    assert json.dumps(found, allow_nan=False) == plain.dumps(given)
    assert plain.loads(plain.dumps(given)) == found == plain.to_plain(found)
    assert plain.dumps(given).isascii()


class Foreign:
    pass


REFUSED = {
    "object": Foreign(),
    "class": Record,
    "function": len,
    "bytes": b"a",
    "complex": 1j,
    "numpy complex": np.complex64(1),
    "date": np.datetime64("2020-01-01"),
    "structured": np.zeros(2, [("a", int)]),
    "large": np.zeros(5000, np.int8),
    "key": jax.random.key(0),
    "generator": (i for i in range(3)),
    "endless": 10**400,
    "tuple key": {(1, 2): 3},
    "bytes key": {b"a": 3},
    "equal keys": {1: "a", "1": "b"},
}


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_at_once_in_one_line_that_names_the_place(name):
    with pytest.raises(InputError, match=r"^config\.here\[1\]\S* must be ") as refusal:
        plain.to_plain({"here": [0, REFUSED[name]]}, "config")
    assert str(refusal.value).isprintable()


def test_what_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(InputError, match="nested at most"):
        plain.to_plain(endless)
    with pytest.raises(InputError, match="nested at most"):
        plain.to_plain(endless, fallback=str)


def test_an_array_of_a_compiled_program_is_refused():
    def inside(x):
        with pytest.raises(InputError, match="must be plain"):
            plain.to_plain(x)
        return x

    jax.jit(inside)(1.0)


def test_with_a_fallback_no_type_is_refused():
    found = plain.to_plain(
        {"a": 1j, "b": np.zeros(5000), "c": jax.random.key(0), "d": {1, 2j}}, fallback=lambda _: "odd"
    )
    assert found == {"a": "odd", "b": "an array of shape [5000]", "c": "odd", "d": ["odd", 1]}


DAMAGED = {
    "nan": b'{"a": NaN}',
    "infinity": b"[Infinity]",
    "minus": b"[-Infinity]",
    "large": b"[1e999]",
    "small": b"[-1e999]",
    "digits": b"1" + b"0" * 5000,
    "whole": b"1" + b"0" * 400,
    "deep": b"[" * 100_000,
    "deep but whole": b"[" * 200 + b"]" * 200,
    "torn": b'{"a": ',
    "empty": b"",
    "nul": b"\0\0",
    "mark": b"\xef\xbb\xbf{}",
    "latin": b'"\xe9"',
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "two": b"{}{}",
    "words": b"None",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, name):
    path = tmp_path / "a.json"
    path.write_bytes(DAMAGED[name])
    with pytest.raises(InputError, match=r"a\.json: damaged \(.+\)$") as refusal:
        reading.read_json(path)
    assert len(str(refusal.value)) < 500
    assert str(refusal.value).isprintable()
    with pytest.raises(ValueError, match=r"\w"):
        plain.loads(DAMAGED[name])


def test_only_regular_files_of_a_fair_size_are_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert reading.read_regular(path, 5) == b"12345"
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("a", "has more than 4 bytes"),
        ("link", "is a link"),
        ("loop", "is a link"),
        ("folder", "is a directory"),
        ("pipe", "is a pipe"),
        ("none", "cannot be read"),
        ("nul\0", "cannot be read"),
        ("x" * 300, "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            reading.read_regular(tmp_path / name, 4)
    (tmp_path / "folder" / "b").write_text("{}")
    (tmp_path / "linked").symlink_to(tmp_path / "folder")
    assert reading.read_json(tmp_path / "linked" / "b") == {}
