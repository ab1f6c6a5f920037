"""MuJoCo Playground: its interface in the shape of gymnax's, how an environment is named, and how it is drawn."""

import json
import re
import sys
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import networks, testing
from tejax.core.fitness import LEAST, LEAST_FIGURE
from tejax.errors import InputError
from tejax.tasks import Playground
from tejax.tasks._control import control
from tejax.tasks.environments import named
from tejax.viz import animation
from tests.oracles.scripted import Scripted


class State(NamedTuple):
    """The parts of mjx_env.State that are looked at."""

    data: Any
    obs: Any
    reward: Any
    done: Any
    info: Any


class Slide:
    """A slide that two motors push: it pays where it stands, nothing that is a number at 2, and ends at 3."""

    action_size = 2
    dt = 0.02

    def reset(self, key):
        place = 0.1 * jax.random.uniform(key)
        return self.seen(place, {"rng": jax.random.split(key)[0]})

    def step(self, state, action):
        return self.seen(state.data + jnp.sum(action) / 2, state.info)

    def seen(self, place, info):
        reward = jnp.where(jnp.floor(place) == 2, jnp.nan, jnp.floor(place))
        return State(place, {"state": place[None], "privileged_state": jnp.zeros(7)}, reward, 1.0 * (place >= 3), info)


def right(genome, x):
    return jnp.ones((*x.shape[:-1], 2), jnp.int32)


@pytest.fixture
def suite(monkeypatch):
    """A Playground that has nothing but a slide."""
    loaded = []

    def load(name, config_overrides):
        loaded.append((name, config_overrides))
        return Slide()

    there = SimpleNamespace(
        ALL_ENVS=("Slide",), load=load, get_default_config=lambda _: SimpleNamespace(episode_length=7)
    )
    monkeypatch.setitem(sys.modules, "mujoco_playground", SimpleNamespace(dm_control_suite=there))
    monkeypatch.setitem(sys.modules, "gymnax", None)
    named.cache_clear()
    yield loaded
    named.cache_clear()


def test_it_acts_as_an_environment_of_gymnax_does():
    task = control(Playground(Slide()), episodes=3, trits=2, steps=6, action_trits=1, eval_episodes=2)
    assert (task.features, task.outputs) == (2, 2)  # of the observations, `state` alone is seen
    testing.check_task(task, networks.MLP((task.features, task.outputs)))
    path = task.rollout(jax.random.key(0), Scripted(right, (2, 2)), jnp.zeros(1, jnp.int8))
    np.testing.assert_array_equal(path.rewards[:, 0], [1, np.nan, 3, 0, 0, 0])  # what is no number stays one
    np.testing.assert_array_equal(path.alive[:, 0], [True] * 3 + [False] * 3)
    assert path.states.info["rng"].dtype == np.uint32


def test_a_name_with_the_prefix_is_one_of_the_suite_and_gymnax_is_not_needed(suite):
    task = control("playground/Slide", episodes=2, trits=1, eval_episodes=2)
    assert suite == [("Slide", {"impl": "jax"})]
    assert task.steps == 7  # where the suite says
    assert control("playground/Slide", episodes=2, trits=1, eval_episodes=2).environment is task.environment
    with pytest.raises(
        InputError, match="environment must be playground/ and one of Slide: got environment='playground/Sl"
    ):
        control("playground/Slid")


def test_the_command_line_evolves_and_draws_one(suite, command, tmp_path):
    size = ("--hidden", 3, "--population", 8, "--elites", 1, "--generations", 2, "--chunk", 2, "--eval-episodes", 2)
    code, out, _ = command("evolve", "control", "--environment", "playground/Slide", *size, "--out", tmp_path / "run")
    assert code == 0
    value = float(re.search(r"mean return +(\S+) in 2 fresh episodes", out)[1])
    code, out, _ = command("evaluate", tmp_path / "run", "--json")
    assert (code, json.loads(out)["return"]) == (0, value)
    assert command("replay", tmp_path / "run", "--frames", 3)[0] == 0
    assert (tmp_path / "run" / "replay.gif").is_file()


def test_the_command_line_says_where_a_return_is_not_finite(suite, command, tmp_path, monkeypatch):
    monkeypatch.setattr(Slide, "step", lambda self, state, action: self.seen(state.data * 0 + 2, state.info))
    size = ("--hidden", 3, "--population", 8, "--elites", 1, "--generations", 2, "--chunk", 1, "--eval-episodes", 2)
    code, out, _ = command("evolve", "control", "--environment", "playground/Slide", *size, "--out", tmp_path / "run")
    assert code == 0
    assert "generation 2/2  best not finite  median not finite  fresh episodes not finite" in out
    assert "mean return     not finite in 2 fresh episodes (validation not finite in 2 others)" in out
    for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines():
        row = json.loads(line, parse_constant=pytest.fail)
        assert (row["best"], row["return"]) == (LEAST, LEAST_FIGURE)
    code, out, _ = command("evaluate", tmp_path / "run", "--json")
    assert (code, json.loads(out, parse_constant=pytest.fail)["return"]) == (0, LEAST_FIGURE)
    assert command("report", tmp_path / "run")[0] == 0
    assert "not finite in 2 fresh episodes" in (tmp_path / "run" / "report.html").read_text()


class Plain(Slide):
    """Its observations have other names, or none."""

    def __init__(self, names):
        self.names = names

    def seen(self, place, info):
        state = super().seen(place, info)
        numbers = jnp.stack([place, -place])
        return state._replace(obs=dict.fromkeys(self.names, numbers) if self.names else numbers)


@pytest.mark.parametrize(("names", "size"), [((), 2), (("b", "a"), 4), (("state", "a"), 2)])
def test_observations_are_those_called_state_or_all(names, size):
    task = control(Playground(Plain(names)), episodes=2, trits=1, steps=3, thresholds=np.zeros((2, 1, size)))
    assert task.features == size


def test_what_is_no_environment_of_playground_is_refused():
    with pytest.raises(InputError, match="environment must be an MjxEnv, or like one; it lacks reset, step, action_s"):
        Playground(3)
    with pytest.raises(InputError, match=r"got Slide; tejax.tasks.Playground\(it\)"):
        control(Slide())


def test_a_missing_playground_is_said_in_one_line(command, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mujoco_playground", None)
    code, _, err = command(
        "evolve", "control", "--environment", "playground/CartpoleSwingup", "--out", tmp_path / "run"
    )
    assert code == 2
    assert err == "tejax: playground/CartpoleSwingup needs MuJoCo Playground: pip install 'tejax[playground]'\n"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # other people's
def test_a_real_one_can_be_learned_and_drawn():
    pytest.importorskip("mujoco_playground", reason="needs MuJoCo Playground: pip install 'tejax[playground]'")
    task = control("playground/CartpoleBalance", episodes=2, trits=2, steps=30, eval_episodes=2)
    assert (task.thresholds.shape, task.outputs) == ((2, 2, 5), 3)
    network = networks.MLP((task.features, 4, task.outputs))
    genome = network.init(jax.random.key(1))
    shown = animation.render_episode(task, network, genome, frames=3)
    assert (shown.steps, len(shown.frames)) == (30, 3)
    assert 0 < shown.total <= 30
