"""A portfolio: whose turn it is, and that an arm learns of its generations alone."""

import dataclasses
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from jax import lax

import tejax
from tejax import evolution, networks, strategies, tasks
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.parallel.population import population_size
from tejax.registry import STRATEGIES, TASKS
from tejax.runs import Experiment, IslandOptions
from tejax.strategies.portfolio import Standing, Sum, next_standing
from tests.helpers import first_quick
from tests.oracles.turns import turns

NETWORK, TASK = networks.MLP((3, 1)), tasks.parity(3)
EVERY, GENERATIONS = 2, 27
PLAIN = strategies.Genetic(population=8, elites=2)
ARMS = (
    strategies.Categorical(population=8),
    strategies.Genetic(population=8, elites=2, selection="sharing", tournament=2),
)
STRATEGY = tejax.Portfolio(ARMS, EVERY)
EXTREMES = some.one_of(some.integers(-3, 3), some.integers(-(2**31), 2**31 - 1))


@cache
def played(every):
    """Fitness of every arm's generations, int32 [A, G] -> who played, int32 [G]; no strategies, only the rule."""

    def run(fitness):
        zero, zeros = jnp.int32(0), jnp.zeros(fitness.shape[0], jnp.int32)

        def step(standing, _):
            place = standing.player
            return next_standing(every, standing, fitness[place, standing.played[place]]), place

        start = Standing(zero, zeros, Sum(zero, zero), Sum(zeros, zeros), Sum(zeros, zeros))
        return lax.scan(step, start, None, length=fitness.shape[1])[1]

    return jax.jit(run)


@given(arms=some.sampled_from([2, 3]), every=some.sampled_from([1, 3]), data=some.data())
def test_those_play_whom_the_oracle_lets_play(arms, every, data):
    row = some.lists(EXTREMES, min_size=60, max_size=60)
    fitness = data.draw(some.lists(row, min_size=arms, max_size=arms))
    got = played(every)(np.array(fitness, np.int32))
    assert got.tolist() == turns(fitness, every, 60)


def test_who_begins_slowly_but_gains_is_given_the_generations_of_who_has_stopped():
    fast, slow = [0, *[9] * 39], list(range(40))
    assert turns([fast, slow], 2, 40)[16:] == [1] * 24
    assert played(2)(np.array([fast, slow], np.int32)).tolist() == turns([fast, slow], 2, 40)


def test_sums_of_long_blocks_do_not_leave_int32():
    every = 4096
    little, much = [0] * every + [1] * 8 * every, [-(2**31)] * every + [2**31 - 1] * 8 * every
    assert played(every)(np.array([little, much], np.int32))[8 * every] == 1


def run(chunk=16, **options):
    return tejax.evolve(jax.random.key(0), STRATEGY, NETWORK, TASK, generations=GENERATIONS, chunk=chunk, **options)


@pytest.fixture(scope="module")
def result():
    return run()


def test_every_arm_is_as_if_it_had_played_its_generations_alone(result):
    """The loop by hand: the arms ask and learn in turn, each of what it wants to know."""
    init_key, run_key = jax.random.split(jax.random.key(0))
    keys = jax.random.split(init_key, 2)
    states = [
        jax.jit(partial(evolution.first_state, arm, NETWORK, TASK, rates=arm.rates))(key)
        for arm, key in zip(ARMS, keys, strict=True)
    ]
    steps = [jax.jit(partial(evolution.generation, arm, NETWORK, TASK)) for arm in ARMS]
    seen, plays, history = [[], []], [], []
    for number in range(GENERATIONS):
        lists = [each + [0] * GENERATIONS for each in seen]
        place = turns(lists, EVERY, number + 1)[-1]
        states[place], fitness = steps[place](jax.random.fold_in(run_key, number), states[place])
        history.append(int(np.asarray(fitness).reshape(8, -1).sum(axis=1).max()))
        seen[place].append(history[-1])
        plays.append(place)
    assert plays[16:].count(0) != plays[16:].count(1), "a choice was made"
    assert result.history.best.tolist() == history
    assert result.state.standing.played.tolist() == [plays.count(place) for place in range(2)]
    for arm, alone in zip(result.state.arms, states, strict=True):
        assert pytrees.fingerprint(arm) == pytrees.fingerprint(alone)


@pytest.mark.parametrize("chunk", first_quick([7, 1]))
def test_the_chunk_changes_nothing(result, chunk):
    again = run(chunk)
    assert pytrees.fingerprint(again.state) == pytrees.fingerprint(result.state)
    assert pytrees.fingerprint(again.best) == pytrees.fingerprint(result.best)


def test_the_best_is_that_of_whoever_played_last_and_all_candidates_are_looked_at(result):
    last = int(result.state.last)
    best = jax.jit(STRATEGY.best)(result.state)
    assert pytrees.fingerprint(best) == pytrees.fingerprint(jax.jit(ARMS[last].best)(result.state.arms[last]))
    counts = [
        population_size(jax.eval_shape(arm.candidates, own)) for arm, own in zip(ARMS, result.state.arms, strict=True)
    ]
    assert population_size(jax.eval_shape(STRATEGY.candidates, result.state)) == sum(counts)
    assert result.fitness >= result.history.best.max() - 1, "what an elite had is not lost with its turn"


def test_cases_are_asked_for_only_if_an_arm_wants_them():
    assert STRATEGY.per_case
    assert not tejax.Portfolio((PLAIN, ARMS[0])).per_case


def test_rates_of_all_arms_make_one_flat_record():
    names = ["learning_rate_0", "min_prob_0", "init_weight_0", "mutation_rate_1", "crossover_rate_1"]
    assert list(STRATEGY.rates) == names
    other = {**STRATEGY.rates, "learning_rate_0": 0.25, "mutation_rate_1": 0.5}
    state = jax.jit(lambda key: STRATEGY.init(key, NETWORK.init, other))(jax.random.key(0))
    first, second = state.arms
    assert (float(first.rates["learning_rate"]), float(second.rates["mutation_rate"])) == (0.25, 0.5)


def test_packed_arms_stand_beside_packed_ones_only():
    packed = [strategies.Genetic(population=8, elites=2, packed=True, tournament=size) for size in (2, 4)]

    def population(arms):
        strategy = tejax.Portfolio(arms)
        state = strategy.init(jax.random.key(0), NETWORK.init, strategy.rates)
        return jax.vmap(strategy.decode)(strategy.ask(jax.random.key(1), state)[0])

    plain = jax.eval_shape(lambda: PLAIN.init(jax.random.key(0), NETWORK.init, PLAIN.rates).population)
    assert pytrees.shapes(jax.eval_shape(partial(population, packed))) == pytrees.shapes(plain)
    with pytest.raises(InputError, match="arms must be all packed or all not: got arms='some of each'"):
        jax.eval_shape(partial(population, [packed[0], PLAIN]))


@pytest.mark.long
def test_a_sweep_gives_the_bits_of_single_runs(result):
    rates = {"learning_rate_0": [STRATEGY.rates["learning_rate_0"], 0.3]}
    swept = tejax.sweep(STRATEGY, NETWORK, TASK, rates=rates, seeds=1, generations=GENERATIONS)
    assert swept.rows[0]["best"] == pytrees.fingerprint(result.best)


@pytest.mark.parametrize(
    ("arms", "options", "words"),
    [
        (ARMS[:1], {}, "arms must be from 2 to 16 strategies: got arms=1"),
        (ARMS, {"every": 0}, "every must be from 1 to 4096: got every=0"),
        ((PLAIN, strategies.Genetic(16)), {}, "population must be the same in all arms: got population=[8, 16]"),
        (
            (tejax.Islands(PLAIN, 2), strategies.Genetic(16)),
            {},
            "islands must be the same in all arms: got islands=[2, 1]",
        ),
        (
            (PLAIN, strategies.LowRank(8)),
            {},
            "arms must be strategies that ask whole answers: got arms=['Genetic', 'LowRank']",
        ),
    ],
)
def test_arms_that_do_not_fit_are_refused_in_one_line(arms, options, words):
    with pytest.raises(InputError) as refusal:
        tejax.Portfolio(arms, **options)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_experiment_names_its_arms():
    def experiment(**options):
        return Experiment(TASKS.choose("xor"), strategy=STRATEGIES.choose("portfolio", population=24, **options))

    narrow = experiment(arms=("map_elites", "tournament"), every=3)
    with pytest.raises(InputError, match="population must be above the number of cells: got population=24, cells=64"):
        narrow.build()
    built = experiment().build().strategy
    assert (built.population, built.per_case, len(built.rates)) == (24, True, 5)
    shared = dataclasses.replace(experiment(), islands=IslandOptions(2))
    assert shared.build().strategy.islands == 2
    assert Experiment.from_json(narrow.to_json()) == narrow
    for arms, words in (
        (("sharing", "low_rank"), "arms must be of names among .*: got arms='low_rank'"),
        (("sharing", "sharing"), "arms must be different ones: got arms="),
    ):
        with pytest.raises(InputError, match=words):
            experiment(arms=arms).build()
