"""Spaces of actions that a network can answer, and those that it cannot."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax.errors import InputError
from tejax.tasks._actions import act, check_space, output_count
from tejax.tasks._control import control
from tests.oracles.line import Box, Discrete, Line

GREATEST = float(np.finfo(np.float32).max)


class Loose(NamedTuple):
    """A space with members of any kind."""

    n: Any = 2
    shape: Any = ()
    start: Any = 0

    def sample(self, key):
        return jnp.int32(0)


class Parts:
    """A space of several, as a dictionary is."""

    spaces = ("a", "b")

    def sample(self, key):
        return {"a": 0}


BAD = {
    "no bound": Box(-np.inf, np.inf),
    "no upper bound": Box(0.0, np.inf),
    "no lower bound": Box(-np.inf, 0.0),
    "one of several": Box(np.array([-1, -np.inf]), np.array([1.0, 1.0]), (2,)),
    "NaN": Box(np.nan, 1.0),
    "float32's ends": Box(-GREATEST, GREATEST),
    "a distance beyond float32": Box(-2e38, 2e38),
    "a sum beyond float32": Box(2e38, 2e38),
    "beyond float32": Box(-1e300, 1e300),
    "turned round": Box(1.0, -1.0),
    "turned round in one place": Box(np.zeros(2), np.array([1.0, -1e-9]), (2,)),
    "whole numbers": Box(0, 3, (2,), jnp.int32),
    "bytes": Box(0, 255, (2,), np.uint8),
    "truth values": Box(0, 1, (2,), bool),
    "bounds of another shape": Box(np.zeros(3), np.ones(3), (2,)),
    "bounds of more axes": Box(np.zeros((2, 2)), np.ones((2, 2)), (2,)),
    "no action": Box(shape=(0,)),
    "too many": Box(shape=(300, 300)),
    "no shape": Box(shape=None),
    "a negative size": Box(shape=(-1,)),
    "no bound at all": Box(None, None),
    "no choice": Discrete(0),
    "fewer than none": Discrete(-3),
    "a billion choices": Discrete(10**9),
    "half a choice": Discrete(2.5),
    "several numbers of choices": Loose(np.array([2, 3])),
    "several choices": Loose(2, (2,)),
    "choices from another number": Loose(2, (), -1),
    "a dictionary": Parts(),
    "nothing": None,
    "gymnasium's": type("Discrete", (Loose,), {"__module__": "gymnasium.spaces.discrete"})(),
}


@pytest.mark.parametrize("space", BAD.values(), ids=BAD)
def test_what_cannot_be_answered_is_refused_by_name(space):
    with pytest.raises(InputError, match=r"^action_space must be [^\n]*: got action_space=[^\n]*$"):
        control(Line(space=space), steps=2)


GOOD = {
    "floats": Box(-2.0, 2.0, (3,)),
    "one": Box(),
    "huge": Box(-1e30, 1e30),
    "as far as it goes": Box(-GREATEST / 2, GREATEST / 2),
    "fixed": Box(0.5, 0.5),
    "bounds of one size": Box(np.zeros((2, 1)), np.ones(3), [2, 3]),
    "half precision": Box(-1.0, 1.0, (2,), jnp.bfloat16),
    "doubles": Box(np.float64(-1), np.float64(1), (2,), np.float64),
}


@pytest.mark.parametrize("space", GOOD.values(), ids=GOOD)
def test_actions_lie_between_their_bounds(space):
    check_space(space, 3)
    count = output_count(space, 3)
    assert count == 3 * int(np.prod(space.shape))
    for outputs, edge in ((1, space.high), (-1, space.low)):
        actions = act(space, 3, jnp.full((2, count), outputs, jnp.int32))
        wanted = np.broadcast_to(np.asarray(edge, np.float32), (2, *space.shape))
        np.testing.assert_allclose(np.asarray(actions), wanted, rtol=1e-6)
    middle = np.asarray(act(space, 3, jnp.zeros(count, jnp.int32)))
    assert np.isfinite(middle).all()


@pytest.mark.parametrize("choices", [1, 2, np.int64(5), np.uint8(7), jnp.int32(3), 2**16])
def test_choices_are_counted(choices):
    check_space(Discrete(choices), 3)
    assert output_count(Discrete(choices), 3) == int(choices)
    outputs = jax.nn.one_hot(int(choices) - 1, int(choices), dtype=jnp.int32)
    assert int(act(Discrete(choices), 3, outputs)) == int(choices) - 1
