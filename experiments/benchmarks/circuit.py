"""How long a rating of an autonomous network takes at the size that Qubic runs, beside the plain loop in C.

    python -m experiments.benchmarks.circuit
    taskset -c 0 python -m experiments.benchmarks.circuit --cores 1

2,048 random neurons, frames of 672 of 8,760 random targets, as production has them; a random network's frame does not
move, so that a rating is one run of some 900 to 1,100 ticks. Each network is timed in both ways in turn. The plain loop
is the specification's, every neuron and three sources each, compiled with all optimizations for this machine, on one
thread. The reference's published times are for another machine: 4.30 ms by its scalar loop, 7.51 by its AVX2 path.
On a GPU `python -m experiments.benchmarks.accelerator --only circuit` measures whole populations.
"""

import ctypes
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import record
from experiments.record import Row
from experiments.study import Study
from tejax import networks, tasks
from tejax.networks.lookup import Circuit, to_digits

NEURONS, WINDOW, CAP, TARGETS, TICKS = 2048, 672, 168, 8760, 100_000
PUBLISHED = {"scalar": 4.30, "AVX2": 7.51}  # milliseconds
PLAIN = """
#include <stdint.h>
#include <string.h>

enum { P = 2048, W = 672 };

int plain(const uint8_t *start, const uint16_t *wiring, const uint8_t *lut, const uint8_t *targets, int *ticks)
{
    static uint8_t states[2][P];
    int turn = 0, said = 0, wrong = 0;
    memcpy(states[0], start, P);
    for (*ticks = 0; said < W; ) {
        const uint8_t *now = states[turn];
        uint8_t *next = states[turn ^= 1];
        ++*ticks;
        for (int n = 0; n < P; n++)
            next[n] = lut[27 * n + now[wiring[3 * n]] + 3 * now[wiring[3 * n + 1]] + 9 * now[wiring[3 * n + 2]]];
        if (next[0] != 2)
            wrong += next[1] != targets[said++];
    }
    return wrong;
}
"""


@cache
def plain_loop() -> Callable[..., int]:
    """The loop, compiled."""
    folder = Path(tempfile.mkdtemp())
    source, made = folder / "plain.c", folder / "plain.so"
    source.write_text(PLAIN)
    subprocess.run(["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-o", str(made), str(source)], check=True)
    function = ctypes.CDLL(str(made)).plain
    arrays = (np.ctypeslib.ndpointer(kind) for kind in (np.uint8, np.uint16, np.uint8, np.uint8))
    function.argtypes = [*arrays, ctypes.POINTER(ctypes.c_int)]
    return function


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Milliseconds, and what came out."""
    start = time.perf_counter()
    result = work()
    return 1e3 * (time.perf_counter() - start), result


def digits() -> np.ndarray:
    """The targets, 0 and 1; their trits are -1 and +1."""
    return np.random.default_rng(0).integers(0, 2, TARGETS)


def rater(network: networks.Autonomous) -> Callable[[Circuit], Any]:
    """What rates a population."""
    task = tasks.emission(2 * digits() - 1, WINDOW, CAP, TICKS)
    return jax.jit(jax.vmap(lambda genome: task.rate(network, genome, jnp.int32(0))))


def production(population: int) -> Callable[[], Any]:
    """What rates a whole population of random networks, the same ones each time."""
    network = networks.Autonomous(NEURONS, control=0, output=1)
    rate, genomes = rater(network), _genomes(network, 1, population)
    return lambda: rate(genomes)


def measure(settings: Row, population: int, cores: int) -> Row:
    """The medians of pairs: a population rated by tejax, and as many by the plain loop."""
    network, targets = networks.Autonomous(NEURONS, control=0, output=1), digits()
    rate = rater(network)
    jax.block_until_ready(rate(_genomes(network, 0, population)))
    plain_loop()
    pairs, agree = [], True
    for repeat in range(settings["repeats"]):
        genomes = _genomes(network, 1 + repeat, population)
        ours, rating = timed(lambda genomes=genomes: jax.block_until_ready(rate(genomes)))
        loops = [_in_digits(jax.tree.map(lambda leaf, n=n: leaf[n], genomes)) for n in range(population)]
        ticks = [ctypes.c_int() for _ in loops]
        theirs, wrong = timed(
            lambda loops=loops, ticks=ticks: [
                plain_loop()(*loop, targets.astype(np.uint8), ctypes.byref(count))
                for loop, count in zip(loops, ticks, strict=True)
            ]
        )
        found = rating.error.tolist(), rating.ticks.tolist()
        agree &= found == (wrong, [count.value for count in ticks])
        pairs.append((ours / population, theirs / population))
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "milliseconds a network": round(ours, 4),
        "plain loop, milliseconds": round(theirs, 3),
        "times faster": round(statistics.median(b / a for a, b in pairs), 2),
        "times faster than published": {name: round(value / ours, 2) for name, value in PUBLISHED.items()},
        "equal": agree,
    }


def _genomes(network: networks.Autonomous, seed: int, population: int) -> Circuit:
    """Random genomes."""
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(seed), population))
    return jax.block_until_ready(genomes)


def _in_digits(genome: Circuit) -> tuple[np.ndarray, ...]:
    start, lines = (to_digits(np.asarray(trits)).astype(np.uint8) for trits in (genome.start, genome.lines))
    return start, np.asarray(genome.wiring).astype(np.uint16), lines


STUDY = Study(
    "circuit",
    measure,
    {"repeats": 21},
    {"population": [1, 64], "cores": [record.machine()["cores"]]},
    quick={"repeats": 3},
)

if __name__ == "__main__":
    STUDY.main()
