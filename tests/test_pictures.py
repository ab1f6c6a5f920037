"""Pictures moved by half pixels, against loops over pixels."""

import numpy as np
import pytest

from tejax import InputError
from tejax.tasks.pictures import moved

RNG = np.random.default_rng(0)


def by_hand(picture, down, right):
    """A picture moved by half pixels: each pixel is the mean of the old ones that it comes from."""
    height, width = picture.shape
    found = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            rows = {(2 * row - down) // 2, (2 * row - down + 1) // 2}
            columns = {(2 * column - right) // 2, (2 * column - right + 1) // 2}
            inside = [picture[r, c] for r in rows for c in columns if 0 <= r < height and 0 <= c < width]
            found[row, column] = sum(inside) / (len(rows) * len(columns))
    return found


@pytest.mark.parametrize("reach", [0, 1, 3])
def test_every_place_equals_the_loop(reach):
    x = RNG.integers(0, 17, (2, 4, 3))
    found = moved(x, reach)
    places = [(down, right) for down in range(-reach, reach + 1) for right in range(-reach, reach + 1)]
    assert found.shape == (len(places), 2, 4, 3)
    for number, place in enumerate(places):
        assert np.array_equal(found[number], [by_hand(picture, *place) for picture in x])


def test_flat_rows_are_square_pictures():
    x = RNG.integers(0, 9, (3, 16))
    assert np.array_equal(moved(x, 2), moved(x.reshape(3, 4, 4), 2).reshape(25, 3, 16))
    assert np.array_equal(moved(x, 2)[12], x)


def test_far_away_nothing_is_left():
    assert not moved(np.ones((1, 2, 2)), 6)[0].any()


@pytest.mark.parametrize(
    ("shape", "reach", "words"),
    [((2, 5), 1, "x must be pictures to be shifted"), ((2, 4), -1, "shift must be at least 0: got shift=-1")],
)
def test_bad_input_is_refused(shape, reach, words):
    with pytest.raises(InputError) as refusal:
        moved(np.zeros(shape), reach)
    assert words in str(refusal.value)
