"""A network that does not fit its task, or does not give what it declares, is refused in one line everywhere."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from tejax import InputError, networks, strategies, tasks, testing, trits
from tejax.networks.tissue.mutation import flip_codes
from tejax.operators import mutation
from tejax.types import Network, Task
from tests.helpers import first_quick

PARITY, FITTING = tasks.parity(3), networks.MLP((3, 1))
STRATEGY = strategies.Genetic(population=4, elites=1)


def key():
    return jax.random.key(0)


def evolve(network=FITTING, task=PARITY, strategy=STRATEGY, **options):
    return tejax.evolve(key(), strategy, network, task, **{"generations": 1, "batch": None, **options})


def sweep(network=FITTING, task=PARITY, strategy=STRATEGY, **options):
    settings = {"rates": {}, "seeds": 1, "generations": 1, "batch": None, **options}
    return tejax.sweep(strategy, network, task, **settings)


def refused(call, message):
    """One line that says so."""
    with pytest.raises((InputError, AssertionError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


MISFITS = {
    "outputs must be 1, got 3": networks.MLP((3, 4, 3)),
    "inputs must be 3, got 4": networks.MLP((4, 1)),
    "inputs must be 3, got 2 and outputs must be 1, got 2": networks.MLP((2, 2)),
    "outputs must be 1, got 2": networks.Ensemble(networks.MLP((3, 2)), 2),
    "outputs must be 1, got 4": networks.Conv((3, 1, 1), (2,), pool=1, outputs=4),
    "outputs must be 1, got 5": networks.Circle(3, 5, neurons=9, synapses=4),
    "one that reads single rows, not sequences": networks.Recurrent((3, 2, 1)),
}


@pytest.mark.parametrize("message", MISFITS)
def test_a_network_of_other_sizes_is_refused_wherever_it_meets_the_task(message):
    network = MISFITS[message]
    genome = jax.eval_shape(network.init, key())
    calls = (evolve, sweep, lambda network: testing.check_task(PARITY, network))
    for call in calls:
        refused(lambda call=call: call(network), message)
    for name in ("validate", "report", "accuracy"):
        refused(lambda name=name: getattr(PARITY, name)(network, genome), message)
    for name in ("evaluate", "cases"):
        refused(lambda name=name: getattr(PARITY, name)(key(), network, genome), message)


def test_the_score_of_a_misfit_is_refused_by_every_task():
    digits, serial = tasks.digits(samples=4), tasks.serial("add", 2, pairs=4)
    series = tasks.windowed_series(np.ones((9, 1)), 2)
    for task, network in (
        (digits, networks.MLP((digits.features, 1))),
        (serial, networks.Recurrent((2, 2, 2))),
        (series, networks.MLP((2, 2))),
    ):
        genome = jax.eval_shape(network.init, key())
        for name in ("accuracy", "report", "validate"):
            refused(lambda task=task, name=name: getattr(task, name)(network, genome), "outputs must be ")  # noqa: B023
    refused(lambda: serial.validate(networks.MLP((2, 1)), None), "network must be one with a memory")


@dataclasses.dataclass(frozen=True)
class Odd(Network):
    """A layer of trits with one fault."""

    fault: str
    features: tuple[int, ...] = (3, 1)

    def init(self, key):
        genome = trits.sample(key, (1, 3))
        return {"genome int32": genome.astype(jnp.int32), "genome float32": genome.astype(jnp.float32)}.get(
            self.fault, genome
        )

    def apply(self, genome, x):
        outputs = trits.dot(x, genome)
        return {
            "float32": outputs.astype(jnp.float32),
            "int8": outputs.astype(jnp.int8),
            "bool": outputs > 0,
            "rank 0": outputs[..., 0],
            "rank 2": outputs[..., None],
            "summed": outputs.sum(axis=0, dtype=jnp.int32),
            "wide": jnp.concatenate([outputs, outputs], axis=-1),
            "a number": 5,
            "a list": [1],
            "nothing": None,
        }.get(self.fault, outputs)


ODD = {
    "genome int32": r"genome must be int8 arrays throughout: got genome='int32\[1, 3\]'",
    "genome float32": r"genome must be int8 arrays throughout: got genome='float32\[1, 3\]'",
    "float32": "the outputs of Odd.apply must be int32, not float32",
    "int8": "the outputs of Odd.apply must be int32, not int8",
    "bool": "the outputs of Odd.apply must be int32, not bool",
    "rank 0": r"Odd.apply must map \[\.\.\., F\] to \[\.\.\., O\]",
    "rank 2": r"Odd.apply must map \[\.\.\., F\] to \[\.\.\., O\]",
    "summed": r"Odd.apply must map \[\.\.\., F\] to \[\.\.\., O\]",
    "wide": "Odd.apply must give 1 outputs, the last of features, not 2",
    "a number": "outputs must be an array, of Odd.apply: got outputs='int'",
    "a list": "outputs must be an array, of Odd.apply: got outputs='list'",
    "nothing": "outputs must be an array, of Odd.apply: got outputs='NoneType'",
}


@pytest.mark.parametrize("fault", ODD)
def test_a_network_that_gives_something_else_is_refused_before_anything_is_compiled(fault):
    refused(lambda: evolve(Odd(fault)), ODD[fault])
    refused(lambda: sweep(Odd(fault)), ODD[fault])
    refused(lambda: testing.check_task(PARITY, Odd(fault)), ODD[fault])


@pytest.mark.parametrize("features", [None, 3, (), (3.5, 1), ("3", "1")])
def test_sizes_that_are_none_are_refused(features):
    refused(lambda: evolve(Odd("none", features)), "^(network|features) must ")


FITNESS = {
    "float32 []": lambda value: value.astype(jnp.float32),
    "bool []": lambda value: value > 0,
    "int8 []": lambda value: value.astype(jnp.int8),
    "int16 []": lambda value: value.astype(jnp.int16),
    "uint32 []": lambda value: value.astype(jnp.uint32),
    "int32 [1]": lambda value: value[None],
    "int32 [2, 2]": lambda value: jnp.broadcast_to(value, (2, 2)),
    "float": lambda value: float("nan"),
    "bool": lambda value: True,
    "tuple": lambda value: (value, value),
    "NoneType": lambda value: None,
    "int": lambda value: 2**40,
}


class Scored(Task):
    """Parity, what one of its methods gives changed."""

    features, outputs = 3, 1
    changed: dict

    def __init__(self, **changed):
        self.changed = changed

    def evaluate(self, key, network, genome):
        return self.changed.get("evaluate", lambda value: value)(PARITY.evaluate(key, network, genome))

    def validate(self, network, genome):
        return self.changed.get("validate", lambda value: value)(PARITY.validate(network, genome))

    def cases(self, key, network, genome):
        return self.changed.get("cases", lambda value: value)(PARITY.cases(key, network, genome))


jax.tree_util.register_pytree_node(
    Scored, lambda task: ((), tuple(task.changed.items())), lambda static, _: Scored(**dict(static))
)


@pytest.mark.parametrize("given", first_quick(FITNESS, 6))
def test_a_fitness_that_is_not_int32_is_refused(given):
    fitness = given.replace("[", r"\[").replace("]", r"\]")
    for part in ("evaluate", "validate"):
        task, message = Scored(**{part: FITNESS[given]}), rf"^task\.{part} must give int32 \[\], got {fitness}$"
        refused(lambda task=task: evolve(task=task), message)
        refused(lambda task=task: sweep(task=task), message)
        genome = FITTING.init(key())
        arguments = (FITTING, genome) if part == "validate" else (key(), FITTING, genome)
        refused(lambda task=task, part=part: getattr(task, part)(*arguments), message)  # noqa: B023
        refused(lambda task=task: testing.check_task(task, FITTING), "must be |must give |fails with ")


LEXICASE = strategies.Genetic(population=4, elites=1, selection="lexicase")
STRATEGIES = {
    "categorical": strategies.Categorical(population=4),
    "low_rank": strategies.LowRank(population=4),
    "islands": tejax.Islands(STRATEGY, count=2),
    "portfolio": tejax.Portfolio((STRATEGY, strategies.Categorical(population=4))),
    "map_elites": strategies.MapElites(population=4, cells=2),
    "hill_climb": strategies.HillClimb(population=4, climbers=2),
    "colony": strategies.Colony(population=6, ants=2, trees=1),
}


@pytest.mark.parametrize("name", first_quick(STRATEGIES, 2))
def test_every_strategy_refuses_it(name):
    for given in ("float32 []", "bool []"):
        refused(lambda given=given: evolve(task=Scored(evaluate=FITNESS[given]), strategy=STRATEGIES[name]), "int32")


@pytest.mark.parametrize(
    "strategy", first_quick([LEXICASE, tejax.Portfolio((STRATEGY, LEXICASE))]), ids=["genetic", "portfolio"]
)
def test_cases_that_are_not_a_row_of_int32_are_refused(strategy):
    for change in (lambda row: row.astype(jnp.float32), lambda row: row > 0, lambda row: row[None], lambda row: row[0]):
        refused(
            lambda change=change: evolve(task=Scored(cases=change), strategy=strategy), r"cases must give int32 \[C\]"
        )


def test_what_is_int32_exactly_is_a_fitness():
    for number in (lambda value: 5, lambda value: jnp.asarray(5), lambda value: np.int32(5), lambda value: value * 2):
        task = Scored(evaluate=number, validate=number)
        assert evolve(task=task, strategy=strategies.Categorical(population=4)).fitness >= 0
    testing.check_task(task, FITTING)


def test_a_measure_gives_numbers_by_name():
    for found in (5, None, {"a": "x"}, {"a": [1]}, {1: 2.0}, {"a": np.ones(2)}):
        refused(lambda found=found: sweep(measure=lambda genome: found), "measure must be a function that gives")
    row = sweep(measure=lambda genome: {"a": jnp.float32(2), "b": None, "c": np.int64(3)}).rows[0]
    assert (row["a"], row["b"], row["c"]) == (2.0, None, 3)


def test_what_is_no_network_task_or_strategy_is_refused():
    for network in (networks.MLP, None, "mlp", lambda genome, x: x, FITTING.apply):
        refused(lambda network=network: evolve(network), "network must be an instance of a subclass of")
        refused(lambda network=network: sweep(network), "network must be an instance of a subclass of")
    for task in (tasks.parity, tasks.TruthTable, None, "parity", object()):
        refused(lambda task=task: evolve(task=task), "task must be an instance of a subclass of")
        refused(lambda task=task: sweep(task=task), "task must be an instance of a subclass of")
    for strategy in (strategies.Genetic, None, "genetic", 8):
        refused(lambda strategy=strategy: evolve(strategy=strategy), r"strategy must be an instance of a subclass of")
        refused(lambda strategy=strategy: sweep(strategy=strategy), r"strategy must be an instance of a subclass of")
    refused(lambda: evolve(networks.MLP), "got network='the class MLP, not made'")


def test_what_no_compiled_program_can_take_is_refused():
    class Unregistered(Task):
        features, outputs = 3, 1

    class Unhashable(networks.MLP):
        __hash__ = None

    refused(lambda: evolve(task=Unregistered()), "task must be a pytree of arrays")
    refused(lambda: evolve(Unhashable((3, 1))), "network must be hashable")


def test_other_arguments_of_a_run():
    for options in ({"callback": 5}, {"run": "folder"}, {"mesh": 2}, {"mesh": "x"}):
        refused(lambda options=options: evolve(**options), f"^{next(iter(options))} must be ")
    for seeds in (None, 1.5, "ab", [None], [-1], [2**32], True, []):
        refused(lambda seeds=seeds: sweep(seeds=seeds), "^seeds must be ")
    for rates in (None, 5, [1], {"mutation_rate": 0.1}, {"mutation_rate": "ab"}):
        refused(lambda rates=rates: sweep(rates=rates), "^(rates|mutation_rate) must be ")


def test_a_start_of_other_genomes_is_refused():
    state = evolve().state
    for change, message in (
        (lambda leaf: leaf.astype(jnp.int32), "start must be a state of these shapes"),
        (lambda leaf: leaf.astype(jnp.float32), "start must be a state of these shapes"),
        (lambda leaf: leaf[:2], "start must be a state of these shapes"),
        (lambda leaf: jnp.full_like(leaf, 5), "^start must be trits: -1, 0 or .1: got start='values from "),
    ):
        start = state._replace(population=jax.tree.map(change, state.population))
        refused(lambda start=start: evolve(start=start), message)
    refused(lambda: evolve(start=FITTING.init(key())), "start must be a state of these shapes")
    refused(lambda: evolve(start=5), "start must be a state of these shapes")


CODED = networks.FixedTissue(4, 3, capacity=8, neighbors=4, ticks=2, coded=True)
TRITS_ONLY = {
    "genetic": strategies.Genetic(population=4, elites=1),
    "packed": strategies.Genetic(population=4, elites=1, packed=True, mutation=flip_codes()),
    "a function": strategies.Genetic(population=4, elites=1, mutation=mutation.step),
    "a partial function": strategies.HillClimb(population=4, climbers=1, mutation=partial(mutation.single)),
    "map_elites": strategies.MapElites(population=4, cells=2),
    "categorical": strategies.Categorical(population=4),
    "low_rank": strategies.LowRank(population=4),
    "islands": tejax.Islands(strategies.Genetic(population=4, elites=1), 2),
    "an arm": tejax.Portfolio(
        [strategies.Genetic(population=4, elites=1, mutation=flip_codes()), strategies.Categorical(population=4)]
    ),
}


@pytest.mark.parametrize("name", TRITS_ONLY)
def test_what_makes_only_trits_does_not_breed_other_numbers(name):
    for run in (evolve, sweep):
        refused(lambda run=run: run(CODED, tasks.addition(2), TRITS_ONLY[name]), "^strategy must be one whose mutation")


def test_a_mutation_of_its_own_keeps_other_numbers_in_their_ranges():
    strategy = strategies.Genetic(population=8, elites=1, mutation=flip_codes(), mutation_rate=0.5)
    best = evolve(CODED, tasks.addition(2), strategy, generations=4).best
    (least, greatest), *_ = CODED.ranges
    assert all(least <= int(leaf.min()) <= int(leaf.max()) <= greatest for leaf in jax.tree.leaves(best))
