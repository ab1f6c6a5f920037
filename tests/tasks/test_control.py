"""Control: masked ends, common episodes, memory, and the trits that go in and out."""

import dataclasses
import json
import re
import sys
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import engines, export, networks, strategies
from tejax.cli.stored import load_experiment
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.evolution import check_fit, evaluate
from tejax.registry import NETWORKS, TASKS
from tejax.runs import Experiment
from tejax.tasks._control import control
from tejax.tasks.environments import named
from tejax.types import Recurrent
from tests.helpers import first_quick
from tests.oracles.scripted import Scripted


class State(NamedTuple):
    place: jax.Array
    time: jax.Array


class Params(NamedTuple):
    edge: float = 3.0


class Box(NamedTuple):
    shape: tuple[int, ...] = ()
    low: float = -1.0
    high: float = 1.0

    def sample(self, key):
        return jax.random.uniform(key, self.shape, minval=self.low, maxval=self.high)


class Discrete(NamedTuple):
    n: int

    def sample(self, key):
        return jax.random.randint(key, (), 0, self.n)


class Walk:
    """A walk on whole numbers: it pays where it stands, ends at the edge, and then begins again by itself."""

    default_params = Params()

    def __init__(self, space=Discrete(2)):  # noqa: B008
        self.space = space

    def action_space(self, params):
        return self.space

    def reset(self, key, params):
        place = jax.random.randint(key, (), 0, 2).astype(jnp.float32)
        return self.see(place), State(place, jnp.int32(0))

    def see(self, place):
        return jnp.stack([place, -place])

    def step(self, key, state, action, params):
        move = jnp.where(action > 0, 1.0, -1.0) if isinstance(self.space, Discrete) else jnp.sum(action)
        place = state.place + move
        done = abs(place) >= params.edge
        again = self.reset(key, params)[1].place
        after = jnp.where(done, again, place)
        return self.see(after), State(after, state.time + 1), place, done, {}


def right(genome, x):
    """A policy of one answer."""
    return jnp.broadcast_to(jnp.array([0, 1], jnp.int32), (*x.shape[:-1], 2))


RIGHT = Scripted(right, (4, 2))


def walk(**options):
    return control(Walk(options.pop("space", Discrete(2))), episodes=6, trits=2, steps=9, eval_episodes=5, **options)


def test_rewards_end_with_the_episode_though_the_environment_goes_on():
    task = walk()
    cases = np.asarray(task.cases(jax.random.key(0), RIGHT, jnp.zeros(1, jnp.int8)))
    assert set(cases) == {1 + 2 + 3, 2 + 3}  # from place 0 and from place 1 up to the edge, and no step more
    path = task.rollout(jax.random.key(0), RIGHT, jnp.zeros(1, jnp.int8), episodes=6)
    assert path.rewards.shape == (9, 6)
    np.testing.assert_array_equal(np.asarray(path.rewards).sum(0), cases)
    np.testing.assert_array_equal(np.asarray(path.alive).sum(0), np.where(cases == 6, 3, 2))


def test_fitness_is_the_sum_of_returns_in_units_of_the_resolution():
    genome = jnp.zeros(1, jnp.int8)
    returns = np.asarray(walk().cases(jax.random.key(1), RIGHT, genome))
    coarse = walk(resolution=4.0)
    np.testing.assert_array_equal(np.asarray(coarse.cases(jax.random.key(1), RIGHT, genome)), np.round(returns / 4))
    assert int(coarse.evaluate(jax.random.key(1), RIGHT, genome)) == np.round(returns / 4).sum()
    assert coarse.scale == 6 / 4


def test_a_rollout_is_what_a_python_loop_gives():
    task = walk()
    network = networks.MLP((task.features, 3, task.outputs))
    genome = jax.jit(network.init)(jax.random.key(3))
    key, env = jax.random.key(4), task.environment
    wanted = []
    apply, step = jax.jit(network.apply), jax.jit(env.step)
    for episode in jax.random.split(key, task.episodes):
        begin, onward = jax.random.split(episode)
        observation, state = env.reset(begin, task.params)
        total = 0.0
        for time in range(task.steps):
            numbers = np.asarray(observation)
            low, high = np.asarray(task.thresholds)
            x = ((numbers > low).astype(np.int8) + (numbers > high).astype(np.int8) - 1).reshape(-1)
            action = np.argmax(apply(genome, x)).astype(np.int32)
            observation, state, reward, done, _ = step(
                jax.random.fold_in(jax.random.clone(onward), time), state, action, task.params
            )
            total += float(reward)
            if done:
                break
        wanted.append(round(total))
    np.testing.assert_array_equal(np.asarray(task.cases(jax.random.clone(key), network, genome)), wanted)


def test_every_individual_meets_the_same_episodes_in_any_batch():
    task = walk()
    network = networks.MLP((task.features, task.outputs))
    strategy = strategies.Genetic(population=6, elites=1)
    one = jax.jit(network.init)(jax.random.key(0))
    population = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (6, *leaf.shape)), one)
    run = jax.jit(partial(evaluate, strategy, network), static_argnames="batch")
    fitness = [np.asarray(run(task, jax.random.key(2), population, batch=batch)) for batch in (None, 2)]
    assert len({*fitness[0], *fitness[1]}) == 1


def test_continuous_actions_are_means_of_trits_between_low_and_high():
    task = walk(space=Box(shape=(2,), low=-1.0, high=3.0), action_trits=3)
    assert task.outputs == 6
    actions = task.act(jnp.asarray([[5, 1, 2, -3, -1, -9], [7, 0, 0, 4, -4, 0]], jnp.int32))
    np.testing.assert_allclose(np.asarray(actions), [[3, -1], [1 + 2 / 3, 1]], rtol=1e-6)
    network = networks.MLP((task.features, task.outputs))
    genome = jax.jit(network.init)(jax.random.key(0))
    cases = task.cases(jax.random.key(1), network, genome)
    assert cases.dtype == jnp.int32
    rewards = task.rollout(jax.random.key(1), network, genome, task.episodes).rewards
    np.testing.assert_array_equal(cases, np.round(np.asarray(rewards).sum(0, dtype=np.float32)))


@dataclasses.dataclass(frozen=True)
class Counter(Recurrent):
    """A network that remembers how many steps it has made, and turns back after two."""

    features: tuple[int, ...] = (4, 2)

    def init_state(self):
        return jnp.int32(0)

    def apply(self, genome, x):
        raise AssertionError("a network with a memory steps")

    def step(self, genome, state, x):
        right = (state < 2).astype(jnp.int32)
        return state + 1, jnp.stack([1 - right, right], -1)


def test_a_network_with_a_memory_keeps_it_through_an_episode():
    task = walk()
    places = task.rollout(jax.random.key(0), Counter(), jnp.zeros(1, jnp.int8), 6).states.place
    moves = np.diff(np.asarray(places), axis=0)
    started_at_zero = np.asarray(places)[0] == 0
    np.testing.assert_array_equal(moves[:3, started_at_zero].T, [[1, 1, -1]] * started_at_zero.sum())


def test_fresh_episodes_are_not_those_of_validation():
    task = walk()
    network = networks.MLP((task.features, task.outputs))
    genome = jax.jit(network.init)(jax.random.key(0))
    assert task.score(network, genome) == task.score(network, genome)
    streams = [pytrees.fingerprint(jax.random.key_data(task._stream(number))) for number in range(3)]
    assert len(set(streams)) == 3


def test_another_seed_is_other_episodes_but_no_other_program():
    environment, traced = Walk(), []

    def apply(genome, x):
        traced.append(x.shape)
        return jnp.zeros((*x.shape[:-1], 2), jnp.int32).at[..., 1].set(1)

    scores, network = [], Scripted(apply, (2, 2))
    for seed in (0, 1, 2, 3):
        task = control(environment, episodes=2, trits=1, steps=4, eval_episodes=3, episode_seed=seed)
        scores.append(task.score(network, jnp.zeros(1, jnp.int8)))
        if seed == 0:
            first = len(traced)
    assert len(traced) == first > 0
    assert len(set(scores)) > 1


@pytest.mark.parametrize(
    "options",
    [
        *({"episodes": 0}, {"trits": 0}, {"steps": 0}, {"resolution": 0.0}, {"action_trits": 0}, {"eval_episodes": 0}),
        *({"thresholds": [[[0.0, 1.0]]] * 2}, {"thresholds": [[[0.0, np.inf]] * 4] * 2}, {"resolution": np.inf}),
        *({"thresholds": "low"}, {"thresholds": [[[0.0]], [[0.0], [1.0]]]}, {"thresholds": [[[0.0, 1e300]] * 4] * 2}),
    ],
)
def test_bad_sizes_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        control(Walk(), **options)


@pytest.mark.parametrize(
    "name", first_quick(["Pendulum-v1", "CartPole-v1", "MountainCar-v0", "Acrobot-v1", "Breakout-MinAtar"])
)
def test_gymnax_environments_keep_the_contract_of_a_task(name):
    pytest.importorskip("gymnax")
    task = control(name, episodes=2, trits=1, steps=5, eval_episodes=2)
    network = networks.MLP((task.features, task.outputs))
    assert task.cases(jax.random.key(0), network, jax.jit(network.init)(jax.random.key(1))).shape == (2,)


class Switch(Walk):
    """A walk that sees whether it is beyond 0, and a number that never changes."""

    def see(self, place):
        return jnp.stack([jnp.where(place > 0, 5.0, 1.0), jnp.float32(7)])


def test_a_number_of_two_values_is_told_apart_midway():
    task = control(Switch(), trits=2, steps=9)
    np.testing.assert_array_equal(np.asarray(task.thresholds), np.broadcast_to([3.0, 7.0], (2, 2, 2)))
    np.testing.assert_array_equal(task.encode(jnp.asarray([[1.0, 7.0], [5.0, 7.0]])), [[-1, -1] * 2, [1, -1] * 2])


TINY = [
    *("control", "--steps", "5", "--episodes", "2", "--trits", "1", "--eval-episodes", "3", "--hidden", "3"),
    *("--population", "8", "--elites", "1", "--chunk", "2"),
]


def test_the_command_line_speaks_of_returns_and_keeps_the_thresholds(command, tmp_path):
    pytest.importorskip("gymnax")
    path = tmp_path / "run"
    code, out, _ = command("evolve", *TINY, "--generations", 4, "--out", path)
    assert code == 0
    for words in ("8 evaluations of 2 episodes of at most 5 steps each", "fresh episodes 5.0", "curve.png"):
        assert words in out
    assert "accuracy" not in out
    line = re.search(r"mean return .*", out)[0]
    assert line == "mean return     5.00 in 3 fresh episodes (validation 5.00 in 3 others)"
    code, out, _ = command("evaluate", path)
    assert (code, out.strip()) == (0, line)

    recorded = np.asarray(control(episodes=2, trits=1, steps=5).thresholds)
    np.testing.assert_array_equal(np.asarray(load_experiment(path).build().task.thresholds), recorded)
    note = export.read(path / "best.safetensors").metadata["task"]
    assert note["thresholds"] == recorded.tolist()
    assert command("export", path, "--out", tmp_path / "copy.safetensors", "--format", "safetensors")[0] == 0
    code, out, _ = command("evaluate", tmp_path / "copy.safetensors", "--json")
    assert json.loads(out)["return"] == 5.0
    assert command("export", path, "--out", tmp_path / "policy.c")[0] == 0

    code, out, _ = command("report", path)
    page = (path / "report.html").read_text()
    assert code == 0
    assert "mean return" in page
    assert "confusion" not in page
    assert command("resume", path, "--generations", 6)[0] == 0
    last = json.loads((path / "metrics.jsonl").read_text().splitlines()[-1])
    assert (last["generation"], last["return"]) == (6, 5.0)

    config = json.loads((path / "config.json").read_text(), parse_constant=pytest.fail)
    config["experiment"]["task"]["thresholds"][0][0][0] = 0.125  # what is written is what is used
    (path / "config.json").write_text(json.dumps(config))
    assert float(load_experiment(path).build().task.thresholds[0, 0, 0]) == 0.125


def test_networks_with_and_without_a_memory_act_and_readers_of_sequences_do_not():
    pytest.importorskip("gymnax")
    options = TASKS.choose("control", steps=3, eval_episodes=1)
    network = Experiment(options, NETWORKS.choose("recurrent", neurons=5)).build().network
    assert network.features == (16, 5, 2)
    rows = "int8" if engines.choose(16) == "native" else "auto"  # a policy has few rows, native wants many
    assert Experiment(options).build().network.engine == rows

    with pytest.raises(InputError, match="network must be one that acts on single observations: got network="):
        check_fit(Scripted(right, (4, 2), "sequence"), walk())


def test_a_missing_gymnax_is_said_in_one_line(command, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "gymnax", None)
    named.cache_clear()
    code, _, err = command("evolve", "control", "--steps", 6, *TINY[3:], "--out", tmp_path / "run")  # not built before
    assert (code, err) == (2, "tejax: control needs gymnax: pip install 'tejax[control]'\n")
    assert not (tmp_path / "run").exists()


def test_an_unknown_name_is_refused_with_those_that_there_are(command, tmp_path):
    pytest.importorskip("gymnax")
    code, _, err = command("evolve", *TINY, "--environment", "Cartpole", "--out", tmp_path / "run")
    assert code == 2
    assert re.fullmatch(r"tejax: environment must be one of CartPole-v1, .*: got environment='Cartpole'\n", err)
