import json

import numpy as np
import pytest

from tejax import InputError
from tejax.tasks.datasets import encoding


def _oracle(x, thresholds, kind):
    """Trit l of all features, then trit l + 1, one number at a time."""
    rows = []
    for row in x:
        coded = []
        if kind == "thermometer":
            for level in thresholds:
                coded += [1 if value > limit else -1 for value, limit in zip(row, level, strict=True)]
        elif kind == "levels":
            half = len(thresholds) // 2
            coded = [
                sum(value > limit for limit in column) - half for value, column in zip(row, thresholds.T, strict=True)
            ]
        else:
            half = len(thresholds) // 2
            for low, high in zip(thresholds[:half], thresholds[half:], strict=True):
                for value, below, above in zip(row, low, high, strict=True):
                    coded.append(1 if value > above else (0 if value > below else -1))
        rows.append(coded)
    return np.array(rows, np.int8)


@pytest.mark.parametrize("kind", ["trits", "thermometer", "levels"])
@pytest.mark.parametrize("placement", ["range", "quantile"])
@pytest.mark.parametrize("trits", [1, 2, 5])
def test_encoding_equals_the_oracle(kind, placement, trits):
    x = np.random.default_rng(trits).normal(size=(50, 4))
    encode = encoding.fit(x, trits, kind, placement)
    coded = encode(x)
    assert coded.dtype == np.int8
    assert coded.shape == (50, encode.inputs) == (50, 4 if kind == "levels" else 4 * trits)
    assert set(np.unique(coded)) <= set(range(-encode.levels, encode.levels + 1))
    assert np.array_equal(coded, _oracle(x, encode.thresholds, kind))
    assert (np.diff(encode.thresholds, axis=0) >= 0).all()


def test_range_spaces_thresholds_evenly_over_all_data():
    x = np.array([[0.0, 4.0], [8.0, 2.0]])
    assert encoding.fit(x, 1, "trits", "range").thresholds.tolist() == pytest.approx(
        np.array([[8 / 3] * 2, [16 / 3] * 2])
    )
    assert encoding.fit(x, 3, "thermometer", "range").thresholds[:, 0].tolist() == [2, 4, 6]


def test_quantile_gives_each_trit_value_a_third_of_each_feature():
    x = np.random.default_rng(0).normal(size=(3000, 2)) * [1, 100]
    coded = encoding.fit(x, 1, "trits", "quantile")(x)
    for value in (-1, 0, 1):
        assert np.abs((coded == value).mean(axis=0) - 1 / 3).max() < 0.01


def test_constant_data_and_unseen_data_stay_trits():
    flat = encoding.fit(np.ones((4, 3)), 2)
    assert set(np.unique(flat(np.array([[1.0, -1e9, 1e9]])))) <= {-1, 0, 1}
    assert np.array_equal(flat(np.ones((1, 3))), -np.ones((1, 6), np.int8))


def _codes(x, **options):
    """How many different codes each feature has."""
    coded = encoding.fit(x, **options)(x).reshape(len(x), -1, x.shape[1])
    return [len(np.unique(coded[:, :, feature], axis=0)) for feature in range(x.shape[1])]


RNG = np.random.default_rng(7)
NEAR = {
    "unix seconds": 1.7e9 + RNG.integers(0, 86_400, (60, 2)),
    "ids": 20_000_000 + RNG.integers(0, 50, (60, 2)),
    "prices": 99_999_999 + np.round(RNG.random((60, 2)), 2),
    "next to 0": RNG.normal(size=(60, 2)) * 1e-300,
    "subnormal": RNG.integers(0, 9, (60, 2)) * 5e-324,
    "the largest": np.where(RNG.random((60, 2)) < 0.5, 1.7e308, -1.7e308),
    "neighbours": np.where(RNG.random((60, 2)) < 0.5, 1.0, np.nextafter(1.0, 2.0)),
    "int64": 2**53 - RNG.integers(0, 3, (60, 2)),
    "uint64": np.uint64(2**53) - RNG.integers(0, 3, (60, 2)).astype(np.uint64),
    "float16": RNG.normal(size=(60, 2)).astype(np.float16),
    "booleans": RNG.random((60, 2)) < 0.5,
}


@pytest.mark.parametrize("placement", ["range", "quantile"])
@pytest.mark.parametrize("kind", ["trits", "thermometer"])
@pytest.mark.parametrize("case", NEAR)
def test_numbers_that_float64_tells_apart_are_told_apart(case, kind, placement):
    assert min(_codes(NEAR[case], trits=1, kind=kind, placement=placement)) >= 2


@pytest.mark.parametrize("rare", [1, 15, 50, 85, 99])
@pytest.mark.parametrize("placement", ["range", "quantile"])
def test_a_column_of_two_values_and_its_mirror_image_keep_both(rare, placement):
    ones = np.arange(100)[:, None] < rare
    for x in (ones, ~ones, np.where(ones, 255, 3).astype(np.uint8), np.where(ones, -1.5, 2)):
        for trits in (1, 3):
            assert _codes(x, trits=trits, placement=placement) == [2]


def test_saturated_pictures_keep_what_differs():
    x = np.where(RNG.random((200, 16)) < 0.9, 255, RNG.integers(0, 255, (200, 16))).astype(np.uint8)
    assert min(_codes(x, trits=2, placement="quantile")) >= 2
    assert min(_codes(255 - x, trits=2, placement="quantile")) >= 2


@pytest.mark.parametrize("placement", ["range", "quantile"])
@pytest.mark.parametrize("kind", ["trits", "thermometer"])
def test_an_encoding_comes_back_from_json_to_the_bit(kind, placement):
    for scale in (1e-310, 1 / 3, 1e300):
        encode = encoding.fit(RNG.normal(size=(40, 5)) * scale, 3, kind, placement)
        text = json.dumps({"encoding": encode.to_json(), "task": {}})
        again = encoding.encoding_of(json.loads(text))
        assert again == encode
        assert hash(again) == hash(encode)
        assert again.thresholds.tobytes() == encode.thresholds.tobytes()
    assert again != encoding.fit(np.eye(5), 3, kind, placement)
    named = encoding.fit(np.eye(2), 3, kind, placement, ["wide", "größe"])
    assert encoding.encoding_of({"encoding": json.loads(json.dumps(named.to_json()))}) == named
    assert named != encoding.fit(np.eye(2), 3, kind, placement)
    assert encoding.encoding_of({"task": {}}) is None


GOOD = {"kind": "trits", "features": 2, "thresholds": [[0.5, 1], [2]]}


@pytest.mark.parametrize(
    "plain",
    [
        3,
        [],
        {},
        {**GOOD, "more": 1},
        {**GOOD, "columns": "ab"},
        {**GOOD, "columns": ["a"]},
        {**GOOD, "columns": ["a", 2]},
        {**GOOD, "columns": ["a", "b" * 2**20]},
        {**GOOD, "kind": "binary"},
        {**GOOD, "kind": ["trits"]},
        {**GOOD, "features": 0},
        {**GOOD, "features": True},
        {**GOOD, "features": 3},
        {**GOOD, "thresholds": []},
        {**GOOD, "thresholds": [[1]]},
        {**GOOD, "thresholds": [[1, 2, 3], [4]]},
        {**GOOD, "thresholds": [["1"], [2]]},
        {**GOOD, "thresholds": [[True], [2]]},
        {**GOOD, "thresholds": [[3], [2]]},
        {**GOOD, "thresholds": [[0], [float("inf")]]},
        {**GOOD, "thresholds": [[0], [float("nan")]]},
        {**GOOD, "thresholds": [[0], [10**400]]},
        {**GOOD, "thresholds": "12"},
        {**GOOD, "features": 10**9, "thresholds": [[0], [1]]},
    ],
)
def test_a_damaged_encoding_is_refused_in_one_line(plain):
    assert encoding.encoding_of({"encoding": GOOD}).inputs == 2
    with pytest.raises(InputError, match=r"^encoding") as refusal:
        encoding.encoding_of({"encoding": plain})
    assert "\n" not in str(refusal.value)


def test_rows_pictures_and_one_sample_are_encoded_alike():
    x = RNG.normal(size=(6, 4))
    encode = encoding.fit(x, 2)
    coded = encode(x)
    for same in (x.reshape(6, 2, 2), x.tolist(), x.astype(">f8"), np.asfortranarray(x)):
        np.testing.assert_array_equal(encode(same), coded)
    for sample in (x[3], x[3].tolist()):
        np.testing.assert_array_equal(encode(sample), coded[3])
    np.testing.assert_array_equal(encode(x[3:4]), coded[3:4])
    for other in (
        x[3].reshape(2, 2),
        x[:, :3],
        x[:, :1],
        np.c_[x, x],
        3.0,
        x[:0],
        np.where(x > 0, np.nan, x),
        x.astype(str),
    ):
        with pytest.raises(InputError, match=r"^x must be "):
            encode(other)


def test_more_thresholds_than_a_file_holds_are_refused_before_evolution():
    with pytest.raises(InputError, match=r"trits must be fewer: .* 524288 thresholds"):
        encoding.fit(np.arange(1200.0).reshape(2, 600), 1024, "trits", "quantile")


@pytest.mark.parametrize(
    ("thresholds", "kind", "words"),
    [
        ([[0.5], [1]], "binary", "kind must be trits, thermometer or levels"),
        ([[0.5], [1]], ["trits"], "kind must be trits, thermometer or levels"),
        ([0.5, 1], "trits", "thresholds must be [levels, features], ascending"),
        ([[1], [0.5]], "trits", "thresholds must be [levels, features], ascending"),
        ([[1], [2], [3]], "trits", "thresholds must be of two levels a trit"),
        ([[1], [float("nan")]], "trits", "thresholds must be finite"),
        ([["1"], ["2"]], "trits", "thresholds must be numeric"),
        ([[1, 2], [3]], "trits", "thresholds must be an array"),
        (np.zeros((0, 3)), "trits", "thresholds must be non-empty"),
    ],
)
def test_thresholds_that_are_none_are_refused(thresholds, kind, words):
    with pytest.raises(InputError) as refusal:
        encoding.Encoding(thresholds, kind)
    assert words in str(refusal.value)


def test_an_encoding_is_a_value():
    given = np.array([[0.5, 1], [2, 3]])
    first, second = encoding.Encoding(given), encoding.Encoding(given.tolist())
    given[0, 0] = -5
    assert first == second
    assert len({first, second, encoding.Encoding(given), encoding.Encoding(given, "thermometer")}) == 3
    with pytest.raises(ValueError, match="read-only"):
        first.thresholds[0, 0] = 1
    assert first != 3
