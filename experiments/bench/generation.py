"""A generation of tejax against the same generation of evosax, in one process, pair by pair.

    python -m experiments.bench.generation
    python -m experiments.bench.generation --shapes 64-64-10 --populations 512 --pairs 9

Same shape, data, batch and population: a ternary MLP under the genetic strategy beside a float32 ReLU MLP under
evosax `SimpleGA` and `Open_ES`. Each side runs its generations inside one compiled loop; the sides take turns, and
every figure is a median over the pairs. The device's own ceiling (a matrix product, a copy) stands beside them.
"""

import argparse
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
from experiments import record
from tejax.evolution import auto_batch, generation
from tejax.strategies.genetic import Rates

Loop = Callable[[Any, int], Any]  # (state, generations) -> state
SHAPES = ["16-16-4", "32-32-8", "64-64-10", "64-128-10", "784-256-10", "784-1024-1024-10"]
PATIENCE = 7e11  # products a generation beyond which the rivals of a row are left out: a quarter of a minute in float
ROOM = 6 * 2**30  # bytes that a side may plan to use; evosax evaluates a whole population at once
SLOW = 3.0  # seconds of a generation from which one pair must do


def data(features: int, outputs: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """The digits where they fit the shape, else random numbers of the same size."""
    if (features, outputs) == (64, 10):
        from sklearn.datasets import load_digits

        return load_digits(return_X_y=True)
    random = np.random.default_rng(0)
    return random.random((samples, features), np.float32), np.arange(samples) % outputs


class Side(NamedTuple):
    """One side of a comparison."""

    loop: Loop
    state: Any  # before the first generation
    compiling: float  # seconds
    peak: int  # bytes of arguments, results and temporaries, as the compiler planned them


def _compile(function: Any, *arguments: Any) -> tuple[float, int, Any]:
    """The seconds that compiling takes, the bytes that a call needs, and the compiled function."""
    start = time.perf_counter()
    compiled = function.lower(*arguments).compile()
    seconds = time.perf_counter() - start
    plan = compiled.memory_analysis()
    peak = plan.argument_size_in_bytes + plan.output_size_in_bytes + plan.temp_size_in_bytes - plan.alias_size_in_bytes
    return seconds, peak, compiled


def tejax_loop(shape: tuple[int, ...], population: int, task: Any) -> Side:
    """The genetic strategy with a tournament of 8 and uniform crossover: a random number for every trit."""
    network = tejax.networks.MLP(shape)
    strategy = tejax.strategies.Genetic(population, tournament=8, crossover="uniform", rates=Rates(mutation=0.001))
    batch = auto_batch(network, task, population)
    key = jax.random.key(0)

    @jax.jit
    def loop(state: Any, task: Any, count: jax.Array) -> Any:
        def step(number: jax.Array, state: Any) -> Any:
            return generation(strategy, network, task, jax.random.fold_in(key, number), state, batch)[0]

        return lax.fori_loop(0, count, step, state)

    state = jax.jit(lambda key: strategy.init(key, network.init))(key)
    seconds, peak, compiled = _compile(loop, state, task, jnp.int32(1))
    return Side(lambda state, count: compiled(state, task, jnp.int32(count)), state, seconds, peak)


def evosax_loop(name: str, shape: tuple[int, ...], population: int, x: jax.Array, y: jax.Array) -> Side:
    """An evosax algorithm with its defaults on a float32 MLP; fitness is the mean cross-entropy."""
    import evosax.algorithms

    keys = jax.random.split(jax.random.key(0), len(shape))
    sizes = list(zip(keys[1:], shape[:-1], shape[1:], strict=True))
    solution = [(jax.random.normal(k, (i, o)) * (2 / i) ** 0.5, jnp.zeros(o)) for k, i, o in sizes]
    algorithm = getattr(evosax.algorithms, name)(population, solution)
    params = algorithm.default_params

    def loss(weights: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        for matrix, bias in weights[:-1]:
            x = jax.nn.relu(x @ matrix + bias)
        logits = x @ weights[-1][0] + weights[-1][1]
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
        return -jnp.mean(chosen)

    @jax.jit
    def loop(state: Any, x: jax.Array, y: jax.Array, count: jax.Array) -> Any:
        def step(number: jax.Array, state: Any) -> Any:
            ask, tell = jax.random.split(jax.random.fold_in(keys[0], number))
            candidates, state = algorithm.ask(ask, state, params)
            fitness = jax.vmap(loss, in_axes=(0, None, None))(candidates, x, y)
            return algorithm.tell(tell, candidates, fitness, state, params)[0]

        return lax.fori_loop(0, count, step, state)

    if name == "SimpleGA":
        members = jax.vmap(lambda key: jax.tree.map(lambda leaf: leaf + jax.random.normal(key, leaf.shape), solution))
        start = members(jax.random.split(keys[0], population))
        state = algorithm.init(keys[0], start, jnp.full(population, jnp.inf), params)
    else:
        state = algorithm.init(keys[0], solution, params)
    state = jax.tree.map(jnp.asarray, state)
    seconds, peak, compiled = _compile(loop, state, x, y, jnp.int32(1))
    return Side(lambda state, count: compiled(state, x, y, jnp.int32(count)), state, seconds, peak)


def _products(shape: tuple[int, ...]) -> int:
    return sum(i * o for i, o in itertools.pairwise(shape))


def seconds(loop: Loop, state: Any, count: int) -> float:
    """Seconds of one generation, from a loop of `count`."""
    start = time.perf_counter()
    jax.block_until_ready(loop(state, count))
    return (time.perf_counter() - start) / count


def ceiling() -> dict[str, float]:
    """What the device reaches by itself: float32 products in GMAC/s, and a copy in GB/s (read plus written)."""
    size = 2048
    matrix = jnp.ones((size, size), jnp.float32)
    block = jnp.ones(2**27, jnp.int8)
    product, copy = jax.jit(jnp.matmul), jax.jit(lambda x: x + jnp.int8(1))
    jax.block_until_ready((product(matrix, matrix), copy(block)))

    def best(function: Callable[..., Any], *arguments: Any) -> float:
        return min(seconds(lambda _, __: function(*arguments), None, 1) for _ in range(5))

    return {
        "float32 GMAC/s": round(size**3 / best(product, matrix, matrix) / 1e9, 1),
        "copy GB/s": round(2 * block.size / best(copy, block) / 1e9, 1),
    }


def compare(shape: tuple[int, ...], population: int, samples: int, pairs: int, rivals: list[str]) -> dict[str, Any]:
    """One row of the table."""
    x, y = data(shape[0], shape[-1], samples)
    task = tejax.tasks.classification(x, y, trits=1)  # one input a feature, as the floats have
    floats = jnp.asarray(task.x_train, jnp.float32)
    products = _products(shape) * population * task.rows
    if products > PATIENCE:
        rivals = []
    sides = {"tejax": tejax_loop(shape, population, task)}
    sides |= {name: evosax_loop(name, shape, population, floats, task.y_train) for name in rivals}
    peaks = {name: side.peak for name, side in sides.items()}
    sides = {name: side for name, side in sides.items() if name == "tejax" or side.peak <= ROOM}
    rivals = [name for name in rivals if name in sides]
    first = {name: seconds(side.loop, side.state, 1) for name, side in sides.items()}
    pairs = 1 if max(first.values()) > SLOW else pairs
    counts = {name: max(1, min(200, int(0.5 / value))) for name, value in first.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(pairs):
        for name, side in sides.items():
            times[name].append(seconds(side.loop, side.state, counts[name]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    faster = {
        name: round(statistics.median(r / t for r, t in zip(times[name], times["tejax"], strict=True)), 2)
        for name in rivals
    }
    return {
        "shape": "-".join(map(str, shape)),
        "population": population,
        "samples": task.rows,
        "pairs": pairs,
        "milliseconds a generation": {name: round(1e3 * value, 2) for name, value in medians.items()},
        "times faster than": faster,
        "GMAC/s": round(products / medians["tejax"] / 1e9, 1),
        "compiling, seconds": {name: round(side.compiling, 2) for name, side in sides.items()},
        "peak MiB": {name: round(peak / 2**20, 1) for name, peak in peaks.items()},
    }


def main() -> None:
    """Print a line a row and write experiments/results/generation.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    parser.add_argument("--populations", type=int, nargs="+", default=[256, 512, 4096, 65536])
    parser.add_argument("--most", type=float, default=2e12, help="products a generation beyond which a row is left out")
    parser.add_argument("--samples", type=int, default=1796, help="four fifths of them are the batch")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rivals", nargs="*", default=["SimpleGA", "Open_ES"])
    parser.add_argument("--name", default="generation", help="of the file in experiments/results")
    chosen = parser.parse_args()
    rows = []
    for text in chosen.shapes:
        shape = tuple(map(int, text.split("-")))
        for population in chosen.populations:
            if _products(shape) * population * chosen.samples > chosen.most:
                continue
            rows.append(compare(shape, population, chosen.samples, chosen.pairs, chosen.rivals))
            print(rows[-1], flush=True)
    print(record.write(chosen.name, {"ceiling": ceiling(), "rows": rows}))


if __name__ == "__main__":
    main()
