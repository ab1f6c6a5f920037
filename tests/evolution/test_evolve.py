"""Evolution is exact: the same bits whatever the chunk, the batch, the engine, or who drives the loop."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, engines, evolution, networks, strategies, tasks
from tejax.core import pytrees
from tejax.evolution import _evolve, _generation
from tejax.parallel.mesh import make_mesh
from tejax.types import Network
from tests.helpers import first_quick

GENERATIONS = 20
PARITY = tasks.parity(3)
SMALL = networks.MLP((3, 8, 1))
STRATEGY = strategies.Genetic(population=16, elites=2, mutation_rate=0.05)
DIGITS = tasks.digits(samples=16, trits=1)
WIDE = networks.MLP((64, 8, 10))


def run(network=SMALL, task=PARITY, strategy=STRATEGY, seed=0, **options):
    options = {"generations": GENERATIONS, "batch": None, **options}
    return evolution.evolve(jax.random.key(seed), strategy, network, task, **options)


def bits(result):
    """All that must not differ."""
    return pytrees.fingerprint((result.best, result.state, result.history)), result.fitness, result.generations


@pytest.fixture(scope="module")
def parity():
    return run()


@pytest.fixture(scope="module")
def digits():
    return run(WIDE, DIGITS, generations=6)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(parity):
    assert bits(run()) == bits(parity)
    assert bits(run(seed=1)) != bits(parity)


@pytest.mark.parametrize("chunk", first_quick([7, 1, 64]))
def test_the_chunk_changes_nothing(parity, chunk):
    assert bits(run(chunk=chunk)) == bits(parity)


@pytest.mark.parametrize("batch", first_quick([5, 1, "auto"]))
def test_the_evaluation_batch_changes_nothing(digits, batch):
    assert bits(run(WIDE, DIGITS, generations=6, batch=batch)) == bits(digits)


def test_an_automatic_batch_fits_the_room(monkeypatch):
    monkeypatch.setattr(_generation, "CPU_ROOM", 8 * 1024)
    network = Counting(WIDE.features, engine="int8")
    assert evolution.auto_batch(network, DIGITS, 16) in (1, 2, 4, 8)
    assert evolution.auto_batch(network, DIGITS, 1) is None


@pytest.mark.parametrize("engine", first_quick([name for name in engines.names() if name != engines.choose(64)]))
def test_the_engine_changes_nothing(digits, engine):
    network = dataclasses.replace(WIDE, engine=engine)
    assert bits(run(network, DIGITS, generations=6)) == bits(digits)


def by_hand(network, task, strategy, generations, seed=0):
    """The loop as a user would write it."""
    init_key, run_key = jax.random.split(jax.random.key(seed))
    ask, tell = jax.jit(strategy.ask), jax.jit(strategy.tell)
    fitness_of = task.cases if strategy.per_case else task.evaluate
    evaluate = jax.jit(lambda key, population: jax.vmap(lambda genome: fitness_of(key, network, genome))(population))
    state = jax.jit(lambda key: strategy.init(key, network.init, strategy.rates))(init_key)
    history = []
    for number in range(generations):
        ask_key, task_key = jax.random.split(jax.random.fold_in(run_key, number))
        population, state = ask(ask_key, state)
        fitness = evaluate(task_key, population)
        state = tell(state, population, fitness)
        whole = np.asarray(fitness).reshape(len(fitness), -1).sum(axis=1)
        ordered = sorted(whole.tolist())
        history.append((ordered[-1], ordered[(len(ordered) - 1) // 2], ordered[0]))
    return state, history


ADAPTIVE = strategies.Genetic(population=16, elites=0, adaptive=True)
LEXICASE = strategies.Genetic(population=16, elites=3, selection="lexicase", crossover="by_neuron", mutation="step")


@pytest.mark.parametrize(
    ("network", "task", "strategy"),
    [
        (SMALL, PARITY, STRATEGY),
        pytest.param(WIDE, DIGITS, ADAPTIVE, marks=pytest.mark.long),
        pytest.param(SMALL, PARITY, LEXICASE, marks=pytest.mark.long),
    ],
    ids=["parity", "digits-adaptive", "parity-lexicase"],
)
def test_a_python_loop_gives_what_evolve_gives(network, task, strategy):
    result = run(network, task, strategy, generations=6, chunk=4)
    state, history = by_hand(network, task, strategy, 6)
    assert pytrees.fingerprint(state) == pytrees.fingerprint(result.state)
    assert list(zip(*(column.tolist() for column in result.history), strict=True)) == history


def test_the_answer_is_the_fittest_candidate_on_everything_that_evolution_may_see(digits):
    candidates = jax.jit(STRATEGY.candidates)(digits.state)
    whole = np.asarray(jax.jit(jax.vmap(lambda genome: DIGITS.validate(WIDE, genome)))(candidates))
    assert digits.fitness == max(whole)
    fittest = pytrees.take(jax.tree.map(np.asarray, candidates), int(np.argmax(whole)))
    assert pytrees.fingerprint(digits.best) == pytrees.fingerprint(fittest)


def test_history_is_one_int32_a_generation_and_elites_never_lose(parity):
    for column in parity.history:
        assert column.shape == (GENERATIONS,)
        assert column.dtype == np.int32
    best, median, worst = parity.history
    assert (best >= median).all()
    assert (median >= worst).all()
    assert (np.diff(best) >= 0).all()  # every generation sees all rows, and elites survive
    assert parity.evaluations == GENERATIONS * 16
    assert best[-1] > best[0]


def test_no_generations_answer_the_best_of_the_first_population():
    result = run(generations=0)
    assert (result.generations, result.evaluations) == (0, 0)
    assert all(column.shape == (0,) and column.dtype == np.int32 for column in result.history)
    assert result.fitness == int(jax.jit(lambda genome: PARITY.validate(SMALL, genome))(result.best))


@pytest.fixture(scope="module")
def solved():
    return run(generations=400, target=7, chunk=16)


@pytest.mark.parametrize("chunk", first_quick([7, 1, 64]))
def test_target_stops_after_the_same_generation_whatever_the_chunk(solved, chunk):
    assert 1 <= solved.generations < 400
    assert solved.history.best[-1] >= 7
    assert (solved.history.best[:-1] < 7).all()
    assert bits(run(generations=400, target=7, chunk=chunk)) == bits(solved)


def test_a_target_that_the_first_generation_meets_stops_there():
    assert run(target=-1000, chunk=16).generations == 1


def test_the_callback_sees_every_chunk_and_stops_the_run_with_true(parity):
    seen = []

    def callback(progress):
        seen.append((progress.generation, progress.generations, progress.evaluations, len(progress.history.best)))
        assert progress.seconds > 0
        return progress.generation >= 14

    result = run(chunk=7, callback=callback)
    assert seen == [(7, GENERATIONS, 7 * 16, 7), (14, GENERATIONS, 14 * 16, 7)]
    assert result.generations == 14
    assert np.array_equal(result.history.best, parity.history.best[:14])


class Keeper:
    """A recorder that restores what another kept."""

    def __init__(self, kept=None):
        self.kept = kept

    def restore(self, state):
        return self.kept or (state, 0)

    def record(self, progress):
        self.kept = jax.tree.map(np.array, progress.state), progress.generation
        return False


def test_a_run_that_is_taken_up_again_ends_with_the_same_bits(parity):
    first = Keeper()
    run(generations=11, chunk=4, run=first)
    state, generation = first.kept
    assert generation == 11
    result = run(run=Keeper((jax.tree.map(jnp.asarray, state), generation)))
    assert pytrees.fingerprint((result.best, result.state)) == pytrees.fingerprint((parity.best, parity.state))
    assert result.generations == GENERATIONS
    assert np.array_equal(result.history.best, parity.history.best[11:])


def test_a_state_to_start_from_stands_for_a_fresh_one_and_stays_as_it_is(parity):
    begin = jax.jit(lambda key, rates: evolution.first_state(STRATEGY, SMALL, PARITY, key, rates))
    fresh = begin(jax.random.split(jax.random.key(0))[0], _evolve.as_arrays(STRATEGY.rates))
    for mesh in (None, make_mesh(2)):
        result = run(start=fresh, mesh=mesh)
        assert pytrees.fingerprint((result.best, result.state)) == pytrees.fingerprint((parity.best, parity.state))
    longer = run(start=parity.state, generations=3)
    assert longer.generations == 3
    assert pytrees.fingerprint(longer.state) != pytrees.fingerprint(parity.state)


def test_a_start_of_other_shapes_is_refused(parity):
    with pytest.raises(InputError, match=r"^start must be a state of these shapes: .*int8\[16, 8, 64\].*got start="):
        run(WIDE, DIGITS, start=parity.state, generations=3)


TRACES = []


@dataclasses.dataclass(frozen=True)
class Counting(networks.MLP):
    loss = Network.loss  # by way of apply

    def apply(self, genome, x):
        TRACES.append(x.shape)
        return super().apply(genome, x)


def test_nothing_is_traced_again_after_the_first_chunk():
    counts = []
    network = Counting((3, 8, 1))
    for seed in (0, 1):
        run(network, seed=seed, generations=10, chunk=4, callback=lambda progress: counts.append(len(TRACES)))
    assert counts[0] > 0
    assert counts[0] == counts[1] == counts[2]  # chunks of 4, 4 and 2 generations
    assert counts[3:] == [len(TRACES)] * 3  # a second run: other key, same program
    assert counts[3] == counts[2] + 1  # the one trace in between is the last look on all the data

    flipped, before = dataclasses.replace(PARITY, y=-PARITY.y), len(TRACES)
    assert run(network, flipped, generations=2, chunk=4).fitness != 0
    run(network, generations=13, chunk=4)
    assert len(TRACES) == before  # another task of the same shapes, and more generations


def test_summary_takes_the_lower_of_two_medians():
    summary = jax.jit(evolution.summary)
    for values in ([3, 1, 2], [4, 1, 3, 2], [5]):
        best, median, worst = summary(jnp.array(values, jnp.int32))
        ordered = sorted(values)
        assert [int(best), int(median), int(worst)] == [ordered[-1], ordered[(len(ordered) - 1) // 2], ordered[0]]
    assert int(summary(jnp.array([[1, 2], [3, 4]], jnp.int32)).best) == 7


@pytest.mark.parametrize("batch", first_quick([5, None, 1, 99], 2))
def test_evaluate_gives_each_individual_its_fitness(batch):
    population = jax.jit(jax.vmap(SMALL.init))(jax.random.split(jax.random.key(0), 8))
    evaluate = jax.jit(lambda key, population: evolution.evaluate(STRATEGY, SMALL, PARITY, key, population, batch))
    got = evaluate(jax.random.key(1), population)
    assert got.dtype == jnp.int32
    validate, rows = jax.jit(lambda genome: PARITY.validate(SMALL, genome)), jax.tree.map(np.asarray, population)
    assert got.tolist() == [int(validate(pytrees.take(rows, index))) for index in range(8)]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_real_digits_end_in_the_same_genomes_on_every_engine(seed):
    task = tasks.digits()
    strategy = strategies.Genetic(population=128)
    ends = set()
    for engine in engines.names():
        network = networks.MLP((task.features, 64, task.outputs), engine=engine)
        result = evolution.evolve(jax.random.key(seed), strategy, network, task, generations=60)
        ends.add((pytrees.fingerprint(result.state.population), pytrees.fingerprint(result.best)))
    assert len(ends) == 1


def test_a_summary_of_cases_does_not_wrap():
    cases = jnp.asarray([[2**30] * 3, [-(2**30)] * 3, [7, -1, 1], [2**31 - 1, -(2**31), 5]], jnp.int32)
    assert [int(value) for value in evolution.summary(cases)] == [2**31 - 1, -(2**31) + 1, -(2**31)]


@pytest.mark.parametrize("field", ["x_train", "x_test"])
def test_data_that_are_not_trits_are_refused(field):
    for change in (lambda x: x * 100, lambda x: x.astype(jnp.int32), lambda x: x.astype(jnp.float32)):
        task = dataclasses.replace(DIGITS, **{field: change(getattr(DIGITS, field))})
        with pytest.raises(InputError, match=f"^{field} must be (an int8 array|trits: -1, 0 or .1): got {field}='"):
            run(WIDE, task)


def test_a_key_of_another_generator_is_the_same_seed(parity):
    for key in (jax.random.key(0, impl="rbg"), jax.random.PRNGKey(0), np.zeros(2, np.uint32)):
        assert bits(evolution.evolve(key, STRATEGY, SMALL, PARITY, generations=GENERATIONS, batch=None)) == bits(parity)


def test_what_is_no_key_is_refused():
    several = jax.random.split(jax.random.key(0))
    for key in (0, None, 1.5, "0", [0, 0], np.zeros(2, np.int32), np.uint32(1), jax.random.key, several, several[:1]):
        with pytest.raises(InputError, match=r"^key must be one key, as jax\.random\.key makes it: got key="):
            evolution.evolve(key, STRATEGY, SMALL, PARITY, generations=1)


def test_a_run_cannot_be_mapped():
    fitness = lambda key: evolution.evolve(key, STRATEGY, SMALL, PARITY, generations=1).fitness  # noqa: E731
    for transformed in (lambda: jax.vmap(fitness)(jax.random.split(jax.random.key(0), 2)), jax.jit(lambda: run())):
        with pytest.raises(InputError, match="key must be known: a run cannot be mapped or compiled"):
            transformed()
