"""Pictures that are shifted, against loops over pixels."""

import itertools
import math

import numpy as np
import pytest

from tejax import InputError
from tejax.tasks.datasets.pictures import shifted

RNG = np.random.default_rng(0)


def by_hand(picture, down, right):
    """A picture whose every pixel gives to those that it lies on, once shifted, as much as it covers of them."""
    height, width = picture.shape
    found = np.zeros((height, width))
    for row, column, r, c in itertools.product(range(height), range(width), range(height), range(width)):
        covered = max(0, 1 - abs(row + down - r)) * max(0, 1 - abs(column + right - c))
        found[r, c] += picture[row, column] * covered
    return found


@pytest.mark.parametrize("shift", [0, 0.25, 0.5, 1, 1.75, 3])
def test_every_place_equals_the_loop(shift):
    x = RNG.integers(0, 17, (2, 4, 3))
    found = shifted(x, shift)
    assert found.shape == (9, 2, 4, 3)
    for number, place in enumerate(itertools.product((-shift, 0, shift), repeat=2)):
        assert np.array_equal(found[number], [by_hand(picture, *place) for picture in x])


def test_flat_rows_are_square_pictures():
    x = RNG.integers(0, 9, (3, 16))
    assert np.array_equal(shifted(x, 0.5), shifted(x.reshape(3, 4, 4), 0.5).reshape(9, 3, 16))
    assert np.array_equal(shifted(x, 0.5)[4], x)


def test_far_away_nothing_is_left():
    assert not shifted(np.ones((1, 2, 2)), 2)[0].any()


@pytest.mark.parametrize(
    ("shape", "shift", "words"),
    [
        ((2, 5), 1, "x must be pictures to be shifted: [N, H, W], or [N, F] with a square F"),
        ((2, 3, 3, 1), 1, "x must be pictures"),
        ((2, 4), -0.5, "shift must be from 0 to 2 pixels, the side of a picture: got shift=-0.5"),
        ((2, 4), 2.5, "shift must be from 0 to 2 pixels"),
        ((2, 4), math.nan, "shift must be from 0 to 2 pixels"),
    ],
)
def test_bad_input_is_refused(shape, shift, words):
    with pytest.raises(InputError) as refusal:
        shifted(np.zeros(shape), shift)
    assert words in str(refusal.value)
