"""Arrays of every kind that a user may give: kept as they are, or refused in one line."""

import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, tasks
from tejax.tasks.datasets.checks import as_numbers
from tejax.tasks.datasets.labels import as_labels

X = np.random.default_rng(0).normal(size=(12, 3))


@pytest.mark.parametrize(
    "x",
    [
        X,
        X.tolist(),
        X.astype(np.float16),
        X.astype(">f4"),
        X > 0,
        (X * 10).astype(np.int8),
        np.full((2, 2), 2**53),
        np.full((2, 2), -(2**53)),
        np.full((2, 2), 2**53, np.uint64),
        jnp.ones((2, 2), jnp.int8),
        np.ma.masked_array(X),
        [[True, 2.5]],
        X[:, 0],
    ],
    ids=repr,
)
def test_numbers_that_float64_holds_are_kept(x):
    np.testing.assert_array_equal(as_numbers(x), np.asarray(x))


BAD = {
    "objects": np.where(X > 1, "1", X.astype(object)),
    "text": X.astype(str),
    "bytes": X.astype("S9"),
    "complex": X + 0j,
    "dates": np.full((3, 2), np.datetime64("2020-01-01")),
    "durations": np.full((3, 2), np.timedelta64(1, "s")),
    "records": np.zeros(3, [("a", float)]),
    "ragged": [[1, 2], [3]],
    "masked": np.ma.masked_greater(X, 0),
    "bfloat16": jnp.ones((2, 2), jnp.bfloat16),
    "int64": np.full((2, 2), 2**53 + 1),
    "least int64": np.full((2, 2), -(2**63)),
    "uint64": np.full((2, 2), 2**64 - 1, np.uint64),
    "NaN": np.where(X > 1, np.nan, X),
    "infinity": np.where(X > 1, np.inf, X),
    "a number": 3.0,
    "nothing": None,
    "a word": "hello",
    "a dict": {"x": 1},
    "no rows": X[:0],
    "no columns": X[:, :0],
}
if np.dtype(np.longdouble).itemsize > 8:
    BAD["long double"] = X.astype(np.longdouble)


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_array_of_such_numbers_is_refused_in_one_line(case):
    for call in (lambda: as_numbers(BAD[case]), lambda: tasks.classification(BAD[case], [0, 1] * 6)):
        with pytest.raises(InputError, match=r"^x must be ") as refusal:
            call()
        assert ": got x=" in str(refusal.value)
        assert "\n" not in str(refusal.value)


LABELS = {
    "floats": np.arange(12) % 2 / 2,
    "a missing one": [0, 1, np.nan] * 4,
    "none of some": [0, 1, None] * 4,
    "mixed kinds": np.array([0, "a"] * 6, object),
    "a list of mixed kinds": [0, "a"] * 6,
    "a list of numbers and truth values": [0, True] * 6,
    "a list of texts, one missing": ["a", "b"] * 5 + ["a", float("nan")],
    "a list of numbers, one missing": [1, 2] * 5 + [1, None],
    "more than 64 bits": [1, 2**64] * 6,
    "truth values among numbers": np.array([0, True] * 6, object),
    "complex": np.arange(12) % 2 + 0j,
    "bytes": np.array([b"a", b"b"] * 6),
    "dates": np.array(["2020-01-01"] * 12, "datetime64[D]"),
    "one of each class": np.eye(2, dtype=int)[np.arange(12) % 2],
    "too few": [0, 1],
    "one": 0,
    "ragged": [[0], [1, 1]] * 6,
    "none": None,
}


@pytest.mark.parametrize("case", LABELS)
def test_what_are_no_labels_are_refused_in_one_line(case):
    for call in (lambda: as_labels(LABELS[case], 12), lambda: tasks.classification(X, LABELS[case])):
        with pytest.raises(InputError, match=r"^y must be ") as refusal:
            call()
        assert "\n" not in str(refusal.value)
