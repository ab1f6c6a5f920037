"""The shipped contract checks pass what is right (test_contracts) and name what is broken."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import pytest

from tejax import networks, strategies, tasks, testing
from tejax.core import random
from tejax.operators import crossover, mutation, selection
from tejax.strategies.genetic import Rates

COUNTER = itertools.count()


def each(genome, change):
    return jax.tree.map(change, genome)


def flip(key, genome, rate):
    return mutation.flip(key, genome, rate=rate)


MUTATIONS = {
    "must stay int8": lambda key, genome, *, rate: each(flip(key, genome, rate), lambda leaf: leaf.astype(jnp.int32)),
    "must hold trits only": lambda key, genome, *, rate: each(genome, lambda leaf: leaf * 2),
    "must keep its structure": lambda key, genome, *, rate: jax.tree.leaves(flip(key, genome, rate)),
    "must keep its shapes": lambda key, genome, *, rate: each(flip(key, genome, rate), lambda leaf: leaf.reshape(-1)),
    "rate 0 must leave the genome": lambda key, genome, *, rate: flip(key, genome, 0.5),
    "rate 1 must change something": lambda key, genome, *, rate: genome,
    "fails with": lambda key, genome, *, rate: each(genome, lambda leaf: leaf[:, 7, 7, 7]),
}


@pytest.mark.parametrize("sentence", MUTATIONS)
def test_a_broken_mutation_is_named(sentence):
    with pytest.raises(AssertionError, match=sentence):
        testing.check_mutation(MUTATIONS[sentence])


def test_a_mutation_that_needs_a_python_rate_is_named():
    with pytest.raises(AssertionError, match="the mutation fails with ConcretizationTypeError"):
        testing.check_mutation(lambda key, genome, *, rate: flip(key, genome, float(rate)))


def test_a_mutation_that_changes_between_calls_is_named():
    def drifting(key, genome, *, rate):  # a new key for every trace
        return flip(jax.random.fold_in(key, next(COUNTER)), genome, rate)

    with pytest.raises(AssertionError, match="must not depend on its neighbours under vmap"):
        testing.check_mutation(drifting)


CROSSOVERS = {
    "that of one of its parents": lambda key, a, b, *, rate: each(
        crossover.uniform(key, a, b, rate=rate), jnp.negative
    ),
    "rate 0 must give the first parent": lambda key, a, b, *, rate: crossover.uniform(key, b, a, rate=rate),
    "rate 1 must take something": lambda key, a, b, *, rate: a,
    "must stay int8": lambda key, a, b, *, rate: each(a, lambda leaf: leaf.astype(jnp.float32)),
}


@pytest.mark.parametrize("sentence", CROSSOVERS)
def test_a_broken_crossover_is_named(sentence):
    with pytest.raises(AssertionError, match=r"must keep its shapes and dtypes|" + sentence):
        testing.check_crossover(CROSSOVERS[sentence])


SELECTIONS = {
    "must be int32": lambda key, fitness: fitness[0].astype(jnp.float32),
    "must give 0 to": lambda key, fitness: jnp.int32(fitness.shape[0]),
    "must prefer the fitter": lambda key, fitness: selection.tournament(key, -fitness // 2),
    "must give one index": lambda key, fitness: random.randint(key, (2,), fitness.shape[0]),
    "fails with IndexError": lambda key, fitness: fitness.mean(axis=3),
}


@pytest.mark.parametrize("sentence", SELECTIONS)
def test_a_broken_selection_is_named(sentence):
    with pytest.raises(AssertionError, match=sentence):
        testing.check_selection(SELECTIONS[sentence])


INNER = networks.MLP((5, 4, 3))


@dataclasses.dataclass(frozen=True)
class Broken:
    """An MLP with one method replaced."""

    fault: str
    inner: networks.MLP = INNER

    def init(self, key):
        if self.fault == "all keys gave the same genome":
            return self.inner.init(jax.random.key(0))
        genome = self.inner.init(key)
        return each(genome, lambda leaf: leaf.astype(jnp.float32)) if self.fault == "must stay int8" else genome

    def apply(self, genome, x):
        outputs = self.inner.apply(genome, x)
        match self.fault:
            case "must be int32":
                return outputs.astype(jnp.float32)
            case "must map":
                return outputs.sum(axis=0, dtype=jnp.int32)
            case "alone":
                return outputs + jnp.int32(x.ndim)
            case "wherever it stands":
                return jnp.cumsum(outputs, axis=0, dtype=jnp.int32) if x.ndim > 1 else outputs
        return outputs


NETWORK_FAULTS = {
    "all keys gave the same genome": "all keys gave the same genome",
    "must stay int8": "must stay int8",
    "must be int32": "must be int32",
    "must map": r"must map \[\.\.\., F\]",
    "alone": "alone",
    "wherever it stands": "alone|wherever it stands",
}


@pytest.mark.parametrize("fault", NETWORK_FAULTS)
def test_a_broken_network_is_named(fault):
    with pytest.raises(AssertionError, match=NETWORK_FAULTS[fault]):
        testing.check_network(Broken(fault), 5, jax.random.key(0))


def test_a_network_that_cannot_be_hashed_is_named():
    @dataclasses.dataclass
    class Loose:
        features: tuple[int, ...] = (5, 3)

    with pytest.raises(AssertionError, match="must be hashable"):
        testing.check_network(Loose(), 5, jax.random.key(0))


NETWORK = networks.MLP((3, 2, 1))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class BrokenTask:
    """Parity with one method replaced."""

    inner: tasks.TruthTable
    fault: str = dataclasses.field(metadata={"static": True})

    def evaluate(self, key, apply, genome):
        fitness = self.inner.evaluate(key, apply, genome)
        match self.fault:
            case "evaluate must be int32":
                return fitness.astype(jnp.float32)
            case "must give one number":
                return fitness[None]
            case "traced":
                return fitness + jnp.int32(next(COUNTER))
            case "evaluate fails with ConcretizationTypeError":
                return fitness + jnp.int32(int(fitness))
        return fitness

    def validate(self, apply, genome):
        fitness = self.inner.validate(apply, genome)
        return fitness.astype(jnp.int16) if self.fault == "validate must be int32" else fitness

    def cases(self, key, apply, genome):
        cases = self.inner.cases(key, apply, genome)
        return cases.sum(dtype=jnp.int32) if self.fault == "cases must give one row" else cases


TASK_FAULTS = {
    "evaluate must be int32": "fitness of evaluate must be int32, not float32",
    "must give one number": r"evaluate must give one number an individual, not shape \(1,\)",
    "traced": "evaluate: a result must not depend on its neighbours",
    "evaluate fails with ConcretizationTypeError": "evaluate fails with ConcretizationTypeError",
    "validate must be int32": "fitness of validate must be int32, not int16",
    "cases must give one row": "cases must give one row of numbers an individual",
}


@pytest.mark.parametrize("fault", TASK_FAULTS)
def test_a_broken_task_is_named(fault):
    with pytest.raises(AssertionError, match=TASK_FAULTS[fault]):
        testing.check_task(BrokenTask(tasks.parity(3), fault), NETWORK)


def test_a_task_whose_sizes_are_not_static_is_named():
    @jax.tree_util.register_dataclass
    @dataclasses.dataclass(frozen=True)
    class Sizes(BrokenTask):
        inner: int
        fault: str

    with pytest.raises(AssertionError, match="leaves of a task must be arrays"):
        testing.check_task(Sizes(3, "size"), NETWORK)


GOOD = strategies.Genetic(population=6, elites=1, rates=Rates(mutation=0.05))


def _short(key, state):
    population, state = GOOD.ask(key, state)
    return each(population, lambda leaf: leaf[:-1]), state


def _doubled(key, state):
    population, state = GOOD.ask(key, state)
    return each(population, lambda leaf: leaf * 2), state


STRATEGIES = {
    "population must be a positive whole number": GOOD._replace(population=0),
    "must have 6 rows": GOOD._replace(ask=_short),
    "must hold trits only": GOOD._replace(ask=_doubled),
    "state after a generation must keep": GOOD._replace(
        tell=lambda state, population, fitness: GOOD.tell(state, population, fitness.astype(jnp.float32))
    ),
    "best must be the fittest": GOOD._replace(best=lambda state: each(state.population, lambda leaf: -leaf[-1])),
    "the genome that best gives must keep": GOOD._replace(best=lambda state: state.population),
    "finalists": GOOD._replace(finalists=lambda state: each(state.population, lambda leaf: leaf[:0])),
    "init fails with ConcretizationTypeError": GOOD._replace(
        init=lambda key, sample, rates: GOOD.init(key, sample, type(rates)(*(float(rate) for rate in rates)))
    ),
    "a Python loop must give what scan gives": GOOD._replace(
        ask=lambda key, state: GOOD.ask(jax.random.fold_in(key, next(COUNTER)), state)
    ),
}


@pytest.mark.parametrize("sentence", STRATEGIES)
def test_a_broken_strategy_is_named(sentence):
    with pytest.raises(AssertionError, match=sentence):
        testing.check_strategy(STRATEGIES[sentence], NETWORK, tasks.parity(3))


def test_a_leaf_beyond_its_declared_range_is_named():
    ranges = ((-1, 1), (0, 2))  # of a tissue's kinds, which reach 3
    tissue = type("Narrow", (networks.Tissue,), {"ranges": ranges})
    with pytest.raises(AssertionError, match=r"a fresh genome.kinds must hold values from 0 to 2 only"):
        testing.check_network(tissue(5, 2, capacity=9, neighbors=4, evolution=2), 5, jax.random.key(0))
