"""Hill climbing: what asks and tells do to the climbers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import evolve, networks, strategies, tasks
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.operators import mutation
from tejax.strategies import _shared
from tejax.strategies.hill_climb import _fresh_start
from tests.oracles import climbing

NETWORK = networks.MLP((3, 2, 1), bias=1)


def started(strategy, seed=0):
    return jax.jit(lambda key: strategy.init(key, NETWORK.init, strategy.rates))(jax.random.key(seed))


def flat(population):
    leaves = jax.tree.leaves(population)
    return np.concatenate([np.asarray(leaf).reshape(leaf.shape[0], -1) for leaf in leaves], axis=1)


def test_every_family_is_its_climber_and_children_one_trit_away():
    strategy = strategies.HillClimb(population=24, climbers=4, mutation="single")
    state = started(strategy)
    asked = flat(jax.jit(strategy.ask)(jax.random.key(1), state)[0]).reshape(4, 6, -1)
    assert np.array_equal(asked[:, 0], flat(state.climbers))
    assert ((asked[:, 1:] != asked[:, :1]).sum(axis=2) == 1).all()
    assert len({row.tobytes() for row in asked[0]}) > 3


def test_without_a_rate_it_follows_the_size_of_the_genome_or_is_1_for_what_changes_the_whole():
    small, large = jnp.zeros(11, jnp.int8), jnp.zeros((20, 50), jnp.int8)
    assert _shared.mutation_rate(None, "flip", large, changes=5) == 5 / 1000
    assert _shared.mutation_rate(None, mutation.step, large, changes=5) == 5 / 1000
    assert _shared.mutation_rate(None, "flip", small, changes=5) == 1 / 8, "never more than an eighth"
    assert _shared.mutation_rate(0.5, "flip", large, changes=5) == 0.5
    assert _shared.mutation_rate(None, "single", large, changes=5) == 1
    assert _shared.mutation_rate(None, mutation.whole_genome(partial(keep, 3)), large, changes=5) == 1
    assert _shared.mutation_rate(None, partial(mutation.single), large, changes=5) == 1
    assert _shared.mutation_rate(None, keep, large, changes=5) == 5 / 1000
    for given, rate in ((None, 1 / 8), (0.5, 0.5)):
        assert started(strategies.HillClimb(16, 4, mutation_rate=given)).rates["mutation_rate"] == rate


def keep(key, genome, *, rate):
    return genome


ACCEPTS = {
    "not_worse": lambda child, parent: child >= parent,
    "better": lambda child, parent: child > parent,
    "a function": lambda child, parent: child != parent,
}


@pytest.mark.parametrize("explore", [0, 6])
@pytest.mark.parametrize("name", ACCEPTS)
def test_tell_equals_the_oracle(name, explore):
    accept = ACCEPTS[name] if name == "a function" else name
    strategy = strategies.HillClimb(population=15, climbers=5, accept=accept, explore=explore)
    state = started(strategy)
    assert state.stagnation.tolist() == [-explore] * 5
    state = state._replace(stagnation=jnp.arange(5, dtype=jnp.int32) - explore)
    ask, tell, rng = jax.jit(strategy.ask), jax.jit(strategy.tell), np.random.default_rng(0)
    extremes = np.array([np.iinfo(np.int32).min, -1, 0, 1, np.iinfo(np.int32).max])
    for number in range(20):
        population, state = ask(jax.random.key(number), state)
        fitness = rng.choice(extremes, 15) if number % 2 else rng.integers(0, 3, 15)
        wanted = climbing.accept(flat(population), fitness, 3, np.asarray(state.stagnation), ACCEPTS[name])
        state = tell(state, population, jnp.asarray(fitness, jnp.int32))
        assert np.array_equal(flat(state.climbers), wanted[0])
        assert state.fitness.tolist() == wanted[1].tolist()
        assert state.stagnation.tolist() == wanted[2].tolist()
        best = jax.tree.map(lambda leaf: leaf[None], strategy.best(state))
        assert flat(best)[0].tolist() in flat(population)[fitness == fitness.max()].tolist()
        assert flat(strategy.candidates(state)).shape[0] == 5 + (not strategy.climbs)


def test_who_begins_again_explores_again():
    strategy = strategies.HillClimb(population=16, climbers=4, patience=3, explore=7)
    state = started(strategy)._replace(stagnation=jnp.array([3, 2, -1, 9], jnp.int32))
    after = jax.jit(strategy.ask)(jax.random.key(1), state)[1]
    assert after.stagnation.tolist() == [3, 2, -1, -7]  # the first is the fittest


def test_an_acceptance_that_gives_no_truth_value_is_refused():
    strategy = strategies.HillClimb(population=4, climbers=2, accept=lambda child, parent: child - parent)
    with pytest.raises(InputError, match=r"^accept must be bool \[\]: got accept='int32\[\]'"):
        evolve(jax.random.key(0), strategy, NETWORK, tasks.parity(3), generations=1)


def test_a_stagnating_climber_begins_again_unless_it_is_the_fittest():
    strategy = strategies.HillClimb(population=16, climbers=4, patience=3)
    state = started(strategy)._replace(
        stagnation=jnp.array([3, 5, 2, 9], jnp.int32), fitness=jnp.array([0, 7, 1, 7], jnp.int32)
    )
    population, after = jax.jit(strategy.ask)(jax.random.key(1), state)
    assert after.stagnation.tolist() == [0, 5, 2, 0]  # the second is the first of the fittest
    kept = [np.array_equal(*rows) for rows in zip(flat(after.climbers), flat(state.climbers), strict=True)]
    assert kept == [False, True, True, False]
    assert np.array_equal(flat(population)[::4], flat(after.climbers))


def test_without_patience_nobody_begins_again():
    strategy = strategies.HillClimb(population=8, climbers=2)
    state = started(strategy)._replace(stagnation=jnp.full(2, 10**6, jnp.int32))
    assert pytrees.fingerprint(jax.jit(strategy.ask)(jax.random.key(1), state)[1]) == pytrees.fingerprint(state)


def test_a_fresh_start_takes_every_trit_from_a_random_starting_genome():
    starts = {"a": jnp.asarray(np.repeat(np.arange(5, dtype=np.int8), 400).reshape(5, 400)), "b": jnp.ones((5, 0, 2))}
    fresh = _fresh_start(jax.random.key(0), starts)
    counts = np.bincount(np.asarray(fresh["a"]), minlength=5)
    assert counts.sum() == 400
    assert (abs(counts - 80) < 45).all()
    assert fresh["b"].shape == (0, 2)


def test_any_function_may_be_the_mutation():
    def negate(key, genome, *, rate):
        del key, rate
        return jax.tree.map(jnp.negative, genome)

    strategy = strategies.HillClimb(population=4, climbers=2, mutation=negate)
    asked = flat(jax.jit(strategy.ask)(jax.random.key(1), started(strategy))[0])
    assert np.array_equal(asked[1::2], -asked[::2])


def test_climbers_solve_parity():
    strategy = strategies.HillClimb(population=64, climbers=8, mutation="single", mutation_rate=1.0)
    result = evolve(
        jax.random.key(0), strategy, networks.MLP((3, 8, 1)), tasks.parity(3), generations=400, target=8, chunk=50
    )
    assert result.fitness == 8


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"climbers": 0}, "climbers must be at least 1: got climbers=0"),
        ({"population": 7, "climbers": 2}, "population must be a multiple of climbers, twice as many at least"),
        ({"population": 4, "climbers": 4}, "population must be a multiple of climbers, twice as many at least"),
        ({"mutation": "jump"}, "mutation must be a function or one of"),
        ({"accept": "worse"}, "accept must be a function or one of ['not_worse', 'better']: got accept='worse'"),
        ({"explore": -1}, "explore must be at least 0: got explore=-1"),
        ({"patience": 0}, "patience must be at least 1: got patience=0"),
        ({"mutation_rate": 1.5}, "mutation_rate must be from 0 to 1: got mutation_rate=1.5"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError) as refusal:
        strategies.HillClimb(**options)
    assert words in str(refusal.value)
