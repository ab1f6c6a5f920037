"""Values given to the library: inputs that are no trits, fitness that is no int32, keys, sizes, and misfits."""

import dataclasses
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments.robustness.trials import Trial, library
from tejax import networks, strategies, tasks
from tejax.registry import STRATEGIES
from tejax.types import Task

__all__ = ["fitness", "inputs", "keys", "misfits", "sizes"]

TINY = {"population": 8}
SMALL = networks.MLP((3, 4, 1))


def _evolve(task: Any, network: Any = SMALL, strategy: Any = None, key: Any = None, **options: Any) -> Any:
    strategy = strategies.Genetic(population=8, elites=1) if strategy is None else strategy
    key = jax.random.key(0) if key is None else key
    return tejax.evolve(key, strategy, network, task, **{"generations": 1, "chunk": 1, **options})


def _some(dice: random.Random, count: int, calls: list[tuple[str, Callable[[], Any]]]) -> Iterator[Trial]:
    """As many of these calls as asked for; none of them may have an answer."""
    for given, call in dice.sample(calls, min(count, len(calls))):
        yield Trial(given, library(call, lambda answer: False))


KINDS: dict[str, tuple[Any, int]] = {
    "mlp": (networks.MLP((4, 5, 2)), 1),
    "mlp, int8": (networks.MLP((4, 5, 2), engine="int8"), 1),
    "mlp, packed": (networks.MLP((4, 5, 2), engine="packed"), 1),
    "mlp, levels": (networks.MLP((4, 5, 2), levels=2), 1),
    "conv": (networks.Conv((1, 2, 2), (2,), pool=1, outputs=2), 1),
    "recurrent": (networks.Recurrent((4, 3, 2)), 2),
    "cellular": (networks.Cellular(1, 4, 4, neurons=2, ticks=2), 1),
    "tissue": (networks.Tissue(4, 2, capacity=12, neighbors=6, ticks=7), 1),
}
DTYPES = ["int16", "int32", "uint8", "uint32", "bool", "float16", "float32", "float64", "int64", "complex64", "<U1"]


def inputs(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Inputs of every other type, of another width, and values that are known to be no trits; on every network."""
    calls: list[tuple[str, Callable[[], Any]]] = []
    for name, (network, axes) in KINDS.items():
        genome = network.init(jax.random.key(0))
        fine = np.ones((3,) * axes + (4,), np.int8)
        odd: dict[str, Any] = {dtype: fine.astype(dtype) for dtype in DTYPES}
        odd |= {
            "another width": fine[..., :3],
            "no axis": np.int8(1),
            "a list": fine.tolist(),
            "None": None,
            "values of 2": fine * 2,
            "values of -128": fine * -128,
            "an object": np.array([object()] * 4),
            "int32 of JAX": jnp.ones(fine.shape, jnp.int32),
        }
        for what, x in odd.items():
            calls.append((f"{name}: {what}", lambda network=network, genome=genome, x=x: network.apply(genome, x)))
    yield from _some(dice, count, calls)


@dataclasses.dataclass(frozen=True)
class Made(Task):
    """A task whose fitness is whatever `answer` makes."""

    answer: Callable[[], Any]
    features: int = 3
    outputs: int = 1

    def evaluate(self, key: Any, network: Any, genome: Any) -> Any:
        """That."""
        return self.answer()

    def validate(self, network: Any, genome: Any) -> Any:
        """That."""
        return self.answer()


jax.tree_util.register_dataclass(Made, data_fields=[], meta_fields=["answer", "features", "outputs"])


def fitness(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Fitness of other types and shapes, for every strategy."""
    answers: dict[str, Callable[[], Any]] = {
        **{dtype: lambda dtype=dtype: jnp.ones((), dtype) for dtype in ("int8", "int16", "uint32", "float32", "bool")},
        "a vector": lambda: jnp.zeros(1, jnp.int32),
        "a float of Python": lambda: 0.5,
        "NaN": lambda: float("nan"),
        "None": lambda: None,
        "a pair": lambda: (jnp.int32(0), jnp.int32(1)),
        "a text": lambda: "much",
    }
    calls = []
    for name in STRATEGIES:
        options = {**TINY, **({"elites": 1} if name == "genetic" else {})}
        options |= {"arms": ("sharing", "categorical"), "population": 8} if name == "portfolio" else {}
        for what, answer in answers.items():
            strategy = STRATEGIES.choose(name, **options)
            calls.append(
                (
                    f"{name}: {what}",
                    lambda strategy=strategy, answer=answer: _evolve(Made(answer), strategy=STRATEGIES.make(strategy)),
                )
            )
    yield from _some(dice, count, calls)


def keys(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Keys that are none, and keys of other generators: refused, or the bits of the key that they are folded into."""
    task = tasks.parity(3)
    odd: dict[str, Callable[[], Any]] = {
        "a number": lambda: 0,
        "None": lambda: None,
        "a text": lambda: "key",
        "two keys": lambda: jax.random.split(jax.random.key(0)),
        "floats": lambda: np.zeros(2, np.float32),
        "a list": lambda: [0, 1],
        "a seed of NumPy": lambda: np.int64(3),
    }

    def evolve(make: Callable[[], Any]) -> Any:
        strategy = strategies.Genetic(population=8, elites=1)
        return tejax.evolve(make(), strategy, SMALL, task, generations=1, chunk=1)

    yield from _some(dice, count, [(what, lambda make=make: evolve(make)) for what, make in odd.items()])


def sizes(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Sizes and rates that are none: of `evolve`, strategies, networks and tasks."""
    odd = [0.5, -1, "8", None, True, float("nan"), float("inf"), 2**31, 2**63, 2**100, [8], b"8", 1j, np.float64(2.5)]
    makers: dict[str, Callable[[Any], Any]] = {
        "generations": lambda value: _evolve(tasks.parity(3), generations=value),
        "chunk": lambda value: _evolve(tasks.parity(3), chunk=value),
        "population": lambda value: strategies.Genetic(population=value),
        "tournament": lambda value: strategies.Genetic(tournament=value),
        "climbers": lambda value: strategies.HillClimb(climbers=value),
        "hidden": lambda value: networks.MLP((3, value, 1)),
        "constant inputs": lambda value: networks.MLP((3, 1), bias=value),
        "n": lambda value: tasks.parity(value),
        "bits": lambda value: tasks.addition(value),
        "neurons": lambda value: networks.Recurrent((3, value, 1)),
        "mutation rate": lambda value: strategies.Genetic(mutation_rate=value),
        "density": lambda value: networks.MLP((3, 1), density=value),
    }
    real = {"mutation rate", "density"}  # to which some of these are right
    right = {"mutation rate": [0.5, None], "density": [0.5]}
    calls = [
        (f"{name}: {value!r:.20}", lambda make=make, value=value: make(value))
        for name, make in makers.items()
        for value in odd
        if not (name in real and any(value is each or value == each for each in right[name]))
    ]
    yield from _some(dice, count, calls)


def misfits(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Networks of other inputs or outputs than the task's, classes in place of things, and genomes that are none."""
    genome = SMALL.init(jax.random.key(0))
    wrong = jax.tree.map(lambda leaf: leaf.astype(jnp.int32), genome)
    calls: dict[str, Callable[[], Any]] = {
        "three outputs for parity": lambda: _evolve(tasks.parity(3), networks.MLP((3, 4, 3))),
        "one output for digits": lambda: _evolve(tasks.digits(samples=8), networks.MLP((128, 4, 1))),
        "one output for addition": lambda: _evolve(tasks.addition(2), networks.MLP((4, 4, 1))),
        "two inputs for three": lambda: _evolve(tasks.parity(3), networks.MLP((2, 4, 1))),
        "a memory for rows": lambda: _evolve(tasks.parity(3), networks.Recurrent((3, 4, 1))),
        "rows for sequences": lambda: _evolve(tasks.serial(), networks.MLP((2, 4, 1))),
        "a class of networks": lambda: _evolve(tasks.parity(3), networks.MLP),
        "a class of strategies": lambda: _evolve(tasks.parity(3), strategy=strategies.Genetic),
        "no task": lambda: _evolve(None),
        "a class of tasks": lambda: _evolve(Made),
        "a start of int32": lambda: _evolve(tasks.parity(3), start=wrong),
        "a start of another network": lambda: _evolve(
            tasks.parity(3), start=networks.MLP((3, 1)).init(jax.random.key(0))
        ),
        "an evaluation of another genome": lambda: tasks.parity(3).validate(SMALL, wrong),
        "an export of int32": lambda: tejax.export.to_c(SMALL, wrong),
        "accuracy of a misfit": lambda: tasks.parity(3).accuracy(networks.MLP((3, 4, 3)), genome),
    }
    yield from _some(dice, count, list(calls.items()))
