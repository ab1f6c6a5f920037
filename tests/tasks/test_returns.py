"""Returns that are no number, that are too large, and what is said of them."""

import dataclasses
import json
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import evolution, networks, runs, strategies
from tejax.core.fitness import LEAST, LEAST_FIGURE
from tejax.errors import InputError
from tejax.tasks._control import control
from tejax.tasks._returns import Scale, mean
from tests.oracles.line import Line, Params
from tests.oracles.scripted import Scripted

GENOME = jnp.zeros(1, jnp.int8)
LINE = Line()
DOWN, UP = (
    Scripted(
        partial(lambda action, _, x: jnp.zeros((*x.shape[:-1], 2), jnp.int32).at[..., action].set(1), action), (1, 2)
    )
    for action in (0, 1)
)


def line(environment=LINE, episodes=4, steps=4, eval_episodes=5, resolution=1.0, **params):
    """A task of the walk; its thresholds are not the question here."""
    options = {"episodes": episodes, "steps": steps, "eval_episodes": eval_episodes, "resolution": resolution}
    return control(environment, trits=1, params=Params(**params), thresholds=np.zeros((2, 1, 1)), **options)


@partial(jax.jit, static_argnums=1)
def _fitness(task, network):
    key = jax.random.key(0)
    cases = task.cases(jax.random.clone(key), network, GENOME)
    return task.evaluate(key, network, GENOME), task.validate(network, GENOME), cases


def fitness(task, network):
    evaluated, validated, cases = _fitness(task, network)
    return int(evaluated), int(validated), np.asarray(cases, np.int64)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38], ids=["nan", "inf", "-inf", "infinite in sum"])
def test_a_return_that_is_no_number_is_the_least_everywhere(odd):
    task = line(high=np.float32(odd), at=np.float32(1.0))
    evaluated, validated, cases = fitness(task, UP)
    assert (evaluated, validated, set(cases)) == (LEAST, LEAST, {LEAST})
    report = task.report(UP, GENOME)
    assert report == {"return": LEAST_FIGURE, "validation_return": LEAST_FIGURE}
    json.dumps(report, allow_nan=False)
    assert task.words(report)["mean return"] == "not finite in 5 fresh episodes"
    assert fitness(task, DOWN)[:2] == (-16, -20)
    assert task.report(DOWN, GENOME) == {"return": -4.0, "validation_return": -4.0}


def test_one_episode_that_diverges_is_below_any_that_do_not():
    some = {"episodes": 64, "steps": 2, "eval_episodes": 64, "widest": np.int32(15)}
    task = line(high=np.float32(np.nan), low=np.float32(1e30), at=np.float32(13.5), **some)
    evaluated, validated, cases = fitness(task, UP)
    assert 0 < (cases == LEAST).sum() < 32
    assert 2**31 / 64 * 15 / 16 < min(set(cases) - {LEAST}) < 2**31 / 64
    assert (evaluated, validated) == (LEAST, LEAST)
    worst = line(high=np.float32(-1e30), low=np.float32(-1e30), **some)
    assert min(fitness(worst, UP)[:2]) > LEAST
    assert task.score(UP, GENOME) == LEAST_FIGURE < worst.score(UP, GENOME)


class Cliff(Line):
    """At 2 an episode ends, and whoever then goes on is lost; what is seen and kept beyond 0 is no number."""

    def reset(self, key, params):
        observation, state = super().reset(key, params)
        return observation, (state, jnp.float32(0))

    def step(self, key, state, action, params):
        seen, after, _, _, info = super().step(key, state[0], action, params)
        reward = jnp.where(after.time > 2, jnp.nan, after.place)
        return jnp.where(after.place > 0, jnp.nan, seen), (after, jnp.float32(jnp.nan)), reward, after.time >= 2, info


def test_odd_rewards_after_the_end_and_odd_observations_do_not_count():
    task = control(Cliff(), episodes=3, steps=6, trits=2, eval_episodes=2)
    assert np.isfinite(np.asarray(task.thresholds)).all()
    up = dataclasses.replace(UP, features=(2, 2))
    assert fitness(task, up)[:2] == (9, 6)
    assert task.report(up, GENOME)["return"] == 3.0


class Fall(Line):
    """Every step costs, the more the farther up, and nothing is a number any more from 3 on."""

    def step(self, key, state, action, params):
        seen, after, _, done, info = super().step(key, state, action, params)
        return seen, after, jnp.where(after.place >= 3, jnp.nan, -jnp.abs(after.place)), done, info


@pytest.mark.parametrize("selection", ["tournament", "sharing"])
def test_evolution_does_not_crown_who_diverges(selection, tmp_path):
    task = dataclasses.replace(line(Fall(), steps=6), thresholds=jnp.asarray([[[-0.5]], [[0.5]]], jnp.float32))
    network = networks.MLP((task.features, 2))
    strategy = strategies.Genetic(population=16, elites=1, selection=selection)
    run = runs.Run(tmp_path / "run", {})
    result = evolution.evolve(jax.random.key(1), strategy, network, task, generations=3, chunk=3, run=run)
    run.close()
    assert LEAST < result.fitness < 0
    assert result.history.worst.min() == LEAST  # some did
    assert result.history.best.min() > LEAST
    assert task.report(network, result.best)["return"] > LEAST_FIGURE
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(text, parse_constant=pytest.fail) for text in lines]
    assert min(row["worst"] for row in rows) == LEAST


PENALTIES = {
    "a million a step": (-10, -1e6, 1.0),
    "two millions and one": (-1e6, -2e6, 1.0),
    "all but endless": (-1e4, -1e37, 1.0),
    "a fine resolution": (-100, -400, 1e-5),
    "beyond float32 in units": (-1e20, -1e30, 1e-20),
}


@pytest.mark.parametrize(("high", "low", "resolution"), PENALTIES.values(), ids=PENALTIES)
def test_large_returns_do_not_wrap(high, low, resolution):
    many = {"steps": 30, "episodes": 100, "eval_episodes": 1000, "resolution": resolution}
    task = line(high=np.float32(high), low=np.float32(low), **many)
    (bad, worse, cases), (good, better, others) = fitness(task, DOWN), fitness(task, UP)
    assert LEAST < bad < good < 0
    assert LEAST < worse < better < 0
    assert (bad, good) == (cases.sum(), others.sum())  # in 64 bits
    gain = line(high=np.float32(-high), low=np.float32(-low), **many)
    assert fitness(gain, DOWN)[:2] == (-bad, -worse)
    assert task.report(UP, GENOME)["validation_return"] == pytest.approx(30 * high, rel=1e-5)


class Whole(Line):
    """Rewards are whole numbers, an array of one each."""

    def step(self, key, state, action, params):
        seen, after, reward, done, info = super().step(key, state, action, params)
        return seen, after, reward.astype(jnp.int32)[None], jnp.float32(done)[None], info


def test_rewards_and_ends_may_be_of_any_type():
    task = line(Whole(), low=np.float32(-(10**6)), edge=np.float32(3.0))
    assert fitness(task, DOWN)[:2] == (-12_000_000, -15_000_000)


@pytest.mark.parametrize("episodes", [1, 100, 2**20, 2**31 - 1])
@pytest.mark.parametrize("resolution", [1.0, 1e-5, 1e-30, 1e30])
def test_no_sum_of_episodes_leaves_int32_and_order_stays(episodes, resolution):
    scale = Scale(resolution, episodes)
    most = np.finfo(np.float32).max
    some = np.concatenate([[0], np.logspace(-30, 38.5, 2000), np.linspace(0, 2.0**31, 50) * resolution])
    values = np.unique(np.minimum(some, most).astype(np.float32))
    units = np.asarray(scale.units(jnp.asarray(values)), np.int64)
    assert 0 <= units.min() <= units.max() * episodes < 2**31
    assert (np.diff(units) >= 0).all()
    rounded = np.round(values.astype(np.float64) / resolution)
    exact, beyond = rounded <= 0.999 * scale.linear, rounded > 1.001 * scale.linear
    np.testing.assert_allclose(units[exact], rounded[exact], rtol=2e-7 * (resolution != 1), atol=resolution != 1)
    assert (units[beyond] > scale.linear).all()
    np.testing.assert_array_equal(np.asarray(scale.units(jnp.asarray(-values))), -units)
    assert scale.units(jnp.asarray([np.nan, np.inf, -np.inf], jnp.float32)).tolist() == [LEAST] * 3


def test_returns_that_are_too_large_are_told_apart():
    units = np.asarray(Scale(1.0, 100).units(jnp.asarray(-(np.float32(2) ** np.arange(25, 128)) * 1.5, jnp.float32)))
    assert (np.diff(units) < -1000).all()  # to a thousandth


def test_a_mean_of_large_returns_is_a_number():
    assert mean(np.full(9, 3e38, np.float32)) == pytest.approx(3e38)
    assert mean(np.array([1, np.inf], np.float32)) == LEAST_FIGURE < mean(np.full(9, -3.4e38, np.float32))


@pytest.mark.parametrize("resolution", [0.0, -1.0, 1e-50, 1e300, math.nan, math.inf])
def test_a_resolution_that_is_no_float32_is_refused(resolution):
    with pytest.raises(InputError, match="resolution"):
        line(resolution=resolution)


def test_a_share_of_odd_returns_is_said_once(caplog):
    task = line(Line(), high=np.float32(np.nan), at=np.float32(3.5), steps=1, eval_episodes=40, widest=np.int32(3))
    for _ in range(3):
        task.report(UP, GENOME)
    (said,) = caplog.messages
    odd = int(np.isnan(np.asarray(task._validation(UP, GENOME))).sum())
    assert 0 < odd < 40
    share = f"{odd} of 40 episodes of this network ({odd / 40:.1%})"
    assert said == f"{share} had a return that is not finite: each counts as the least fitness"


def test_what_random_actions_meet_is_said_when_the_task_is_made(caplog):
    environment = Line()
    for _ in range(2):
        control(environment, params=Params(high=np.float32(np.inf), low=np.float32(np.nan)), steps=2)
    (said,) = caplog.messages
    assert said.startswith("64 of 64 episodes of random actions (100.0%) had a return that is not finite")


def test_a_resolution_that_is_too_fine_is_said_once(caplog):
    environment = Line()
    for _ in range(2):
        line(environment, high=np.float32(1e6), resolution=1e-3).report(UP, GENOME)
    (said,) = caplog.messages
    assert said == (
        "a return of 4e+06 is too large for resolution=0.001: beyond 402653 only their magnitudes are told apart; a "
        "resolution of 0.01 would do"
    )
    line(environment, high=np.float32(1e6), resolution=1.0).report(UP, GENOME)
    assert len(caplog.messages) == 1
