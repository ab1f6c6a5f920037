"""Trits against evolved float weights: the same shapes and data, curves over evaluations and over seconds.

    python -m experiments.quality.against_evosax
    python -m experiments.quality.against_evosax --problems addition --seconds 5

Every method gets the same seconds of evolving (its programs are compiled before the clock starts) on digits, parity of
6 bits, and addition of 3-bit numbers. The float networks have tanh neurons and constant inputs; evosax's algorithms
(Lange 2022) minimise the mean cross-entropy or squared error of the same rows; Open_ES has Adam at 0.03 and a deviation
of 0.05 as in `tejax.baselines` (with its defaults, plain descent at 0.001, it stands still), CMA_ES and one SimpleGA their
defaults. The share of right answers is that of the method's best (evosax: of its last mean, or of its best member), on
data that evolution sees (and for digits on the test split); on whole tables the best share so far counts. A method is
one line of METHODS.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import tejax
from experiments import record
from tejax.strategies.categorical import Rates as Odds
from tejax.strategies.genetic import Rates
from tejax.types import Strategy

CHUNK = 8  # generations between two looks at the clock


class Problem(NamedTuple):
    """Data, and the shape that both sides have."""

    task: Any
    hidden: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Inputs, hidden neurons, outputs."""
        return self.task.features, self.hidden, self.task.outputs


class Runner(NamedTuple):
    """A method set up for a problem."""

    state: Any
    advance: Callable[[Any, Any], Any]  # (state, first generation) -> the state CHUNK generations later
    judge: Callable[[Any], dict[str, float]]  # state -> shares of right answers
    population: int


def problems() -> dict[str, Problem]:
    """All of them: the rows that a generation sees are all there are, digits excepted."""
    return {
        "digits": Problem(tejax.tasks.digits(batch=128), 32),
        "parity": Problem(tejax.tasks.parity(6), 16),
        "addition": Problem(tejax.tasks.addition(3), 24),
    }


def evolved_trits(strategy: Any, problem: Problem, key: Any) -> Runner:
    """A strategy of tejax on an MLP of trits."""
    task, network = problem.task, tejax.networks.MLP(problem.shape)
    init, run = jax.random.split(key)
    batch = tejax.evolution.auto_batch(network, task, strategy.population)

    @jax.jit
    def advance(state: Any, start: Any) -> Any:
        def one(number: Any, state: Any) -> Any:
            return tejax.generation(strategy, network, task, jax.random.fold_in(run, number), state, batch)[0]

        return jax.lax.fori_loop(start, start + CHUNK, one, state)

    def judge(state: Any) -> dict[str, float]:
        best = tejax.evolution.select_best(strategy, network, task, state, batch)[0]
        return {split: task.accuracy(network.apply, best, split) for split in splits(task)}

    state = tejax.evolution.begin(strategy, network, task, init)
    return Runner(state, advance, judge, strategy.population)


def splits(task: Any) -> tuple[str, ...]:
    """The splits that a task has; a truth table is one."""
    return ("train", "test") if hasattr(task, "x_test") else ("train",)


def rows_of(task: Any, split: str) -> tuple[jax.Array, jax.Array]:
    """Inputs and wanted outputs of a split."""
    return task.split(split) if hasattr(task, "x_test") else (task.x, task.y)


def evolved_floats(
    name: str, population: int, problem: Problem, key: Any, rate: float | None = None, spread: float | None = None
) -> Runner:
    """An algorithm of evosax on the same shape in float32, with Adam at a rate and a deviation, or its defaults."""
    import evosax.algorithms
    import optax

    task = problem.task
    init, run, first, members = jax.random.split(key, 4)
    sizes = list(zip(jax.random.split(first, 2), problem.shape[:-1], problem.shape[1:], strict=True))
    solution = [(jax.random.normal(k, (i, o)) / i**0.5, jnp.zeros(o)) for k, i, o in sizes]
    options: dict[str, Any] = {}
    if rate is not None:
        options["optimizer"] = optax.adam(rate)
    if spread is not None:
        options["std_schedule"] = optax.constant_schedule(spread)
    algorithm = getattr(evosax.algorithms, name)(population, solution, **options)
    params = algorithm.default_params
    classes = hasattr(task, "x_test")

    def outputs(weights: Any, x: jax.Array) -> jax.Array:
        (inner, inner_bias), (outer, outer_bias) = weights
        return jnp.tanh(x.astype(jnp.float32) @ inner + inner_bias[None]) @ outer + outer_bias[None]

    def loss(weights: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        if not classes:
            return jnp.mean((jnp.tanh(outputs(weights, x)) - y.astype(jnp.float32)) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs(weights, x)), y[:, None], axis=1))

    @jax.jit
    def advance(state: Any, start: Any) -> Any:
        def one(number: Any, state: Any) -> Any:
            ask, tell, pick = jax.random.split(jax.random.fold_in(run, number), 3)
            x, y = rows_of(task, "train")
            if classes:
                chosen = jax.random.choice(pick, x.shape[0], (task.rows,), replace=False)
                x, y = x[chosen], y[chosen]
            candidates, state = algorithm.ask(ask, state, params)
            fitness = jax.vmap(loss, in_axes=(0, None, None))(candidates, x, y)
            return algorithm.tell(tell, candidates, fitness, state, params)[0]

        return jax.lax.fori_loop(start, start + CHUNK, one, state)

    @partial(jax.jit, static_argnums=1)
    def share(weights: Any, split: str) -> jax.Array:
        x, y = rows_of(task, split)
        said = outputs(weights, x)
        right = jnp.argmax(said, axis=1).astype(jnp.int32) == y if classes else jnp.sign(said) == y.astype(jnp.float32)
        return jnp.mean(right.astype(jnp.float32))

    def judge(state: Any) -> dict[str, float]:
        weights = algorithm.get_mean(state) if hasattr(algorithm, "get_mean") else algorithm.get_best_solution(state)
        return {split: float(share(weights, split)) for split in splits(task)}

    if name == "SimpleGA":
        grown = jax.vmap(lambda k: jax.tree.map(lambda leaf: leaf + jax.random.normal(k, leaf.shape), solution))
        start = grown(jax.random.split(members, population))
        state = algorithm.init(init, start, jnp.full(population, jnp.inf), params)
    else:
        state = algorithm.init(init, solution, params)
    return Runner(jax.tree.map(jnp.asarray, state), advance, judge, population)


def genetic(selection: str, crossover: str, mutation: float) -> Strategy:
    """A genetic strategy with tournaments of 8."""
    rates = Rates(mutation=mutation)
    return tejax.strategies.Genetic(512, selection=selection, tournament=8, crossover=crossover, rates=rates)


METHODS: dict[str, Callable[[Problem, Any], Runner]] = {
    "trits, genetic": partial(evolved_trits, genetic("tournament", "uniform", 0.001)),
    "trits, genetic, by neuron": partial(evolved_trits, genetic("tournament", "by_neuron", 0.004)),
    "trits, categorical": partial(
        evolved_trits, tejax.strategies.Categorical(512, Odds(step=0.1, floor=0.0005, start=0.0))
    ),
    "trits, genetic, sharing": partial(evolved_trits, genetic("sharing", "uniform", 0.001)),
    "floats, Open_ES, Adam 0.03": partial(evolved_floats, "Open_ES", 512, rate=0.03, spread=0.05),
    "floats, SimpleGA": partial(evolved_floats, "SimpleGA", 512),
    "floats, SimpleGA, deviation 0.1": partial(evolved_floats, "SimpleGA", 512, spread=0.1),
    "floats, CMA_ES": partial(evolved_floats, "CMA_ES", 64),
}
SMALL = 1500  # weights up to which the covariance matrix of CMA-ES is small enough


def weights(problem: Problem) -> int:
    """The float weights of a shape, constants included."""
    inputs, hidden, outputs = problem.shape
    return (inputs + 1) * hidden + (hidden + 1) * outputs


def measure(runner: Runner, seconds: float) -> list[dict[str, float]]:
    """Points of a curve: evaluations, seconds of evolving (judging left out), shares of right answers."""
    once = runner.advance(runner.state, jnp.int32(0))  # compile: evosax's first state has other types than its second
    jax.block_until_ready(runner.advance(once, jnp.int32(CHUNK)))
    state, number, spent, due = runner.state, 0, 0.0, 0.0
    points = [{"evaluations": 0, "seconds": 0.0, **runner.judge(state)}]
    while spent < seconds:
        start = time.perf_counter()
        state = jax.block_until_ready(runner.advance(state, jnp.int32(number)))
        spent += time.perf_counter() - start
        number += CHUNK
        if spent >= due:
            shares = {split: round(value, 4) for split, value in runner.judge(state).items()}
            points.append({"evaluations": number * runner.population, "seconds": round(spent, 3), **shares})
            due = spent + seconds / 25
    return points


def run(problem: Problem, method: str, seed: int, seconds: float) -> list[dict[str, float]]:
    """The points of one method from one seed."""
    return measure(METHODS[method](problem, jax.random.key(seed)), seconds)


def draw(results: dict[str, dict[str, list[Any]]]) -> None:
    """A row a problem: over evaluations, over seconds; a line a run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3 * len(results)), layout="constrained")
    axes = figure.subplots(len(results), 2, squeeze=False, sharey="row")
    for row, (problem, methods) in zip(axes, results.items(), strict=True):
        for color, (method, runs) in enumerate(methods.items()):
            for number, points in enumerate(runs):
                shares = [point.get("test", point["train"]) for point in points]
                if "test" not in points[0]:
                    shares = list(itertools.accumulate(shares, max))
                for ax, unit in zip(row, ("evaluations", "seconds"), strict=True):
                    label = None if number else method
                    ax.plot([point[unit] for point in points], shares, color=f"C{color}", linewidth=1, label=label)
                    ax.set_xlabel(unit)
        row[0].set_ylabel(f"{problem}: share right")
        row[0].set_xscale("symlog", linthresh=4096)
    axes[0, 1].legend(fontsize=8)
    figure.savefig(record.RESULTS / "against_evosax.png", dpi=110)


def main() -> None:
    """Print a line a run; write against_evosax.json and .png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=["digits", "parity", "addition"])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=12.0, help="of evolving, for each run")
    chosen = parser.parse_args()
    results: dict[str, Any] = {}
    known = problems()
    jobs = {
        f"{name} | {method} | {seed}": partial(run, known[name], method, seed, chosen.seconds)
        for name in chosen.problems
        for method in chosen.methods
        if "CMA" not in method or weights(known[name]) <= SMALL
        for seed in chosen.seeds
    }
    for label, points in record.collect("against_evosax", {"seconds": chosen.seconds}, jobs).items():
        results.setdefault(label.split(" | ")[0], {}).setdefault(label.split(" | ")[1], []).append(points)
    draw(results)


if __name__ == "__main__":
    main()
