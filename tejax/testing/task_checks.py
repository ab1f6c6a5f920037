"""The contract of tasks, checked."""

import math
from functools import partial

import jax
import numpy as np

from tejax.contracts import unchecked
from tejax.core import pytrees, random
from tejax.core.settings import exact
from tejax.evolution import check_fit
from tejax.testing.holding import COUNT, agree, attempt, fresh, hashable, hold, hold_equal, hold_int32, name_of
from tejax.types import Array, Genome, Key, Network, Task

__all__ = ["check_task"]


@exact()
def check_task(task: Task, network: Network) -> None:
    """A task: a pytree whose `evaluate` and `validate` (and `cases`, if it has them) give int32 for one individual.

    Its `report` holds finite numbers, and `words` has a text for a person.

    Args:
        task: the one to check.
        network: one that fits it.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    hold(isinstance(task, Task), f"{name_of(task)} must be a subclass of tejax.types.Task")
    leaves, structure = jax.tree.flatten(task)
    hold(all(isinstance(leaf, np.ndarray | jax.Array) for leaf in leaves), _NO_ARRAYS)
    hold(hashable(structure), "the static part of a task must be hashable")
    attempt("the network", check_fit, network, task)
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(random.key(0), COUNT))
    keys = jax.random.split(random.key(1), COUNT)

    evaluate, validate, answer_cases = (unchecked(each) for each in (task.evaluate, task.validate, task.cases))
    fitness = agree(lambda key, genome: evaluate(key, network, genome), (keys, genomes), "evaluate")
    hold_int32(fitness, "the fitness of evaluate")
    hold(fitness.shape == (COUNT,), f"evaluate must give one number an individual, not shape {fitness.shape[1:]}")
    first = pytrees.take(genomes, 0)
    carried = attempt("evaluate", jax.jit(partial(_evaluate, network)), task, fresh(keys)[0], first)
    hold_equal(carried, fitness[0], "evaluate must be the same when the task comes in as an argument of jit")

    whole = agree(partial(validate, network), (genomes,), "validate")
    hold_int32(whole, "the fitness of validate")
    hold(whole.shape == (COUNT,), f"validate must give one number an individual, not shape {whole.shape[1:]}")

    if type(task).cases is not Task.cases:
        cases = agree(lambda key, genome: answer_cases(key, network, genome), (keys, genomes), "cases")
        hold_int32(cases, "the fitness of cases")
        hold(cases.ndim == 2, f"cases must give one row of numbers an individual, not shape {cases.shape[1:]}")

    report = attempt("report", task.report, network, first)
    finite = all(isinstance(value, float | int) and math.isfinite(value) for value in report.values())
    hold(finite, f"report must hold finite numbers: got {report}")
    words = attempt("words", task.words, report)
    hold(all(isinstance(text, str) for text in (*words.values(), task.workload())), "words and workload must be texts")
    hold(task.scale > 0, f"scale must be above 0, not {task.scale}")


_NO_ARRAYS = "the leaves of a task must be arrays: make sizes static"


def _evaluate(network: Network, task: Task, key: Key, genome: Genome) -> Array:
    return task.evaluate(key, network, genome)
