"""Islands: each a separate run, but for the migrants."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

import tejax
from tejax import evolution, networks, strategies, tasks
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.parallel.population import population_size
from tejax.registry import STRATEGIES, TASKS
from tejax.runs import Experiment, IslandOptions
from tejax.strategies import _shared, islands
from tejax.strategies.islands import TOPOLOGIES, _rolled
from tests.oracles import migration

NETWORK, TASK = networks.MLP((3, 1)), tasks.parity(3)
ONE = strategies.Genetic(population=8, elites=2)
APART, TOGETHER = tejax.Islands(ONE, 3, 99), tejax.Islands(ONE, 3, 3)


@cache
def migrating(count, size, migrants):
    strategy = tejax.Islands(strategies.Genetic(size, elites=0), count, migrants=migrants)
    return jax.jit(strategy._migrate)


@given(
    count=some.sampled_from([2, 5]),
    size=some.sampled_from([2, 7]),
    spread=some.sampled_from([0, 2, 2**31 - 1]),
    data=some.data(),
)
def test_migrants_go_where_the_oracle_sends_them(count, size, spread, data):
    migrants, shift = data.draw(some.integers(1, size // 2)), data.draw(some.integers(1, count - 1))
    random = np.random.default_rng(data.draw(some.integers(0, 99)))
    fitness = random.integers(-spread - 1, spread, (count, size), dtype=np.int32, endpoint=True)
    population = np.arange(count * size * 2, dtype=np.int8).reshape(count, size, 2)
    got = migrating(count, size, migrants)(shift, (population, fitness))
    for found, wanted in zip(got, migration.migrate(population, fitness, migrants, shift), strict=True):
        np.testing.assert_array_equal(found, wanted)


@cache
def compiled(strategy):
    init = jax.jit(lambda key: strategy.init(key, NETWORK.init, strategy.rates))
    return init, jax.jit(partial(evolution.generation, strategy, NETWORK, TASK))


def generations(strategy, number):
    """The state after so many generations, driven by hand."""
    init, step = compiled(strategy)
    state = init(jax.random.key(0))
    for key in jax.random.split(jax.random.key(1), number):
        state, _ = step(key, state)
    return state


def test_until_migrants_come_an_island_is_a_single_run_with_the_keys_of_its_number():
    state = generations(APART, 3)
    init, ask, tell = compiled(ONE)[0], jax.jit(ONE.ask), jax.jit(ONE.tell)
    evaluate = jax.jit(lambda population: evolution.evaluate(ONE, NETWORK, TASK, jax.random.key(0), population))
    for island in range(3):
        alone = init(jax.random.fold_in(jax.random.key(0), island))
        for key in jax.random.split(jax.random.key(1), 3):
            population, alone = ask(jax.random.fold_in(jax.random.split(key)[0], island), alone)
            alone = tell(alone, population, evaluate(population))
        assert pytrees.fingerprint(pytrees.take(state.islands, island)) == pytrees.fingerprint(alone)


def test_migration_happens_every_so_many_generations_and_only_then():
    same = []
    for number in (2, 3):
        ends = (generations(strategy, number) for strategy in (APART, TOGETHER))
        same.append(len({pytrees.fingerprint(end.islands) for end in ends}) == 1)
    assert same == [True, False]


def test_on_a_tour_migrants_visit_every_other_island_in_turn():
    shifts = [int(TOPOLOGIES["tour"](number, 4)) for number in range(6)]
    assert shifts == [1, 2, 3, 1, 2, 3]
    rows = jnp.arange(5, dtype=jnp.int32)
    for shift in range(5):
        np.testing.assert_array_equal(jax.jit(_rolled)(shift, rows), np.roll(rows, shift))


def test_one_island_knows_no_migration():
    """The program is the same however often they were to migrate."""
    often, never = (tejax.Islands(ONE, 1, every) for every in (1, 99))
    state = jax.eval_shape(lambda key: often.init(key, NETWORK.init, often.rates), jax.random.key(0))
    population, state = jax.eval_shape(often.ask, jax.random.key(0), state)
    fitness = jax.ShapeDtypeStruct((8,), jnp.int32)
    programs = [jax.jit(each.tell).lower(state, population, fitness).as_text() for each in (often, never)]
    assert programs[0] == programs[1]


def test_the_best_is_that_of_the_best_island_and_all_candidates_are_looked_at():
    result = tejax.evolve(jax.random.key(0), TOGETHER, NETWORK, TASK, generations=5)
    assert result.evaluations == 5 * 24
    assert int(jnp.max(result.state.best)) == result.history.best[-1]
    candidates = jax.eval_shape(ONE.candidates, pytrees.take(result.state.islands, 0))
    assert population_size(jax.eval_shape(TOGETHER.candidates, result.state)) == 3 * population_size(candidates)
    best = jax.jit(TOGETHER.best)(result.state)
    fitness = int(jax.jit(lambda genome: TASK.validate(NETWORK, genome))(best))
    assert fitness == result.history.best[-1]  # parity is evaluated on all rows


@pytest.mark.long
def test_migrants_help_on_parity():
    """The reason for them: what one island has found, the others have soon after."""
    lone = strategies.Genetic(population=16, elites=2, mutation_rate=0.02)
    network, task = networks.MLP((4, 8, 1)), tasks.parity(4)
    medians = []
    for every in (4, 999):
        strategy = tejax.Islands(lone, 4, every)
        ends = [tejax.evolve(jax.random.key(seed), strategy, network, task, generations=60) for seed in range(3)]
        medians.append(sum(int(np.min(end.state.best)) for end in ends))
    assert medians[0] >= medians[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "count must be at least 1: got count=0"),
        ({"every": 0}, "every must be at least 1: got every=0"),
        ({"migrants": 5}, "migrants must be from 1 to half of an island's population: got migrants=5, population=8"),
        ({"migrants": 0}, "migrants must be at least 1"),
        ({"topology": "star"}, "topology must be one of"),
    ],
)
def test_wrong_numbers_are_refused_in_one_line(options, words):
    with pytest.raises(InputError) as refusal:
        tejax.Islands(ONE, **{"count": 3, **options})
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_perturbations_of_a_base_cannot_migrate():
    with pytest.raises(InputError, match="strategy must be one whose individuals can live on another island"):
        tejax.Islands(strategies.LowRank(population=8), 2)


def test_an_experiment_shares_its_population_among_its_islands():
    def experiment(population, islands):
        chosen = STRATEGIES.choose("genetic", population=population, elites=2)
        return Experiment(TASKS.choose("xor"), strategy=chosen, islands=islands)

    shared = experiment(24, IslandOptions(3, 5, 1, "tour"))
    strategy = shared.build().strategy
    assert (strategy.population, strategy.islands) == (24, 3)
    assert Experiment.from_json(shared.to_json()) == shared
    with pytest.raises(InputError, match="population must be a multiple of islands: got population=25, islands=3"):
        experiment(25, IslandOptions(3)).build()
    assert experiment(25, IslandOptions()).build().strategy.islands == 1


def test_parents_chosen_a_few_at_a_time_are_the_same(monkeypatch):
    """Where choosing takes much memory, islands ask in turns, and an island chooses parents in turns."""
    strategy = tejax.Islands(strategies.Genetic(population=16, elites=2, selection="lexicase"), 8)
    state = jax.jit(lambda key: strategy.init(key, networks.MLP((2, 1)).init, strategy.rates))(jax.random.key(0))
    cases = np.random.default_rng(0).integers(0, 3, (8, 16, 4)).astype(np.int32)
    state = state._replace(islands=state.islands._replace(fitness=jnp.asarray(cases)))
    asked = []
    for room in (islands.ROOM, 1024):
        monkeypatch.setattr(islands, "ROOM", room)
        monkeypatch.setattr(_shared, "CHOOSING", room // 16)
        with jax.debug_key_reuse(False):  # which takes the slices of keys in a loop within a loop for the same ones
            asked.append(pytrees.fingerprint(jax.jit(lambda state: strategy.ask(jax.random.key(1), state))(state)))
        assert (strategy._asking_at_once(state.islands) is None) == (room != 1024)
    assert asked[0] == asked[1]
