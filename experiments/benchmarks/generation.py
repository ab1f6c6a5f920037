"""A generation of tejax against the same generation of evosax, in one process, pair by pair.

    python -m experiments.benchmarks.generation
    python -m experiments.benchmarks.generation --shape 64-64-10 --population 512 --pairs 9

Same shape, data, batch and population: a ternary MLP under the genetic strategy beside a float32 ReLU MLP under
evosax `SimpleGA` and `Open_ES`. Each side runs its generations inside one compiled loop; the sides take turns, and
every figure is a median over the pairs. The device's own ceiling (a matrix product, a copy) stands beside them.
"""

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import tejax
from experiments import floats
from experiments.record import Row
from experiments.study import Study
from tejax.evolution import auto_batch, first_state, generation

CEILING = "ceiling"
SHAPES = [CEILING, "16-16-4", "32-32-8", "64-64-10", "64-128-10", "784-256-10", "784-1024-1024-10"]
OTHERS = ("SimpleGA", "Open_ES")
SAMPLES = 1796  # four fifths of them are the batch
MOST = 2e12  # products a generation beyond which a row is left out
PATIENCE = 7e11  # the same beyond which evosax is left out of a row: a quarter of a minute in float
ROOM = 6 * 2**30  # bytes that a side may plan to use; evosax evaluates a whole population at once
SLOW = 3.0  # seconds of a generation from which one pair must do


class Side(NamedTuple):
    """One side of a comparison."""

    loop: Callable[[Any, int], Any]  # (state, generations) -> state
    state: Any  # before the first generation
    compiling: float  # seconds
    peak: int  # bytes of arguments, results and temporaries, as the compiler planned them


def data(features: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """The digits where they fit the shape, else random numbers of the same size."""
    if (features, outputs) == (64, 10):
        from sklearn.datasets import load_digits

        return load_digits(return_X_y=True)
    random = np.random.default_rng(0)
    return random.random((SAMPLES, features), np.float32), np.arange(SAMPLES) % outputs


def side(step: Callable[..., Any], state: Any, *arguments: Any) -> Side:
    """A compiled loop of `step(number, state, *arguments)`."""

    @jax.jit
    def loop(state: Any, count: jax.Array, *arguments: Any) -> Any:
        return lax.fori_loop(0, count, lambda number, state: step(number, state, *arguments), state)

    start = time.perf_counter()
    compiled = loop.lower(state, jnp.int32(1), *arguments).compile()
    seconds = time.perf_counter() - start
    plan = compiled.memory_analysis()
    peak = plan.argument_size_in_bytes + plan.output_size_in_bytes + plan.temp_size_in_bytes - plan.alias_size_in_bytes
    return Side(lambda state, count: compiled(state, jnp.int32(count), *arguments), state, seconds, peak)


def tejax_side(shape: tuple[int, ...], population: int, task: Any) -> Side:
    """The genetic strategy with a tournament of 8 and uniform crossover: a random number for every trit."""
    network = tejax.networks.MLP(shape)
    strategy = tejax.strategies.Genetic(population, tournament=8, crossover="uniform", mutation_rate=0.001)
    batch, key = auto_batch(network, task, population), jax.random.key(0)

    def step(number: jax.Array, state: Any, task: Any) -> Any:
        return generation(strategy, network, task, jax.random.fold_in(key, number), state, batch)[0]

    state = jax.jit(lambda key: first_state(strategy, network, task, key, strategy.rates))(key)
    return side(step, state, task)


def evosax_side(name: str, shape: tuple[int, ...], population: int, x: jax.Array, y: jax.Array) -> Side:
    """An evosax algorithm with its defaults on a float32 MLP; fitness is the mean cross-entropy."""
    key, *keys = jax.random.split(jax.random.key(0), len(shape))
    like = floats.weights(keys, shape, variance=2.0)
    algorithm = floats.algorithm(name, population, like)

    def step(number: jax.Array, state: Any, x: jax.Array, y: jax.Array) -> Any:
        return floats.generation(algorithm, jax.random.fold_in(key, number), state, x, y)

    return side(step, floats.first_state(algorithm, name, population, like, key, key), x, y)


def seconds(work: Callable[[], Any], count: int = 1) -> float:
    """Seconds of one of the `count` things that `work` does."""
    start = time.perf_counter()
    jax.block_until_ready(work())
    return (time.perf_counter() - start) / count


def ceiling() -> Row:
    """What the device reaches by itself: float32 products in GMAC/s, and a copy in GB/s (read plus written)."""
    size = 2048
    matrix, block = jnp.ones((size, size), jnp.float32), jnp.ones(2**27, jnp.int8)
    product, copy = jax.jit(jnp.matmul), jax.jit(lambda x: x + jnp.int8(1))
    jax.block_until_ready((product(matrix, matrix), copy(block)))
    best = [min(seconds(work) for _ in range(5)) for work in (lambda: product(matrix, matrix), lambda: copy(block))]
    return {"float32 GMAC/s": round(size**3 / best[0] / 1e9, 1), "copy GB/s": round(2 * block.size / best[1] / 1e9, 1)}


def sizes(shape: str) -> tuple[int, ...]:
    """64-32-10 as numbers."""
    return tuple(map(int, shape.split("-")))


def products(shape: str) -> int:
    """The multiplications of one network and one sample."""
    return sum(i * o for i, o in itertools.pairwise(sizes(shape)))


def measure(settings: Row, shape: str, population: int) -> Row:
    """One row of the table."""
    if shape == CEILING:
        return ceiling()
    features = sizes(shape)
    task = tejax.tasks.classification(*data(features[0], features[-1]), trits=1)  # one input a feature, as floats have
    inputs = jnp.asarray(task.x_train, jnp.float32)
    work = products(shape) * population * task.rows
    sides = {"tejax": tejax_side(features, population, task)}
    if work <= PATIENCE:
        sides |= {name: evosax_side(name, features, population, inputs, task.y_train) for name in OTHERS}
    peaks = {name: each.peak for name, each in sides.items()}
    sides = {name: each for name, each in sides.items() if name == "tejax" or each.peak <= ROOM}

    def took(name: str, count: int) -> float:
        return seconds(lambda: sides[name].loop(sides[name].state, count), count)

    first = {name: took(name, 1) for name in sides}
    pairs = 1 if max(first.values()) > SLOW else settings["pairs"]
    counts = {name: max(1, min(200, int(0.5 / value))) for name, value in first.items()}
    turns = [{name: took(name, counts[name]) for name in sides} for _ in range(pairs)]
    medians = {name: statistics.median(turn[name] for turn in turns) for name in sides}
    ratios = {name: statistics.median(turn[name] / turn["tejax"] for turn in turns) for name in sides}
    return {
        "samples": task.rows,
        "pairs": pairs,
        "milliseconds a generation": {name: round(1e3 * value, 2) for name, value in medians.items()},
        "times faster than": {name: round(value, 2) for name, value in ratios.items() if name != "tejax"},
        "GMAC/s": round(work / medians["tejax"] / 1e9, 1),
        "compiling, seconds": {name: round(each.compiling, 2) for name, each in sides.items()},
        "peak MiB": {name: round(peak / 2**20, 1) for name, peak in peaks.items()},
    }


def _left_out(shape: str, population: int) -> bool:
    if shape == CEILING:
        return population != STUDY.axes["population"][0]
    return products(shape) * population * SAMPLES > MOST


STUDY = Study(
    "generation",
    measure,
    {"pairs": 3},
    {"shape": SHAPES, "population": [256, 512, 4096, 65536]},
    left_out=_left_out,
    quick={"pairs": 1, "shape": ["16-16-4"], "population": [256]},
)

if __name__ == "__main__":
    STUDY.main()
