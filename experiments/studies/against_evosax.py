"""Trits against evolved float weights: the same shapes and data, curves over evaluations and over seconds.

    python -m experiments.studies.against_evosax
    python -m experiments.studies.against_evosax --problem addition --seconds 5

Every method gets the same seconds of evolving (its programs are compiled before the clock starts) on digits, parity of
6 bits, and addition of 3-bit numbers. The float networks have tanh neurons and constant inputs; evosax's algorithms
(Lange 2022) minimise the mean cross-entropy or squared error of the same rows; Open_ES has Adam at 0.03 and a deviation
of 0.05 as in `tejax.baselines` (with its defaults, plain descent at 0.001, it stands still), CMA_ES and one SimpleGA
their defaults. The share of right answers is that of the method's best (evosax: of its last mean, or of its best
member), on data that evolution sees (and for digits on the test split); on whole tables the best share so far counts.
A method is one line of METHODS.
"""

import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from matplotlib.ticker import PercentFormatter

import tejax
from experiments import floats, pictures
from experiments.record import Row
from experiments.render import chosen, grouped
from experiments.study import Study
from tejax.strategies import Categorical, Genetic
from tejax.types import Strategy, Task

CHUNK = 8  # generations between two looks at the clock
SMALL = 1500  # weights up to which the covariance matrix of CMA-ES is small enough


class Problem(NamedTuple):
    """Data, and the shape that both sides have."""

    task: Task
    hidden: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Inputs, hidden neurons, outputs."""
        return self.task.features, self.hidden, self.task.outputs

    @property
    def classes(self) -> bool:
        """Whether it has classes and a test split; else it is a truth table."""
        return isinstance(self.task, tejax.tasks.Classification)

    def rows(self, split: str) -> tuple[jax.Array, jax.Array]:
        """Inputs and wanted outputs of a split; a truth table is one."""
        return self.task.split(split) if self.classes else (self.task.x, self.task.y)

    def splits(self) -> tuple[str, ...]:
        """Those that it has."""
        return ("train", "test") if self.classes else ("train",)


class Runner(NamedTuple):
    """A method set up for a problem."""

    state: Any
    advance: Callable[[Any, Any], Any]  # (state, first generation) -> the state CHUNK generations later
    shares: Callable[[Any], dict[str, float]]  # state -> shares of right answers
    population: int


PROBLEMS: dict[str, Callable[[], Problem]] = {  # the rows that a generation sees are all there are, digits excepted
    "digits": lambda: Problem(tejax.tasks.digits(samples=128), 32),
    "parity": lambda: Problem(tejax.tasks.parity(6), 16),
    "addition": lambda: Problem(tejax.tasks.addition(3), 24),
}


def evolved_trits(strategy: Strategy, problem: Problem, key: Any) -> Runner:
    """A strategy of tejax on an MLP of trits."""
    task, network = problem.task, tejax.networks.MLP(problem.shape)
    init, run = jax.random.split(key)
    batch = tejax.evolution.auto_batch(network, task, strategy.population)

    @jax.jit
    def advance(state: Any, start: Any) -> Any:
        def one(number: Any, state: Any) -> Any:
            return tejax.generation(strategy, network, task, jax.random.fold_in(run, number), state, batch)[0]

        return jax.lax.fori_loop(start, start + CHUNK, one, state)

    select = jax.jit(lambda state: tejax.evolution.select_best(strategy, network, task, state, batch)[0])

    def shares(state: Any) -> dict[str, float]:
        best = select(state)
        each = {split: (network, best, split) if problem.classes else (network, best) for split in problem.splits()}
        return {split: task.accuracy(*arguments) for split, arguments in each.items()}

    first = jax.jit(lambda key: tejax.evolution.first_state(strategy, network, task, key, strategy.rates))
    return Runner(first(init), advance, shares, strategy.population)


def evolved_floats(
    name: str, population: int, problem: Problem, key: Any, rate: float | None = None, deviation: float | None = None
) -> Runner:
    """An algorithm of evosax on the same shape in float32."""
    init, run, first, members = jax.random.split(key, 4)
    like = floats.weights(jax.random.split(first, 2), problem.shape)
    algorithm = floats.algorithm(name, population, like, rate, deviation)
    params, task = algorithm.default_params, problem.task

    def loss(weights: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        outputs = floats.apply(weights, x.astype(jnp.float32))
        if problem.classes:
            return floats.cross_entropy(outputs, y)
        return jnp.mean((jnp.tanh(outputs) - y.astype(jnp.float32)) ** 2)

    @jax.jit
    def advance(state: Any, start: Any) -> Any:
        def one(number: Any, state: Any) -> Any:
            ask, tell, pick = jax.random.split(jax.random.fold_in(run, number), 3)
            x, y = problem.rows("train")
            if problem.classes:
                chosen = jax.random.choice(pick, x.shape[0], (task.rows,), replace=False)
                x, y = x[chosen], y[chosen]
            candidates, state = algorithm.ask(ask, state, params)
            fitness = jax.vmap(loss, in_axes=(0, None, None))(candidates, x, y)
            return algorithm.tell(tell, candidates, fitness, state, params)[0]

        return jax.lax.fori_loop(start, start + CHUNK, one, state)

    @partial(jax.jit, static_argnums=1)
    def share(weights: Any, split: str) -> jax.Array:
        x, y = problem.rows(split)
        outputs = floats.apply(weights, x.astype(jnp.float32))
        classes = jnp.argmax(outputs, axis=1).astype(jnp.int32)
        right = classes == y if problem.classes else jnp.sign(outputs) == y.astype(jnp.float32)
        return jnp.mean(right.astype(jnp.float32))

    def shares(state: Any) -> dict[str, float]:
        weights = floats.answer(algorithm, state)
        return {split: float(share(weights, split)) for split in problem.splits()}

    return Runner(floats.first_state(algorithm, name, population, like, init, members), advance, shares, population)


def _genetic(selection: str, crossover: str, rate: float) -> Callable[[Problem, Any], Runner]:
    strategy = Genetic(512, selection=selection, tournament=8, crossover=crossover, mutation_rate=rate)
    return partial(evolved_trits, strategy)


METHODS: dict[str, Callable[[Problem, Any], Runner]] = {
    "trits, genetic": _genetic("tournament", "uniform", 0.001),
    "trits, genetic, by neuron": _genetic("tournament", "by_neuron", 0.004),
    "trits, categorical": partial(evolved_trits, Categorical(512, learning_rate=0.1, min_prob=0.0005, init_weight=0.0)),
    "trits, genetic, sharing": _genetic("sharing", "uniform", 0.001),
    "floats, Open_ES, Adam 0.03": partial(evolved_floats, "Open_ES", 512, rate=0.03, deviation=0.05),
    "floats, SimpleGA": partial(evolved_floats, "SimpleGA", 512),
    "floats, SimpleGA, deviation 0.1": partial(evolved_floats, "SimpleGA", 512, deviation=0.1),
    "floats, CMA_ES": partial(evolved_floats, "CMA_ES", 64),
}


def measure(settings: dict[str, Any], problem: str, method: str, seed: int) -> Row:
    """A curve: evaluations, seconds of evolving (looks left out), shares of right answers."""
    runner, seconds = METHODS[method](PROBLEMS[problem](), jax.random.key(seed)), settings["seconds"]
    once = runner.advance(runner.state, jnp.int32(0))  # compile: evosax's first state has other types than its second
    jax.block_until_ready(runner.advance(once, jnp.int32(CHUNK)))
    state, number, spent, due = runner.state, 0, 0.0, 0.0
    curve: list[Row] = [{"evaluations": 0, "seconds": 0.0, **runner.shares(state)}]
    while spent < seconds:
        start = time.perf_counter()
        state = jax.block_until_ready(runner.advance(state, jnp.int32(number)))
        spent += time.perf_counter() - start
        number += CHUNK
        if spent >= due:
            shares = {split: round(value, 4) for split, value in runner.shares(state).items()}
            curve.append({"evaluations": number * runner.population, "seconds": round(spent, 3), **shares})
            due = spent + seconds / 25
    return {"curve": curve}


def _left_out(problem: str, method: str, seed: int) -> bool:
    inputs, hidden, outputs = PROBLEMS[problem]().shape
    return "CMA" in method and (inputs + 1) * hidden + (hidden + 1) * outputs > SMALL


TITLES = {"digits": "digits, test data", "parity": "parity of 6 bits", "addition": "addition of 3-bit numbers"}


def draw(rows: list[Row]) -> Any:
    """A column a problem: over evaluations, over seconds; a method has one colour, floats are dashed."""
    problems = grouped(rows, "problem")
    figure, axes = pictures.panels(2, len(problems), 3.4, 2.9, sharey="col")
    known = [name for name in METHODS if chosen(rows, method=name)]
    for column, (problem, some) in zip(axes.T, problems.items(), strict=True):
        for place, method in enumerate(known):
            runs = [row["curve"][1:] for row in chosen(some, method=method)]
            style = {"color": pictures.COLOURS[place], "linestyle": "--" if "floats" in method else "-"}
            for panel, unit in zip(column, ("evaluations", "seconds"), strict=True):
                curves = [([point[unit] for point in run], _reached(run)) for run in runs]
                if curves:
                    pictures.band(panel, curves, **style)
        column[0].set_title(TITLES[problem], loc="left")
        for panel, words in zip(column, ("networks evaluated", "seconds, compilation aside"), strict=True):
            panel.set(xscale="log", xlabel=words)
            panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for panel in axes[:, 0]:
        panel.set_ylabel("right answers")
    for place, method in enumerate(known):  # a method that no problem of this column has is named all the same
        axes[0, 0].plot([], [], "--" if "floats" in method else "-", color=pictures.COLOURS[place], label=method)
    pictures.legend(figure, axes[0, 0], columns=2)
    return figure


def _reached(curve: list[Row]) -> list[float]:
    """Shares of right answers on the test data; of whole tables the best so far."""
    if "test" in curve[0]:
        return [point["test"] for point in curve]
    return list(itertools.accumulate((point["train"] for point in curve), max))


STUDY = Study(
    "against_evosax",
    measure,
    {"seconds": 8.0},
    {"problem": list(PROBLEMS), "method": list(METHODS), "seed": [0, 1, 2]},
    left_out=_left_out,
    quick={
        "seconds": 0.1,
        "problem": ["digits", "parity"],
        "method": ["trits, categorical", "floats, SimpleGA", "floats, CMA_ES", "floats, Open_ES, Adam 0.03"],
        "seed": [0],
    },
    draw=draw,
)

if __name__ == "__main__":
    STUDY.main()
