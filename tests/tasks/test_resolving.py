"""Environments as people have them: what they show, how they are passed, and what is none."""

import dataclasses
from collections import OrderedDict
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import networks
from tejax.errors import InputError
from tejax.tasks._control import control
from tejax.tasks._resolving import check_play, longest, resolved
from tests.oracles.line import Line, Params


class Seen(NamedTuple):
    place: Any
    grid: Any


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Record:
    zebra: Any
    ant: Any


# what is seen of a place, and its numbers in the order in which they are taken
VIEWS = {
    "a number": (lambda p: p, lambda p: [p]),
    "a picture": (lambda p: jnp.stack([p, -p, 2 * p, p + 1]).reshape(2, 2), lambda p: [p, -p, 2 * p, p + 1]),
    "a dictionary": (lambda p: {"b": p[None], "a": jnp.stack([-p, p + 1])}, lambda p: [-p, p + 1, p]),
    "a tuple": (lambda p: (p, (p > 0)), lambda p: [p, p > 0]),
    "a list": (lambda p: [jnp.int32(p), jnp.ones(2)], lambda p: [p, 1, 1]),
    "a named tuple": (lambda p: Seen(-p, jnp.stack([p, p + 2])[None]), lambda p: [-p, p, p + 2]),
    "a dataclass": (lambda p: Record(-p, p), lambda p: [-p, p]),
    "an ordered dictionary": (lambda p: OrderedDict(b=-p, a=p), lambda p: [-p, p]),
    "nested": (lambda p: {"y": (p, {"d": -p, "c": jnp.uint8(3)}), "x": [p > 0]}, lambda p: [p > 0, p, 3, -p]),
    "nothing beside": (lambda p: {"a": p, "none": None, "empty": jnp.zeros((0, 3))}, lambda p: [p]),
    "half precision": (lambda p: (p.astype(jnp.bfloat16), p.astype(jnp.float16)), lambda p: [p, p]),
    "Python's own": (lambda p: {"place": p, "bias": 1.0, "on": True}, lambda p: [1, 1, p]),
}


@pytest.mark.parametrize(("see", "numbers"), VIEWS.values(), ids=VIEWS)
def test_observations_are_flattened_in_order(see, numbers):
    size = len(numbers(1))
    options = {"episodes": 2, "steps": 3, "trits": 1, "eval_episodes": 2}
    task = control(Line(see), params=Params(widest=np.int32(3)), thresholds=np.zeros((2, 1, size)), **options)
    network = networks.MLP((size, 2))
    path = task.rollout(jax.random.key(1), network, network.init(jax.random.key(0)), 2)
    places = np.asarray(path.states.place)
    wanted = np.array([[numbers(place) for place in row] for row in places], np.float32)
    np.testing.assert_array_equal(np.asarray(path.observations), wanted)
    assert path.observations.dtype == jnp.float32


def test_thresholds_of_a_tree_stand_in_its_order():
    view = {"b": lambda p: jnp.where(p > 0, 3, 1), "a": lambda p: jnp.stack([p * 0 + 7, jnp.where(p > 0, jnp.nan, 2)])}
    task = control(Line(lambda p: {name: see(p) for name, see in view.items()}), steps=5, trits=2)
    np.testing.assert_array_equal(np.asarray(task.thresholds), np.broadcast_to([7.0, 2.0, 2.0], (2, 2, 3)))
    odd = jnp.asarray([[np.nan, np.inf, -np.inf]], jnp.float32)
    wanted = [[-1, 1, -1] * 2]
    np.testing.assert_array_equal(task.encode(odd), wanted)
    np.testing.assert_array_equal(jax.jit(task.encode)(odd), wanted)
    np.testing.assert_array_equal(jax.vmap(task.encode)(odd), wanted)


LINE, OTHER = Line(), Params(high=np.float32(5))


class Bare(Line):
    """Without params of its own."""

    default_params = None


@pytest.mark.parametrize(
    ("given", "params", "wanted"),
    [
        ((LINE, OTHER), None, OTHER),
        ([LINE, OTHER], None, OTHER),
        ((LINE, None), OTHER, OTHER),
        ((LINE, None), None, LINE.default_params),
        (LINE, OTHER, OTHER),
        (LINE, None, LINE.default_params),
    ],
)
def test_an_environment_comes_alone_or_with_its_params(given, params, wanted):
    environment, found = resolved(given, params)
    assert environment is LINE
    assert jax.tree.map(float, found) == jax.tree.map(float, wanted)


def test_an_environment_may_have_no_params():
    assert resolved(Bare())[1] is None


def test_what_gymnax_makes_is_an_environment():
    gymnax = pytest.importorskip("gymnax")
    made = gymnax.make("CartPole-v1")
    thresholds = np.zeros((2, 1, 4))
    task = control(made, steps=3, trits=1, episodes=2, eval_episodes=2, thresholds=thresholds)
    assert (task.environment, task.features, task.outputs) == (made[0], 4, 2)
    wrappers = pytest.importorskip("gymnax.wrappers")
    for wrapped in (wrappers.LogWrapper(made[0]), wrappers.FlattenObservationWrapper(made[0])):
        assert check_play(*resolved((wrapped, made[1]))) == 4


class Unhashable(Line):
    __hash__ = None


@dataclasses.dataclass(frozen=True)
class Holding:
    """A dataclass with an array in it."""

    table: Any

    reset, step, action_space = Line.reset, Line.step, Line.action_space


def host(library):
    """An environment that steps in Python."""
    base = type("Env", (), {"__module__": f"{library}.core"})
    return type("Game", (base,), {"__module__": "mine", "reset": lambda self, seed=None: None})()


BAD = {
    "gymnasium": (host("gymnasium"), "not gymnasium's, which steps in Python.* name gymnax's version of it"),
    "gym": (host("gym"), "not gym's, which steps in Python"),
    "gymnasium and params": ((host("gymnasium"), OTHER), "not gymnasium's"),
    "a class": (Line, "an environment, not its class"),
    "nothing": (None, r"an object with gymnax's reset\(key, params\).* it lacks reset, step, action_space"),
    "a number": (3, "it lacks reset, step, action_space"),
    "Playground's": (SimpleNamespace(reset=1, step=1, action_size=2), r"tejax.tasks.Playground\(it\)"),
    "other arguments": (SimpleNamespace(reset=lambda key: 0, step=Line.step, action_space=lambda p: 0), "lacks reset"),
    "a space, not a function": (
        SimpleNamespace(reset=LINE.reset, step=LINE.step, action_space=1),
        "lacks action_space",
    ),
    "three": ((LINE, OTHER, 1), r"a pair \(environment, params\)"),
    "one in a tuple": ((LINE,), r"a pair \(environment, params\)"),
    "unhashable": (Unhashable(), "hashable"),
    "unhashable within": (Holding(np.zeros(2)), "hashable"),
    "a name": (("CartPole", None), "environment"),
}


@pytest.mark.parametrize(("environment", "words"), BAD.values(), ids=BAD)
def test_what_is_no_environment_is_refused_with_what_to_do(environment, words):
    with pytest.raises(InputError, match=f"^environment must .*{words}|control needs gymnax"):
        control(environment)


def test_params_are_given_once():
    with pytest.raises(InputError, match="params must be None where the environment is a pair"):
        control((LINE, OTHER), params=OTHER)

    with pytest.raises(InputError, match="params must be a tree of numbers and arrays of them: got params='fast'"):
        resolved((LINE, "fast"))

    class Without(Line):
        default_params = property()

    with pytest.raises(InputError, match="params must be given where the environment has no default_params"):
        resolved(Without())


def test_a_real_one_of_gymnasium_is_refused():
    gymnasium = pytest.importorskip("gymnasium")
    with pytest.raises(InputError, match=r"not gymnasium's, which steps in Python: got <.*CartPole-v1"):
        control(gymnasium.make("CartPole-v1"))


class Stepping(Line):
    """A step that gives what it is told to."""

    def __init__(self, **changed):
        super().__init__()
        self.changed = changed

    def step(self, key, state, action, params):
        names = ("observation", "state", "reward", "done", "info")
        parts = dict(zip(names, super().step(key, state, action, params), strict=True)) | self.changed
        return tuple(parts[name] for name in parts if parts[name] is not None)


ODD = {
    "other observations": ({"observation": jnp.zeros(2)}, r"observation must be of one form, \(1,\) from reset"),
    "text": ({"observation": "up"}, "observation must be a tree of arrays"),
    "complex": ({"observation": jnp.zeros(1, jnp.complex64)}, "observation must be a tree of arrays.*complex64"),
    "several rewards": ({"reward": jnp.zeros(2)}, "reward must be one number of a step: got reward='2 numbers'"),
    "several ends": ({"done": jnp.zeros(3, bool)}, "terminated must be one number"),
    "too little": ({"info": None}, "step must be a tuple: observation, state, reward"),
}


@pytest.mark.parametrize(("changed", "words"), ODD.values(), ids=ODD)
def test_steps_of_odd_shapes_are_refused(changed, words):
    with pytest.raises(InputError, match=words):
        control(Stepping(**changed), steps=2)


@pytest.mark.parametrize("see", [lambda p: {}, lambda p: None, lambda p: jnp.zeros((3, 0))])
def test_an_observation_has_a_number(see):
    with pytest.raises(InputError, match="observation must be of one number or more"):
        control(Line(see), steps=2)


@pytest.mark.parametrize("steps", [0, -1, np.inf, np.nan, 2.0**40])
def test_an_environment_says_how_long_it_goes_on(steps):
    with pytest.raises(InputError, match=r"^max_steps_in_episode must be (a whole number|at (least|most) )"):
        longest(SimpleNamespace(max_steps_in_episode=jnp.asarray(steps)))
