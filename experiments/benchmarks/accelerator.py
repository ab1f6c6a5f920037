"""Everything about an accelerator that tejax claims, measured by one command: exactness first, then speed.

    python -m experiments.benchmarks.accelerator
    python -m experiments.benchmarks.accelerator --seconds 150 --out accelerator.json
    python -m experiments.benchmarks.accelerator --only generation loss
    python -m experiments.benchmarks.accelerator --quick

Under eight minutes on one GPU, without a network; --quick takes small sizes, and runs on a CPU. Items come in the order
of their importance, every row is printed and written at once, and what the time does not allow is left out with a line.
evosax, in float32 as a user would run it, stands beside tejax in the same process; where it is not installed its rows
are left out.

The programs of an item are compiled together before the first is timed. Figures are medians of three, each over as many
repetitions inside one compiled loop as fill a fifth of a second.
"""

import argparse
import concurrent.futures
import importlib
import json
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import tejax
from experiments import floats, record
from experiments.benchmarks import generation as beside
from experiments.record import FORMAT, Row
from tejax import engines
from tejax.engines import gpu, products, selftest
from tejax.evolution import auto_batch, evaluate, first_state, generation
from tejax.testing import exactness

NAME = "accelerator"
SECONDS = 460.0  # of the whole, by default
GRACE = 5.0  # seconds beyond, after which the process is ended
FILLED = 0.2  # seconds that one timing takes
TIMINGS = 3
RIVALS = ("SimpleGA", "Open_ES")
WORKERS = 14  # programs that are compiled at once
MANY = 65_536

GENERATIONS = (
    ("64-64-10", 512),
    ("64-64-10", MANY),
    ("784-256-10", 4096),
    ("64-64-10", 4096),
    ("784-256-10", 512),
)
LOSSES = (
    ("64-64-10", MANY),
    ("784-256-10", 4096),
    ("784-1024-1024-10", 256),
    ("64-64-10", 512),
    ("16-16-4", MANY),
    ("64-128-10", MANY),
    ("128-64-10", MANY),
    ("784-256-10", 512),
)
LOW_RANK = ("128-64-10", MANY, 64)  # shape, population, samples of a minibatch
TISSUES, CIRCUITS = (256, 1024), (1, 256, 4096)
PRODUCT, COPY = 8192, 2**31  # sizes of the ceilings
SMALL = (("16-16-4", 32), ("20-30-5", 16))

_evosax = threading.Lock()  # its algorithms cannot be traced by two threads at once


class Session:
    """The time that is left, and the rows so far: printed, and written after each."""

    def __init__(self, seconds: float, path: Path | None, quick: bool) -> None:
        self.start, self.seconds, self.path, self.quick = time.perf_counter(), seconds, path, quick
        self.rows: list[Row] = []
        self.machine = record.machine() | {"driver": _driver()}
        cores = int(self.machine["cores"])
        self.pool = ThreadPoolExecutor(max(1, min(WORKERS, cores)))

    def say(self, *words: object) -> None:
        """A line, with the seconds since the beginning."""
        print(f"[{time.perf_counter() - self.start:6.1f}]", *words, flush=True)

    def left(self) -> float:
        """Seconds."""
        return self.seconds - (time.perf_counter() - self.start)

    def add(self, part: str, **row: Any) -> None:
        """A row: on the screen and in the file."""
        self.rows.append({"part": part, **row})
        self.say(part, *(f"{name}={json.dumps(value)}" for name, value in row.items()))
        self.write()

    def write(self) -> None:
        """The file, as experiments/results has them."""
        if self.path is None:
            return
        settings = {"quick": self.quick, "seconds": self.seconds, "timings": TIMINGS}
        head = {"format": FORMAT, "machine": self.machine, "settings": settings}
        lines = [*(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())]
        lines.append(' "rows": [\n  ' + ",\n  ".join(map(json.dumps, self.rows)) + "\n ]")
        draft = self.path.with_name(self.path.name + ".tmp")
        draft.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        draft.replace(self.path)


class Program(NamedTuple):
    """A compiled loop, before anything that it works on is in memory."""

    run: Callable[[Any, int], Any]  # (state, repetitions) -> state
    first: Callable[[], Any]  # makes the state
    seconds: float  # of compiling
    peak: int  # bytes, as the compiler planned them


def program(step: Callable[..., Any], first: Callable[[], Any], *arguments: Any, lock: Any = None) -> Program:
    """A loop of `step(number, state, *arguments)` from the state that `first` makes; traced under a lock."""

    def loop(state: Any, count: jax.Array, *arguments: Any) -> Any:
        return lax.fori_loop(0, count, lambda number, state: step(number, state, *arguments), state)

    start = time.perf_counter()
    with lock or nullcontext():
        lowered = jax.jit(loop).lower(jax.eval_shape(first), jnp.int32(1), *arguments)
    made = lowered.compile()
    seconds, plan = time.perf_counter() - start, made.memory_analysis()
    with lock or nullcontext():
        beginning = jax.jit(first).lower()
    peak = plan.argument_size_in_bytes + plan.output_size_in_bytes + plan.temp_size_in_bytes - plan.alias_size_in_bytes
    return Program(lambda state, count: made(state, jnp.int32(count), *arguments), beginning.compile(), seconds, peak)


def timed(made: Program) -> float:
    """Seconds of one repetition."""
    state = made.first()

    def once(count: int) -> float:
        start = time.perf_counter()
        jax.block_until_ready(made.run(state, count))
        return (time.perf_counter() - start) / count

    once(1)
    count = max(1, min(300, int(FILLED / max(once(2), 1e-6))))
    return statistics.median(once(count) for _ in range(TIMINGS))


def room() -> float:
    """Bytes that a program may plan to use."""
    stats = jax.devices()[0].memory_stats() or {}
    return float(stats.get("bytes_limit", 6 * 2**30))


def measured(session: Session, name: str, made: dict[str, Future[Program]]) -> dict[str, tuple[float, Program]]:
    """The seconds of each program; one that fails or does not fit is left out with a line."""
    found = {}
    for side, future in made.items():
        try:
            each = future.result(timeout=0.5)  # what is not compiled by now is not waited for
            if each.peak > room():
                session.say(f"{name}, {side}: left out, {each.peak / 2**30:.1f} GiB do not fit")
                continue
            found[side] = timed(each), each
        except Exception as error:  # out of memory, out of time, or refused by a compiler
            words = " ".join(str(error).split()) or type(error).__name__
            session.say(f"{name}, {side}: failed, {words:.200}")
    return found


def milliseconds(seconds: float) -> float:
    """Rounded."""
    return round(1e3 * seconds, 4)


@cache
def task_of(shape: tuple[int, ...], **options: Any) -> Any:
    """The digits where they fit the shape, else random numbers of the same size; one trit a feature, as floats have."""
    return tejax.tasks.classification(*beside.data(shape[0], shape[-1]), trits=1, **options)


def genetic(population: int) -> Any:
    """A tournament of 8 and uniform crossover: a random number for every trit."""
    return tejax.strategies.Genetic(population, tournament=8, crossover="uniform", mutation_rate=0.001)


def tejax_program(shape: tuple[int, ...], population: int, task: Any, breeding: bool = False) -> Program:
    """Generations of tejax; of `breeding` alone, the fitness is made up."""
    network, strategy, key = tejax.networks.MLP(shape), genetic(population), np.uint32(0)
    batch = auto_batch(network, task, population)

    def first() -> Any:
        return first_state(strategy, network, task, jax.random.key(key), strategy.rates)

    def step(number: jax.Array, state: Any, task: Any) -> Any:
        this = jax.random.fold_in(jax.random.key(key), number)
        if not breeding:
            return generation(strategy, network, task, this, state, batch)[0]
        members, state = strategy.ask(this, state)
        fitness = lax.iota(jnp.int32, population) * jnp.int32(40503) % jnp.int32(1 << 20)
        return strategy.tell(state, members, fitness)

    return program(step, first, task)


def evosax_program(name: str, shape: tuple[int, ...], population: int, x: jax.Array, y: jax.Array) -> Program:
    """Generations of an evosax algorithm with its defaults; fitness is the mean cross-entropy of a ReLU perceptron."""
    seed = np.uint32(0)
    with _evosax:
        key, *keys = jax.random.split(jax.random.key(seed), len(shape))
        like = floats.weights(keys, shape, variance=2.0)
        algorithm = floats.algorithm(name, population, like)

    def first() -> Any:
        init, members = jax.random.split(jax.random.key(seed))
        return floats.first_state(algorithm, name, population, like, init, members)

    def step(number: jax.Array, state: Any, x: jax.Array, y: jax.Array) -> Any:
        return floats.generation(algorithm, jax.random.fold_in(key, number), state, x, y)

    return program(step, first, x, y, lock=_evosax)


def rivals(session: Session) -> tuple[str, ...]:
    """The algorithms of evosax, where it is installed."""
    try:
        importlib.import_module("evosax.algorithms")  # before several threads would
    except ImportError as error:
        session.say(f"evosax cannot be imported ({error}): its rows are left out")
        return ()
    return RIVALS


def sides(session: Session, shape: str, population: int) -> dict[str, Callable[[], Program]]:
    """What makes the programs of a generation: tejax, and evosax."""
    features = beside.sizes(shape)
    task = task_of(features)
    x = jnp.asarray(task.x_train, jnp.float32)
    made: dict[str, Callable[[], Program]] = {"tejax": partial(tejax_program, features, population, task)}
    return made | {
        name: partial(evosax_program, name, features, population, x, task.y_train) for name in rivals(session)
    }


def measure_exactness(session: Session) -> None:
    """This device against the CPU and the record."""
    for finding in exactness.compare(quick=True):
        session.add("exactness", name=finding.name, what=finding.what, outcome=finding.outcome)
        if session.left() < 0:
            session.say("exactness: out of time")
            return


def measure_compiling(session: Session) -> None:
    """Seconds until the first generation can run, each program alone, nothing kept; and of the self-tests before."""
    start = time.perf_counter()
    engines.choose(64)
    for name in selftest.CHECKS:
        if selftest.status(name) == "ready":
            selftest.outcome(name)
    tests = round(time.perf_counter() - start, 2)
    session.add("compiling", case="self-tests of the engines", seconds=tests, kept=str(selftest.outcomes_path()))
    shape, population = SMALL[0] if session.quick else GENERATIONS[0]
    for name, make in sides(session, shape, population).items():
        start = time.perf_counter()
        seconds, whole = round(make().seconds, 2), round(time.perf_counter() - start, 2)
        session.add("compiling", case=name, shape=shape, population=population, seconds=seconds, with_first_state=whole)


def measure_generation(session: Session) -> None:
    """Whole generations beside evosax."""
    rows = SMALL if session.quick else GENERATIONS
    made = {row: {name: session.pool.submit(make) for name, make in sides(session, *row).items()} for row in rows}
    wait(session, *made.values())
    for (shape, population), programs in made.items():
        if session.left() < 2:
            session.say("generation: out of time before", shape, population)
            return
        found = measured(session, f"{shape} {population}", programs)
        task = task_of(beside.sizes(shape))
        times = {name: seconds for name, (seconds, _) in found.items()}
        row: Row = {"shape": shape, "population": population, "samples": task.rows}
        row["milliseconds"] = {name: milliseconds(seconds) for name, seconds in times.items()}
        if "tejax" in times:
            others = (name for name in times if name != "tejax")
            row["times_faster_than"] = {name: round(times[name] / times["tejax"], 2) for name in others}
            row["TMAC/s"] = round(beside.products(shape) * population * task.rows / times["tejax"] / 1e12, 2)
            row["evaluations/s"] = round(population / times["tejax"])
        row["peak_MiB"] = {name: round(each.peak / 2**20, 1) for name, (_, each) in found.items()}
        row["compile_in_parallel"] = {name: round(each.seconds, 2) for name, (_, each) in found.items()}
        session.add("generation", **row)


def wait(session: Session, *groups: dict[str, Future[Program]]) -> None:
    """Until all are compiled, so that no compiler disturbs a timing, but not for more than half of the time left.

    Raises:
        TimeoutError: where some are not, for whoever is still compiling tries programs on the device too.
    """
    futures = [future for group in groups for future in group.values()]
    done, late = concurrent.futures.wait(futures, timeout=max(0.0, session.left() / 2))
    session.say(f"{len(done)} programs compiled")
    if late:
        for future in late:
            future.cancel()
        raise TimeoutError(f"{len(late)} programs were not compiled in time, so that nothing is timed beside them")


def measure_ceilings(session: Session) -> None:
    """What the device reaches by itself."""
    size, length = (256, 2**16) if session.quick else (PRODUCT, COPY)

    def best(work: Callable[..., Any], *arguments: Any) -> float:
        ready = jax.jit(work)
        jax.block_until_ready(ready(*arguments))
        return min(beside.seconds(lambda: ready(*arguments)) for _ in range(5))

    trits = jax.jit(lambda key: jax.random.randint(key, (size, size), -1, 2, jnp.int8))(jax.random.key(3))
    work: dict[str, tuple[Callable[..., Any], Any]] = {
        "int8": (lambda a: products.contract(a, a), trits),
        "bfloat16": (lambda a: a @ a.T, trits.astype(jnp.bfloat16)),
    }
    for name, (product, matrix) in work.items():
        rate = round(size**3 / best(product, matrix) / 1e12, 2)
        session.add("ceiling", case=f"{name} product, {size} cubed", value=rate, unit="TMAC/s")
    block = jnp.ones(length, jnp.int8)
    rate = round(2 * length / best(lambda x: x + jnp.int8(1), block) / 1e12, 3)
    session.add("ceiling", case="copy, read and written", value=rate, unit="TB/s")


def loss_program(network: Any, population: int, task: Any) -> Program:
    """The fitness of a whole population, again and again."""
    strategy, batch, seed = genetic(population), auto_batch(network, task, population), np.uint32(1)

    def first() -> Any:
        members = jax.vmap(network.init)(jax.random.split(jax.random.key(seed), population))
        return members, jnp.zeros(population, jnp.int32)

    def step(number: jax.Array, state: Any, task: Any) -> Any:
        # the barrier ties the members to what was computed before, so that nothing is computed once for all
        members, _ = lax.optimization_barrier(state)
        return members, evaluate(strategy, network, task, jax.random.key(seed), members, batch)

    return program(step, first, task)


def measure_loss(session: Session) -> None:
    """The loss of a population: in one kernel where the device has one, beside the int8 engine."""
    rows = SMALL if session.quick else LOSSES
    made = {}
    for shape, population in rows:
        features = beside.sizes(shape)
        task = task_of(features)
        pair = {"auto": tejax.networks.MLP(features), "int8": tejax.networks.MLP(features, engine="int8")}
        made[shape, population] = {
            name: session.pool.submit(loss_program, network, population, task) for name, network in pair.items()
        }
    wait(session, *made.values())
    for (shape, population), programs in made.items():
        if session.left() < 2:
            session.say("loss: out of time before", shape, population)
            return
        found = measured(session, f"loss {shape} {population}", programs)
        samples = task_of(beside.sizes(shape)).rows
        work = beside.products(shape) * population * samples
        fitness = [np.asarray(each.run(each.first(), 1)[1]) for _, each in found.values()]
        session.add(
            "loss",
            shape=shape,
            population=population,
            samples=samples,
            milliseconds={name: milliseconds(seconds) for name, (seconds, _) in found.items()},
            **{"TMAC/s": {name: round(work / seconds / 1e12, 2) for name, (seconds, _) in found.items()}},
            same=all(np.array_equal(each, fitness[0]) for each in fitness),
            peak_MiB={name: round(each.peak / 2**20, 1) for name, (_, each) in found.items()},
            kernel=gpu.available(),
        )


def measure_low_rank(session: Session) -> None:
    """One network under many small perturbations, against as many evaluations of that network alone."""
    shape, population, samples = ("16-16-4", 64, 8) if session.quick else LOW_RANK
    features = beside.sizes(shape)
    task, network = task_of(features, samples=samples), tejax.networks.MLP(features)
    strategy, seed = tejax.strategies.LowRank(population), np.uint32(2)
    batch = auto_batch(network, task, population)
    rows = np.resize(np.asarray(task.x_train), (population * samples, features[0]))
    labels = np.resize(np.asarray(task.y_train), population * samples)

    def first() -> Any:
        return first_state(strategy, network, task, jax.random.key(seed), strategy.rates)

    def step(number: jax.Array, state: Any, task: Any) -> Any:
        return generation(strategy, network, task, jax.random.fold_in(jax.random.key(seed), number), state, batch)[0]

    def inference(network: Any) -> Program:
        def alone() -> Any:
            return network.init(jax.random.key(seed)), jnp.int32(0)

        def again(number: jax.Array, state: Any, x: jax.Array, y: jax.Array) -> Any:
            genome, _ = lax.optimization_barrier(state)
            outputs = network.apply(genome, x)
            return genome, jnp.sum(jnp.argmax(outputs, axis=-1).astype(jnp.int32) == y, dtype=jnp.int32)

        return program(again, alone, jnp.asarray(rows), jnp.asarray(labels, jnp.int32))

    made = {
        "low_rank": session.pool.submit(program, step, first, task),
        "inference, auto": session.pool.submit(inference, network),
        "inference, int8": session.pool.submit(inference, tejax.networks.MLP(features, engine="int8")),
    }
    wait(session, made)
    found = measured(session, "low_rank", made)
    rates = {name: round(population / seconds) for name, (seconds, _) in found.items()}
    pure = max((rate for name, rate in rates.items() if name != "low_rank"), default=0)
    session.add(
        "low_rank",
        shape=shape,
        population=population,
        samples=samples,
        milliseconds={name: milliseconds(seconds) for name, (seconds, _) in found.items()},
        **{"evaluations/s": rates},
        share_of_inference=round(rates["low_rank"] / pure, 3) if pure and "low_rank" in rates else None,
    )


def measure_breeding(session: Session) -> None:
    """Selection, crossover and mutation alone."""
    rows = SMALL[:1] if session.quick else GENERATIONS
    made = {
        (shape, population): {
            "tejax": session.pool.submit(
                tejax_program, beside.sizes(shape), population, task_of(beside.sizes(shape)), breeding=True
            )
        }
        for shape, population in rows
    }
    wait(session, *made.values())
    for (shape, population), programs in made.items():
        if session.left() < 1:
            session.say("breeding: out of time before", shape, population)
            return
        for seconds, each in measured(session, f"breeding {shape} {population}", programs).values():
            session.add(
                "breeding",
                shape=shape,
                population=population,
                milliseconds=milliseconds(seconds),
                peak_MiB=round(each.peak / 2**20, 1),
                compile_in_parallel=round(each.seconds, 2),
            )


def measure_tissue(session: Session) -> None:
    """Scores of Aigarth's tissue at the sizes that Qubic ran."""
    from experiments.benchmarks import tissue

    cases: dict[str, Callable[[int], Callable[[], Any]]] = {
        **{name: partial(tissue.scoring, mirrored) for name, mirrored in tissue.MIRRORED.items()},
        "hyperidentity": tissue.simulation,
    }
    for case, make in cases.items():
        published = tissue.PUBLISHED[case.partition(",")[0]]
        for population in (2,) if session.quick else TISSUES:
            measure_scores(session, "tissue", case, population, make, {name: 1e3 * s for name, s in published.items()})


def measure_circuit(session: Session) -> None:
    """Ratings of autonomous networks at the size that Qubic runs."""
    from experiments.benchmarks import circuit

    for population in (2,) if session.quick else CIRCUITS:
        measure_scores(session, "circuit", "random networks", population, circuit.production, circuit.PUBLISHED)


def measure_scores(
    session: Session,
    part: str,
    case: str,
    population: int,
    make: Callable[[int], Callable[[], Any]],
    published: dict[str, float],
) -> None:
    """A row of a whole population's scores.

    Args:
        make: what computes them, of a population's size.
        published: milliseconds that a network takes elsewhere.
    """
    if session.left() < 8:
        session.say(f"{part}: out of time before", case, population)
        return
    start = time.perf_counter()
    work = make(population)
    jax.block_until_ready(work())
    compiling = time.perf_counter() - start
    middle = statistics.median(beside.seconds(work, population) for _ in range(1 if session.quick else TIMINGS))
    session.add(
        part,
        case=case,
        population=population,
        milliseconds=milliseconds(middle),
        times_faster_than={name: round(each / (1e3 * middle), 1) for name, each in published.items()},
        compiling=round(compiling, 2),
    )


ITEMS: dict[str, Callable[[Session], None]] = {
    "exactness": measure_exactness,
    "compiling": measure_compiling,
    "generation": measure_generation,
    "loss": measure_loss,
    "ceilings": measure_ceilings,
    "low_rank": measure_low_rank,
    "breeding": measure_breeding,
    "tissue": measure_tissue,
    "circuit": measure_circuit,
}


def memory(session: Session, name: str) -> None:
    """The most that the device has held so far, where it says so."""
    stats = jax.devices()[0].memory_stats()
    if stats:
        held = {each: round(stats[each] / 2**20) for each in ("peak_bytes_in_use", "bytes_limit") if each in stats}
        session.add("memory", after=name, MiB=held)


def measure(session: Session, names: list[str]) -> None:
    """Items one after the other; one that fails is said, and the next begins."""
    session.say(*(f"{name}={value}" for name, value in session.machine.items()))
    for name in names:
        if session.left() < 1:
            session.say(f"{name}: left out, the time is up")
            continue
        try:
            ITEMS[name](session)
            memory(session, name)
        except Exception as error:  # the other items are worth having
            session.say(f"{name}: failed, {type(error).__name__}: {' '.join(str(error).split()):.300}")
            session.add("failed", item=name, error=f"{type(error).__name__}: {' '.join(str(error).split()):.300}")
    session.say("done")


def _driver() -> str | None:
    """Of an NVIDIA GPU."""
    try:
        command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.split("\n")[0]
    except (OSError, subprocess.SubprocessError):
        return None


def main(arguments: list[str] | None = None) -> Session:
    """Measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=SECONDS, help=f"of the whole, default: {SECONDS:.0f}")
    options.add_argument("--only", nargs="+", choices=ITEMS, help="these items")
    options.add_argument("--without", nargs="+", choices=ITEMS, default=(), help="all but these items")
    options.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    options.add_argument("--out", type=Path, help="a file, instead of experiments/results/accelerator.json")
    chosen = options.parse_args(arguments)
    jax.config.update("jax_enable_compilation_cache", False)  # what is said of compiling is meant cold
    kept = None if chosen.quick else record.RESULTS / f"{NAME}.json"
    session = Session(chosen.seconds, chosen.out or kept, chosen.quick)
    alarm = threading.Timer(chosen.seconds + GRACE, _end)
    alarm.daemon = True
    alarm.start()
    measure(session, [name for name in chosen.only or ITEMS if name not in chosen.without])
    session.pool.shutdown(wait=False, cancel_futures=True)
    alarm.cancel()
    return session


def _end() -> None:
    """The time is up, whatever is being compiled; the rows so far are in the file."""
    print("the time is up", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
