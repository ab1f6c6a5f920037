"""Thresholds of what random actions meet."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax.errors import InputError
from tejax.tasks._recording import Recording, check_thresholds, record
from tests.oracles.line import Line, Params

EDGES = np.arange(-7, 9)


def test_a_rare_value_and_its_mirror_image_are_told_apart():
    """Two values of a walk, one of them seen in a share of steps that goes from nearly all to nearly none."""
    see = lambda place: jnp.concatenate([place >= EDGES, place < EDGES, 3 * (place >= EDGES) - 5.0])  # noqa: E731
    recording = record(Line(see), Params(), jax.random.key(0), 12)
    met = np.asarray(recording.observations)[np.asarray(recording.alive)]
    shares = met[:, : len(EDGES)].mean(axis=0)
    assert shares.max() > 0.8 > 0.2 > shares.min() > 0
    for trits in (1, 4):
        halves = np.repeat([0.5, 0.5, -3.5], len(EDGES))
        np.testing.assert_array_equal(recording.thresholds(trits), np.broadcast_to(halves, (2, trits, halves.size)))


def test_what_is_not_finite_or_comes_after_the_end_is_passed_over():
    numbers = np.array([[[1.0, np.nan]], [[2.0, np.inf]], [[np.nan, -np.inf]], [[900.0, 5.0]]], np.float32)
    alive = np.array([[True], [True], [True], [False]])
    limits = Recording(jnp.asarray(numbers), jnp.asarray(alive), jnp.zeros(1)).thresholds(2)
    np.testing.assert_array_equal(limits, np.broadcast_to([1.5, 0.0], (2, 2, 2)))


@pytest.mark.parametrize(
    "given", [np.zeros((2, 1, 2)), "low", None, [[[0.0]], [[0.0], [1.0]]], [[[np.nan]], [[0.0]]], 0.5]
)
def test_thresholds_that_do_not_fit_are_refused(given):
    with pytest.raises(InputError, match="thresholds must be"):
        check_thresholds(given, (2, 1, 1))
