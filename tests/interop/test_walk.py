"""The walk of autonomous networks against a plain one."""

import jax.numpy as jnp
import numpy as np
import pytest

from tejax import networks, tasks
from tejax.core.frames import ENDLESS
from tejax.interop.walk import walk
from tejax.networks.lookup import changes, from_digits
from tests.networks.lookup.test_autonomous import NEURONS, circuit, digits, in_digits
from tests.oracles import autonomous as oracle

WINDOW, CAP, MOST, STEPS = 5, 4, 30, 40


@pytest.mark.parametrize(("part", "explore", "shift"), [("start", 8, 0), ("wiring", 0, 1), ("lines", 15, 0)])
def test_walks_like_the_oracle(part, explore, shift):
    rng = np.random.default_rng(len(part))
    genome, mode = digits(len(part)), 1 + changes.PARTS.index(part)
    targets = rng.integers(0, 3, WINDOW + CAP)
    words = rng.integers(2**64, size=(STEPS, 2), dtype=np.uint64, endpoint=False)
    kept, best, steps = oracle.walk(genome, (3, 7), targets, WINDOW, MOST, CAP, shift, mode, words, explore)

    network = networks.Autonomous(NEURONS, control=3, output=7)
    task = tasks.emission(from_digits(targets), WINDOW, CAP, MOST)
    drawn = changes.Change(*map(jnp.asarray, changes.by_word(words, part, NEURONS)))
    end, found = walk(network, task, circuit(*genome), drawn, part=part, explore=explore, shift=shift)
    error = [oracle.INFINITE if each == ENDLESS else each for each in found.rating.error.tolist()]
    ratings = list(zip(found.rating.shift.tolist(), error, strict=True))
    assert list(zip(ratings, found.accepted.tolist(), found.recorded.tolist(), strict=True)) == steps
    assert int(end.best_rating.shift) == best[0]
    assert int(end.best_rating.error) == min(best[1], ENDLESS)
    for got, wanted in zip(in_digits(end.best), kept, strict=True):
        assert np.array_equal(got, wanted)
    assert 0 < found.accepted.sum() < STEPS
