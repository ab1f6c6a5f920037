"""The native engine on registers of 128, 256 and 512 bits: whole generations against evosax, each width in its process.

    python -m experiments.benchmarks.native_widths
    python -m experiments.benchmarks.native_widths --architecture x86-64-v3 --shape 64-64-10

A width is built with TEJAX_NATIVE_ARCH, and XLA is held to the same instructions, for both sides. Sizes, data and
sides are those of `experiments.benchmarks.generation`; the sides take turns, figures are medians over the pairs. Beside
the seconds on the clock stand those of the processor, all threads together, which other work on the machine disturbs
less.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import tejax
from experiments.benchmarks import generation
from experiments.record import Row
from experiments.study import Study, apart
from tejax.engines import native
from tejax.evolution import auto_batch, evaluate

# architecture -> the instructions that XLA may use, beside its default
XLA = {"x86-64": "SSE4_2", "x86-64-v3": "AVX2", "native": ""}
RIVAL = "SimpleGA"
FEWEST = 3  # generations a call: the first one meets memory that nobody has touched


def measure(settings: Row, architecture: str, shape: str, population: int) -> Row:
    """One row of the table."""
    limit = f" --xla_cpu_max_isa={XLA[architecture]}" if XLA[architecture] else ""
    flags = os.environ.get("XLA_FLAGS", "") + limit
    found: Row = apart(measure_here, settings, shape, population, TEJAX_NATIVE_ARCH=architecture, XLA_FLAGS=flags)
    return found


def measure_here(settings: Row, shape: str, population: int) -> Row:
    """The row of the width that this process has."""
    features = generation.sizes(shape)
    task = tejax.tasks.classification(*generation.data(features[0], features[-1]), trits=1)
    sides = {
        "tejax": generation.tejax_side(features, population, task),
        RIVAL: generation.evosax_side(
            RIVAL, features, population, jnp.asarray(task.x_train, jnp.float32), task.y_train
        ),
    }

    def took(name: str, count: int) -> tuple[float, float]:
        return spent(lambda: sides[name].loop(sides[name].state, count), count)

    first = {name: min(took(name, 1), took(name, 1))[0] for name in sides}
    counts = {name: max(FEWEST, min(100, int(settings["seconds"] / value))) for name, value in first.items()}
    turns = [{name: took(name, counts[name]) for name in sides} for _ in range(settings["pairs"])]
    work = generation.products(shape) * population * task.rows
    alone = [spent(evaluation(features, population, task))[1] for _ in range(settings["pairs"])]
    return {
        "engine": native.status(),
        "vector bits": native.vector_bits(),
        "samples": task.rows,
        **{
            words: {name: round(1e3 * statistics.median(turn[name][clock] for turn in turns), 2) for name in sides}
            for clock, words in enumerate(("milliseconds a generation", "of processors"))
        },
        "times faster": _ratio(turns, 0),
        "times less work": _ratio(turns, 1),
        "evaluation, GMAC/s a core": round(work / statistics.median(alone) / 1e9, 1),
    }


def _ratio(turns: list[Any], clock: int) -> float:
    return round(statistics.median(turn[RIVAL][clock] / turn["tejax"][clock] for turn in turns), 2)


def evaluation(features: tuple[int, ...], population: int, task: Any) -> Callable[[], Any]:
    """The fitness of a first population alone."""
    network = tejax.networks.MLP(features)
    strategy = tejax.strategies.Genetic(population)
    batch, key = auto_batch(network, task, population), jax.random.key(0)
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(key, population))
    compiled = jax.jit(lambda genomes: evaluate(strategy, network, task, key, genomes, batch))
    jax.block_until_ready(compiled(genomes))
    return lambda: compiled(genomes)


def spent(work: Callable[[], Any], count: int = 1) -> tuple[float, float]:
    """Seconds on the clock and of all processors, of one of the `count` things that `work` does."""
    start, busy = time.perf_counter(), time.process_time()
    jax.block_until_ready(work())
    return (time.perf_counter() - start) / count, (time.process_time() - busy) / count


STUDY = Study(
    "native_widths",
    measure,
    {"pairs": 5, "seconds": 0.5},
    {"architecture": list(XLA), "shape": ["32-32-8", "64-64-10", "784-256-10"], "population": [512]},
    quick={"pairs": 1, "seconds": 0.1, "architecture": ["native"], "shape": ["16-16-4"], "population": [64]},
)

if __name__ == "__main__":
    STUDY.main()
