"""The shipped contract checks pass what is right (test_contracts) and name what is broken."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import pytest

from tejax import networks, strategies, tasks, testing
from tejax.core import random
from tejax.operators import crossover, mutation, selection
from tejax.types import Network, Task
from tests.helpers import first_quick

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


@pytest.mark.parametrize("sentence", first_quick(MUTATIONS, 3))
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


@pytest.mark.parametrize("sentence", first_quick(CROSSOVERS, 2))
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


@pytest.mark.parametrize("sentence", first_quick(SELECTIONS, 3))
def test_a_broken_selection_is_named(sentence):
    with pytest.raises(AssertionError, match=sentence):
        testing.check_selection(SELECTIONS[sentence])


INNER = networks.MLP((5, 3))


@dataclasses.dataclass(frozen=True)
class Broken(Network):
    """A perceptron with one method replaced."""

    fault: str
    features: tuple[int, ...] = INNER.features

    def init(self, key):
        if self.fault == "all keys gave the same genome":
            return INNER.init(jax.random.key(0))
        genome = INNER.init(key)
        return each(genome, lambda leaf: leaf.astype(jnp.float32)) if self.fault == "must stay int8" else genome

    def apply(self, genome, x):
        outputs = INNER.apply(genome, x)
        match self.fault:
            case "must be int32":
                return outputs.astype(jnp.float32)
            case "must map":
                return outputs.sum(axis=0, dtype=jnp.int32)
            case "alone":
                return outputs + jnp.int32(x.ndim)
            case "wherever it stands":
                return jnp.cumsum(outputs, axis=0, dtype=jnp.int32) if x.ndim > 1 else outputs
            case "must give 3 outputs":
                return outputs[..., :2]
        return outputs


NETWORK_FAULTS = {
    "all keys gave the same genome": "all keys gave the same genome",
    "must stay int8": "must stay int8",
    "must be int32": "must be int32",
    "must map": r"must map \[\.\.\., F\]",
    "alone": "alone",
    "wherever it stands": "alone|wherever it stands",
    "must give 3 outputs": "apply must give 3 outputs, the last of features, not 2",
}


@pytest.mark.parametrize("fault", first_quick(NETWORK_FAULTS, 4))
def test_a_broken_network_is_named(fault):
    with pytest.raises(AssertionError, match=NETWORK_FAULTS[fault]):
        testing.check_network(Broken(fault), 5, jax.random.key(0))


def test_a_network_that_cannot_be_hashed_is_named():
    @dataclasses.dataclass
    class Loose(Network):
        features: tuple[int, ...] = (5, 3)

    with pytest.raises(AssertionError, match="must be hashable"):
        testing.check_network(Loose(), 5, jax.random.key(0))


def test_a_network_of_other_inputs_than_it_declares_is_named():
    with pytest.raises(AssertionError, match="features and reads must be those of the inputs"):
        testing.check_network(INNER, 4, jax.random.key(0))


def test_a_memory_that_apply_does_not_share_is_named():
    class Forgetful(networks.Recurrent):
        def step(self, genome, state, x):
            return super().step(genome, jnp.ones_like(state), x)

    with pytest.raises(AssertionError, match="apply must give the outputs that step gives, from init_state on"):
        testing.check_network(Forgetful((2, 4, 2), ticks=1), (3, 2), jax.random.key(0))


@pytest.mark.parametrize(
    "check",
    [
        lambda: testing.check_network(object(), 5, jax.random.key(0)),
        lambda: testing.check_task(object(), NETWORK),
        lambda: testing.check_strategy(object(), NETWORK, TASK),
    ],
)
def test_what_is_no_subclass_is_named(check):
    with pytest.raises(AssertionError, match=r"object must be a subclass of tejax\.types\."):
        check()


NETWORK, TASK = networks.MLP((2, 1)), tasks.parity(2)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class BrokenTask(Task):
    """Parity with one method replaced."""

    inner: tasks.TruthTable
    fault: str = dataclasses.field(metadata={"static": True})

    @property
    def features(self):
        return 3 if self.fault == "fit" else 2

    outputs = 1

    def evaluate(self, key, network, genome):
        fitness = self.inner.evaluate(key, network, genome)
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

    def validate(self, network, genome):
        fitness = self.inner.validate(network, genome)
        return fitness.astype(jnp.int16) if self.fault == "validate must be int32" else fitness

    def cases(self, key, network, genome):
        cases = self.inner.cases(key, network, genome)
        return cases.sum(dtype=jnp.int32) if self.fault == "cases must give one row" else cases

    def report(self, network, genome):
        return {"accuracy": float("nan")} if self.fault == "report" else {}


TASK_FAULTS = {
    "evaluate must be int32": "fitness of evaluate must be int32, not float32",
    "must give one number": r"evaluate must give one number an individual, not shape \(1,\)",
    "traced": "evaluate: a result must not depend on its neighbours",
    "evaluate fails with ConcretizationTypeError": "evaluate fails with ConcretizationTypeError",
    "validate must be int32": "fitness of validate must be int32, not int16",
    "cases must give one row": "cases must give one row of numbers an individual",
    "report": "report must hold finite numbers: got {'accuracy': nan}",
    "fit": "the network fails with InputError: network must be from 3 inputs to 1 outputs",
}


@pytest.mark.parametrize("fault", first_quick(TASK_FAULTS, 4))
def test_a_broken_task_is_named(fault):
    with pytest.raises(AssertionError, match=TASK_FAULTS[fault]):
        testing.check_task(BrokenTask(TASK, fault), NETWORK)


def test_a_task_whose_sizes_are_not_static_is_named():
    @jax.tree_util.register_dataclass
    @dataclasses.dataclass(frozen=True)
    class Sizes(BrokenTask):
        inner: int
        fault: str

    with pytest.raises(AssertionError, match="leaves of a task must be arrays"):
        testing.check_task(Sizes(3, "size"), NETWORK)


class Good(strategies.Genetic):
    """A strategy whose methods are replaced below."""


def broken(**methods):
    return type("Broken", (Good,), methods)(population=4, elites=1, mutation_rate=0.05)


def asking(change, **options):
    """A strategy that asks something else."""

    def ask(self, key, state):
        population, state = super(type(self), self).ask(key, state)
        return each(population, change), state

    return broken(ask=ask, **options)


def _empty():
    strategy = broken()
    object.__setattr__(strategy, "population", 0)
    return strategy


def _drifting(self, key, state):
    return Good.ask(self, jax.random.fold_in(key, next(COUNTER)), state)


def _floats(self, state, population, fitness):
    return Good.tell(self, state, population, fitness.astype(jnp.float32))


def _python_rates(self, key, sample, rates):
    return Good.init(self, key, sample, {name: float(rate) for name, rate in rates.items()})


def _other(self):
    return dataclasses.replace(Good.static(self), tournament=next(COUNTER) + 1)


STRATEGIES = {
    "population must be a positive whole number": _empty,
    "must have 4 rows": lambda: asking(lambda leaf: leaf[:-1]),
    "must hold trits only": lambda: asking(lambda leaf: leaf * 2),
    "state after a generation must keep": lambda: broken(tell=_floats),
    "best must be the fittest": lambda: broken(best=lambda self, state: each(state.population, lambda leaf: -leaf[-1])),
    "the genome that best gives must keep": lambda: broken(best=lambda self, state: state.population),
    "candidates": lambda: broken(candidates=lambda self, state: each(state.population, lambda leaf: leaf[:0])),
    "init fails with ConcretizationTypeError": lambda: broken(init=_python_rates),
    "a Python loop must give what scan gives": lambda: broken(ask=_drifting),
    "equal by value": lambda: broken(__eq__=lambda self, other: self is other, __hash__=lambda self: id(self)),
    "an equal strategy must not be traced again": lambda: broken(static=_other),
}


@pytest.mark.parametrize("sentence", first_quick(STRATEGIES, 6))
def test_a_broken_strategy_is_named(sentence):
    with pytest.raises(AssertionError, match=sentence):
        testing.check_strategy(STRATEGIES[sentence](), NETWORK, TASK)


def test_a_leaf_beyond_its_declared_range_is_named():
    ranges = ((-1, 1), (0, 2))  # of a tissue's kinds, which reach 3
    tissue = type("Narrow", (networks.Tissue,), {"ranges": ranges})
    with pytest.raises(AssertionError, match=r"a fresh genome.kinds must hold values from 0 to 2 only"):
        testing.check_network(tissue(5, 2, capacity=9, neighbors=4, evolution=2), 5, jax.random.key(0))
