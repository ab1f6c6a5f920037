"""Children of one parent evaluated from its sums, against plain evaluation of the same children, pair by pair.

    python -m experiments.bench.near
    python -m experiments.bench.near --shapes 64-64-10 --changes 1 --pairs 9

Both sides are given what they need, Changes or written genomes, and answer the same fitness (checked here too), with
the full training batch and the engine that `auto` takes. The parent's own sums are computed anew in every call.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np

import tejax
from experiments import record
from experiments.bench.generation import data
from tejax import changes, engines
from tejax.evolution import auto_batch, evaluate, evaluate_near
from tejax.operators import mutation

CHILDREN_AT_ONCE = 64  # whose outputs stay in a processor's cache


def seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    jax.block_until_ready(function(*arguments))
    return time.perf_counter() - start


def compare(shape: tuple[int, ...], children: int, count: int, samples: int, pairs: int) -> dict[str, Any]:
    """One row of the table."""
    task = tejax.tasks.classification(*data(shape[0], shape[-1], samples), trits=1)
    network = tejax.networks.MLP(shape)
    strategy = tejax.strategies.genetic(population=children)  # evaluate asks it how to decode; genomes as they are
    parent = network.init(jax.random.key(0))
    drawn = jax.jit(jax.vmap(lambda key: mutation.few(key, parent, count=count)))(
        jax.random.split(jax.random.key(1), children)
    )
    written = jax.jit(jax.vmap(changes.write, in_axes=(None, 0)))(parent, drawn)
    batch = auto_batch(network, task, children)
    key = jax.random.key(2)
    plain = partial(jax.jit(partial(evaluate, strategy, network, batch=batch)), task, key, written)
    near = partial(jax.jit(partial(evaluate_near, network, batch=CHILDREN_AT_ONCE)), task, key, parent, drawn)
    assert np.array_equal(plain(), near())
    times = [(seconds(plain), seconds(near)) for _ in range(pairs)]
    return {
        "shape": "-".join(map(str, shape)),
        "children": children,
        "changes": count,
        "samples": task.rows,
        "engine": engines.choose(max(shape[:-1])),
        "milliseconds, plain": round(1e3 * statistics.median(one for one, _ in times), 2),
        "milliseconds, near": round(1e3 * statistics.median(two for _, two in times), 2),
        "times faster": round(statistics.median(one / two for one, two in times), 2),
    }


def main() -> None:
    """Print a line a row and write experiments/results/near.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=["64-64-10", "784-256-10"])
    parser.add_argument("--children", type=int, default=512)
    parser.add_argument("--changes", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--samples", type=int, default=1796, help="four fifths of them are the batch")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--name", default="near", help="of the file in experiments/results")
    chosen = parser.parse_args()
    rows = []
    for text in chosen.shapes:
        for count in chosen.changes:
            shape = tuple(map(int, text.split("-")))
            rows.append(compare(shape, chosen.children, count, chosen.samples, chosen.pairs))
            print(rows[-1], flush=True)
    print(record.write(chosen.name, rows))


if __name__ == "__main__":
    main()
