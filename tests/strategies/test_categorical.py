"""The categorical strategy: draws, mirror images, moves of the distribution, candidates."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tejax import evolve, networks, strategies, tasks
from tejax.core import pytrees, random
from tejax.errors import InputError
from tejax.strategies._shared import utilities
from tejax.strategies.categorical import ONE, State, mode, samples
from tests.helpers import first_quick
from tests.oracles import distribution

NETWORK = networks.MLP((3, 2, 1), bias=1)


@cache
def begin(strategy):
    return jax.jit(lambda key, rates: strategy.init(key, NETWORK.init, rates))


draw = jax.jit(samples, static_argnames="count")


def state_of(up, down, **rates):
    probs = jnp.asarray(np.stack([up, down]), jnp.int32)
    traced = {name: jnp.float32(rate) for name, rate in (strategies.Categorical(2, **rates).rates).items()}
    return State({"a": probs}, {"a": jnp.zeros(probs.shape[1:], jnp.int8)}, jnp.int32(0), traced)


def some_probs(seed, n=40):
    shares = np.random.default_rng(seed).dirichlet((0.5, 0.5, 0.5), n)
    return (shares[:, 0] * ONE).astype(np.int64), (shares[:, 1] * ONE).astype(np.int64)


def test_draws_equal_the_oracle_and_come_in_mirrored_pairs():
    up, down = some_probs(0)
    drawn = np.asarray(draw(jax.random.key(1), state_of(up, down), 6)["a"])
    for pair in range(3):
        key = pytrees.keys_like(jax.random.fold_in(jax.random.key(1), pair), {"a": 0})["a"]
        wanted = distribution.draw(np.asarray(random.bits16(key, (40,))), up, down)
        assert np.array_equal(drawn[2 * pair : 2 * pair + 2], wanted)


@pytest.mark.parametrize("shares", [(0.2, 0.5), (0.0, 0.01), (1.0, 0.0), (0.0, 0.0)])
def test_values_are_drawn_as_often_as_they_are_probable(shares):
    up, down = (np.full(3000, share * ONE) for share in shares)
    drawn = np.asarray(draw(jax.random.key(2), state_of(up, down), 8)["a"])[::2]  # mirror images are not independent
    counts = np.array([(drawn == value).sum() for value in (1, -1, 0)])
    wanted = np.array([*shares, 1 - sum(shares)]) * drawn.size
    assert (counts[wanted == 0] == 0).all()
    possible = wanted > 0
    assert possible.sum() == 1 or stats.chisquare(counts[possible], wanted[possible]).pvalue > 1e-4


@pytest.mark.parametrize("fitness", [[3, 1, 2], [5, 5, 5, 5], [0, -(2**31), 2**31 - 1, 0], [1, 2, 2, 2, 7, 7]])
def test_utilities_equal_the_oracle_and_add_up_to_nothing(fitness):
    found = utilities(jnp.array(fitness, jnp.int32)).tolist()
    assert found == distribution.utilities(fitness)
    assert sum(found) == 0


def test_utilities_of_a_huge_population_keep_every_sum_within_int32():
    votes = np.asarray(utilities(jnp.arange(2**17, dtype=jnp.int32)), np.int64)
    assert votes.sum() == 0
    assert votes[votes > 0].sum() < 2**31
    assert (np.diff(votes) >= 0).all()


@pytest.mark.parametrize("population", first_quick([8, 2, 96], 2))
def test_moves_equal_the_oracle(population):
    strategy = strategies.Categorical(population=population)
    tell, rng = jax.jit(strategy.tell), np.random.default_rng(population)
    for number, (rate, floor) in enumerate([(0.1, 0.0005), (1.0, 0.1), (0.5, 0.0)]):
        up, down = some_probs(number)
        state = state_of(up, down, learning_rate=rate, min_prob=floor)
        members = rng.integers(-1, 2, (population, 40)).astype(np.int8)
        members[:, 0] = 1
        fitness = members[:, 1] * 10 + rng.integers(0, 3, population)
        after = tell(state, {"a": jnp.asarray(members)}, jnp.asarray(fitness, jnp.int32))
        wanted = distribution.move(up, down, members, fitness, rate, floor)
        assert np.array_equal(after.probs["a"], wanted)
        assert np.array_equal(after.fittest["a"], members[fitness.argmax()])


def test_the_distribution_goes_where_fitness_is():
    strategy = strategies.Categorical(population=64, learning_rate=0.3, min_prob=0.01)
    state, wanted = state_of(*[np.full(30, ONE // 3)] * 2, **strategy.rates), np.arange(30) % 3 - 1
    ask, tell = jax.jit(strategy.ask), jax.jit(strategy.tell)
    for number in range(60):
        population, state = ask(jax.random.key(number), state)
        right = jnp.sum(population["a"] == jnp.asarray(wanted, jnp.int8)[None], axis=1, dtype=jnp.int32)
        state = tell(state, population, right)
    assert np.array_equal(mode(state)["a"], wanted)


def test_mode_equals_the_oracle():
    up, down = some_probs(4)
    up[:4], down[:4] = [ONE // 2, ONE // 4, 0, ONE // 3], [ONE // 2, ONE // 2, ONE // 2, ONE // 3]
    assert np.array_equal(mode(state_of(up, down))["a"], distribution.mode(up, down))


def test_candidates_are_the_mode_the_fittest_and_samples():
    strategy = strategies.Categorical(population=4)
    state = state_of(*some_probs(5))
    candidates = jax.jit(strategy.candidates)(state)["a"]
    assert np.array_equal(candidates[0], mode(state)["a"])
    assert np.array_equal(candidates[1], state.fittest["a"])
    assert len({row.tobytes() for row in np.asarray(candidates[2:])}) > 2


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_first_distribution_leans_towards_a_genome_and_its_state_is_integers(weight):
    strategy = strategies.Categorical(population=4, init_weight=weight)
    state = begin(strategy.static())(
        jax.random.key(0), {name: np.float32(rate) for name, rate in strategy.rates.items()}
    )
    assert pytrees.fingerprint(state.fittest) == pytrees.fingerprint(jax.jit(NETWORK.init)(jax.random.key(0)))
    for probs, genome in zip(jax.tree.leaves(state.probs), jax.tree.leaves(state.fittest), strict=True):
        rest = (ONE - int(weight * ONE)) // 3
        for side, value in enumerate((1, -1)):
            assert np.array_equal(probs[side], np.where(np.asarray(genome) == value, int(weight * ONE), 0) + rest)
    assert {leaf.dtype for leaf in jax.tree.leaves(state._replace(rates={}))} == {jnp.dtype("int32"), jnp.dtype("int8")}


def test_it_learns_to_tell_clusters_apart():
    rng, y = np.random.default_rng(0), np.arange(120) % 3
    task = tasks.classification(rng.normal(size=(3, 5))[y] * 4 + rng.normal(size=(120, 5)), y, trits=1)
    network, strategy = networks.MLP((5, 8, 3)), strategies.Categorical(population=64, learning_rate=0.2, min_prob=0.01)
    result = evolve(jax.random.key(0), strategy, network, task, generations=60)
    assert task.accuracy(network, mode(result.state)) > 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"population": 7}, "population must be even, at least 2: got population=7"),
        ({"population": 0}, "population must be from 2 to"),
        ({"learning_rate": 1.5}, "learning_rate must be from 0 to 1"),
        ({"min_prob": 0.2}, "min_prob must be from 0 to 0.1"),
        ({"init_weight": -1.0}, "init_weight must be from 0 to 1"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError) as refusal:
        strategies.Categorical(**options)
    assert words in str(refusal.value)
