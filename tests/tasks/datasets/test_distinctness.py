"""Features that vary in numbers and not in trits are named, and no others."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tejax import InputError, tasks

RNG = np.random.default_rng(0)
Y = np.arange(200) % 2
X = RNG.normal(size=(200, 4))
TRAIN = train_test_split(np.arange(200), test_size=40, stratify=Y, random_state=0)[0]


def _outlier(value):
    x = X.copy()
    x[TRAIN[5], 2] = value
    return x


UNITS = {
    "another unit": (X * [1, 1, 1, 1e4], "0, 1, 2"),
    "a small unit": (X * [1e4, 1e4, 1e4, 1], "3"),
    "rare ones beside counts": (np.c_[1000 * X, RNG.random(200) < 0.15], "4"),
    "an outlier": (_outlier(1e6), "0, 1, 2, 3"),
    "an outlier below": (_outlier(-300), "0, 1, 2, 3"),
    "of the largest": (X * [1e300, 1, 1, 1.7e307], "1, 2"),
}


@pytest.mark.parametrize("case", UNITS)
def test_a_feature_without_a_threshold_is_named(case):
    x, named = UNITS[case]
    with pytest.warns(UserWarning, match=rf"\(from 0: .*{named}.*\): placement='range' has no threshold"):
        tasks.classification(x, Y, placement="range")
    tasks.classification(x, Y, placement="quantile")  # a warning would be an error


@pytest.mark.parametrize("options", [{"trits": 1}, {"trits": 2}, {"trits": 1, "kind": "thermometer"}, {"trits": 8}])
def test_pictures_with_dark_edges_are_no_news(options):
    x, y = load_digits(return_X_y=True)
    for pictures in (x, 16 - x, x * 16):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tasks.classification(pictures, y, placement="range", **options)


@pytest.mark.parametrize("x", [np.ones((20, 3)), np.tile([1.0, 2, 3], (20, 1)), np.zeros((20, 1), bool)])
@pytest.mark.parametrize("placement", ["range", "quantile"])
def test_equal_rows_are_refused(x, placement):
    with pytest.raises(InputError, match=r"^x must vary: got 16 equal training rows of shape"):
        tasks.classification(x, Y[:20], placement=placement)


def test_rows_that_become_equal_are_refused():
    with pytest.raises(InputError, match=r"^x must vary in trits: .* placement='range'; try 'quantile'"):
        tasks.classification(np.c_[X, np.full(200, 1e6)], Y)
    assert tasks.classification(np.c_[X, np.full(200, 1e6)], Y, placement="quantile").features == 10
