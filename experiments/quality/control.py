"""Policies of trits in gymnax's environments, beside float policies of the same shape evolved by evosax's Open_ES.

    python -m experiments.quality.control
    python -m experiments.quality.control --environments CartPole-v1 --seeds 0 1

A run evolves a policy on episodes that a generation draws, chooses among its finalists in episodes of validation,
and is judged once, by the mean return in 100 fresh episodes; the seed is that of the evolution, of the recording that
sets the thresholds, and of all episodes. Seconds are those of a whole run and of compiling, which is done once.
Open_ES (Salimans et al. 2017, in evosax, Lange 2022) has the same population, episodes and hidden neurons, tanh in
float32 on observations standardized by the same recording, and its answer is its mean; it is judged when it has had as
many evaluations, and when it has had as many seconds. Its learning rate and its deviation are, for each environment,
those of RATES that had the best return in validation for a seed that is not among the measured ones.

What is measured is kept: an interrupted experiment goes on where it stopped.
"""

import argparse
import dataclasses
import time
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import tejax
from experiments import record
from tejax.strategies.genetic import Rates
from tejax.tasks import Control

SEEDS = [0, 1, 2, 3, 4]
TUNING = 100  # the seed that learning rates are chosen with
RATES = [(0.01, 0.05), (0.03, 0.1), (0.1, 0.3)]  # Open_ES: learning rate of Adam, deviation
JUDGED = 100  # fresh episodes


class Setting(NamedTuple):
    """How an environment's policy is evolved."""

    target: float | None  # that the mean return shall reach
    generations: int  # of an attempt
    attempts: int = 1  # of which the one with the best finalist counts
    population: int = 256
    episodes: int = 8
    trits: int = 4
    hidden: int = 16
    mutation: float = 0.02
    action_trits: int = 3
    steps: int | None = None  # where evolution cuts an episode off; judged are whole ones
    validated: int = 100  # episodes in which finalists are compared
    chunk: int = 4


SETTINGS = {
    "CartPole-v1": Setting(500, generations=40, validated=300),
    "Acrobot-v1": Setting(-90, generations=32, steps=200),
    "MountainCar-v0": Setting(-115, generations=32, trits=8),
    "Pendulum-v1": Setting(-200, generations=320, attempts=3, trits=10, mutation=0.004, action_trits=1),
    "Breakout-MinAtar": Setting(
        None, generations=160, episodes=4, trits=1, hidden=16, mutation=0.001, steps=300, validated=10
    ),
}


def parts(environment: str, setting: Setting, seed: int) -> tuple[Control, Any, Any]:
    """Task, network and strategy."""
    task = tejax.tasks.control(
        environment,
        setting.episodes,
        setting.trits,
        setting.steps,
        action_trits=setting.action_trits,
        seed=seed,
        judged=setting.validated,
    )
    network = tejax.networks.MLP((task.features, setting.hidden, task.outputs), engine="int8")  # few rows a network
    return task, network, strategy_of(setting)


@cache  # a strategy is equal to itself only, and a second one would compile everything again
def strategy_of(setting: Setting) -> Any:
    """The strategy of a setting."""
    rates = Rates(mutation=setting.mutation)
    return tejax.strategies.Genetic(setting.population, tournament=8, crossover="by_neuron", rates=rates)


def evolved(
    environment: str, setting: Setting, seed: int, generations: int, attempts: int = 1
) -> tuple[float, Control, Any, Any]:
    """One run of tejax: its seconds, the task, the network and the result of the best attempt."""
    clock = time.perf_counter()
    task, network, strategy = parts(environment, setting, seed)
    keys = [jax.random.key(seed + 1000 * number) for number in range(attempts)]
    results = [tejax.evolve(key, strategy, network, task, generations=generations, chunk=setting.chunk) for key in keys]
    result = max(results, key=lambda each: each.fitness)  # in validation
    return time.perf_counter() - clock, task, network, result


@cache
def compiling(environment: str, setting: Setting) -> float:
    """Seconds of a first run of a single chunk: they are counted as those of compiling."""
    return evolved(environment, setting, TUNING, setting.chunk)[0]


def trits(environment: str, setting: Setting, seed: int) -> dict[str, Any]:
    """One run of tejax, and its judgement."""
    before = compiling(environment, setting)
    seconds, task, network, result = evolved(environment, setting, seed, setting.generations, setting.attempts)
    whole = dataclasses.replace(task, steps=int(task.params.max_steps_in_episode))
    return {
        "return": round(whole.score(network.apply, result.best, JUDGED), 2),
        "validation": round(result.fitness * task.resolution / task.judged, 2),
        "seconds": round(before + seconds, 1),
        "seconds without compiling": round(seconds, 1),
        "evaluations": result.evaluations * setting.attempts,
        "trits": tejax.pytrees.size(result.best),
        "median": [round(float(value) / task.scale, 1) for value in result.history.median],
        "best": tejax.pytrees.fingerprint(result.best),
    }


class Floats(Control):
    """The same episodes for a float policy: it sees standardized numbers, and answers with floats."""

    def encode(self, observation: jax.Array) -> jax.Array:
        """Observations [..., N], by the middle and the spread of the quantiles that were recorded."""
        limits = self.thresholds.reshape(-1, self.thresholds.shape[-1])
        spread = jnp.std(limits, axis=0)
        return (observation - jnp.mean(limits, axis=0)) / jnp.where(spread > 0, spread, 1)

    def act(self, outputs: jax.Array) -> jax.Array:
        """The action of the highest output, or tanh between low and high."""
        space = self.environment.action_space(self.params)
        if hasattr(space, "n"):
            return jnp.argmax(outputs, axis=-1).astype(jnp.int32)
        return (space.low + space.high) / 2 + jnp.tanh(outputs) * (space.high - space.low) / 2


jax.tree_util.register_dataclass(
    Floats,
    data_fields=["params", "thresholds", "seed"],
    meta_fields=["environment", "episodes", "steps", "resolution", "action_trits", "judged"],
)


def perceptron(weights: Any, x: jax.Array) -> jax.Array:
    """Outputs [..., O] of a float network with one hidden layer."""
    (inner, inner_bias), (outer, outer_bias) = weights
    return jnp.tanh(x @ inner + inner_bias) @ outer + outer_bias


def open_es(setting: Setting, weights: Any, rate: Any, spread: Any) -> Any:
    """The algorithm: Adam at `rate`, mirrored Gaussian steps of deviation `spread`, ranks as fitness."""
    from evosax.algorithms import Open_ES

    schedule = optax.constant_schedule(spread)
    return Open_ES(setting.population, weights, optimizer=optax.adam(rate), std_schedule=schedule)


@partial(jax.jit, static_argnames="setting")
def advance(
    setting: Setting, task: Floats, weights: Any, rate: Any, spread: Any, key: Any, state: Any, start: jax.Array
) -> Any:
    """The state a chunk of generations later."""
    algorithm = open_es(setting, weights, rate, spread)

    def one(number: jax.Array, state: Any) -> Any:
        ask, tell, episodes = jax.random.split(jax.random.fold_in(key, number), 3)
        candidates, state = algorithm.ask(ask, state, algorithm.default_params)
        returns = jax.vmap(lambda each: task.evaluate(episodes, perceptron, each))(candidates)
        return algorithm.tell(tell, candidates, -returns.astype(jnp.float32), state, algorithm.default_params)[0]

    return jax.lax.fori_loop(start, start + setting.chunk, one, state)


def floats(
    environment: str, setting: Setting, seed: int, rate: float, spread: float, seconds: float | None = None
) -> dict[str, dict[str, float]]:
    """One run of Open_ES: what its mean comes to after as many evaluations, and after so many seconds, compiled.

    seconds: None for choosing rates, which is done with the evaluations of one attempt.
    """
    wanted = setting.generations * (1 if seconds is None else setting.attempts)
    like = parts(environment, setting, seed)[0]
    task = Floats(**{name: getattr(like, name) for name in Control.__dataclass_fields__})
    space = task.environment.action_space(task.params)
    outputs = int(space.n) if hasattr(space, "n") else int(np.prod(space.shape))
    sizes = (task.thresholds.shape[-1], setting.hidden, outputs)
    first, init_key, run_key = jax.random.split(jax.random.key(seed), 3)
    weights = [
        (jax.random.normal(key, (i, o)) / i**0.5, jnp.zeros(o))
        for key, i, o in zip(jax.random.split(first, 2), sizes[:-1], sizes[1:], strict=True)
    ]
    rates = jnp.float32(rate), jnp.float32(spread)
    algorithm = open_es(setting, weights, *rates)
    state = jax.tree.map(jnp.asarray, algorithm.init(init_key, weights, algorithm.default_params))
    step = partial(advance, setting, task, weights, *rates, run_key)
    jax.block_until_ready(step(step(state, jnp.int32(0)), jnp.int32(0)))  # compile, before the clock starts
    clock, done = time.perf_counter(), 0
    seen: dict[str, tuple[dict[str, float], Any]] = {}
    while len(seen) < 2:
        state = jax.block_until_ready(step(state, jnp.int32(done)))
        done += setting.chunk
        spent = time.perf_counter() - clock
        about = {"seconds without compiling": round(spent, 1), "evaluations": done * setting.population}
        due = {"equal evaluations": done >= wanted, "equal seconds": spent >= (seconds or 0)}
        seen |= {kind: (about, algorithm.get_mean(state)) for kind in due if due[kind] and kind not in seen}
    whole = dataclasses.replace(task, steps=int(task.params.max_steps_in_episode))
    return {
        kind: {
            **about,
            "return": round(whole.score(perceptron, mean, JUDGED), 2),
            "validation": round(float(_validate(task, mean)) / task.judged, 2),
        }
        for kind, (about, mean) in seen.items()
    }


@jax.jit
def _validate(task: Floats, weights: Any) -> jax.Array:
    return task.validate(perceptron, weights)


def draw(rows: dict[str, Any]) -> None:
    """A panel an environment: a dot a run, the target as a line."""
    from matplotlib.figure import Figure

    kinds = {"trits": "#0072B2", "equal evaluations": "#E69F00", "equal seconds": "#8C8C8C"}
    names = list(dict.fromkeys(row["environment"] for row in rows.values()))
    figure = Figure(figsize=(2.5 * len(names), 3), layout="constrained")
    for panel, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for place, (kind, colour) in enumerate(kinds.items()):
            values = [value for row in rows.values() if row["environment"] == name for value in returns(row, kind)]
            panel.plot([place] * len(values), values, "o", color=colour, alpha=0.7)
        target = SETTINGS[name].target
        if target is not None:
            panel.axhline(target, color="#009E73", linewidth=1, linestyle="--")
        panel.set_xticks(range(3), ["trits", "ES, equal\nevaluations", "ES, equal\nseconds"], fontsize=7)
        panel.set_xlim(-0.5, 2.5)
        panel.set_title(name, fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("mean return, 100 fresh episodes")
    figure.savefig(record.RESULTS / "control.png", dpi=110)


def returns(row: dict[str, Any], kind: str) -> list[float]:
    """The return that a row has of this kind, if it has one."""
    found = row["result"] if kind == "trits" and row["kind"] == "trits" else row["result"].get(kind)
    return [found["return"]] if found and "return" in found else []


def outdated(row: dict[str, Any], environment: str, rate: float, spread: float) -> bool:
    """Whether it is one of Open_ES with other rates than those that were chosen."""
    same = (row.get("rate"), row.get("spread")) == (rate, spread)
    return row["kind"] == "floats" and row["environment"] == environment and not same


def main() -> None:
    """Print a line a run; write experiments/results/control.json and control.png."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    chosen = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)  # seconds include compilation
    try:
        rows = record.read("control")["results"]["rows"]
    except (OSError, KeyError):
        rows = {}

    def kept(environment: str, kind: str, seed: int, work: Any, **more: Any) -> dict[str, Any]:
        label = ", ".join([environment, kind, f"seed {seed}", *map(str, more.values())])
        about = {"environment": environment, "kind": kind, "seed": seed, "setting": SETTINGS[environment]._asdict()}
        about |= more
        known = rows.get(label, {})
        same = "setting" in known and Setting(**known["setting"]) == SETTINGS[environment]
        if not same or {name: known[name] for name in more} != more:
            rows[label] = {**about, "result": work()}
            record.write("control", {"rows": rows})
        shown = {name: value for name, value in rows[label]["result"].items() if name not in ("median", "best")}
        print(label, shown, flush=True)
        return rows[label]["result"]

    for environment in chosen.environments:
        setting = SETTINGS[environment]
        work = [partial(trits, environment, setting, seed) for seed in chosen.seeds]
        seconds = [
            kept(environment, "trits", seed, job)["seconds without compiling"]
            for seed, job in zip(chosen.seeds, work, strict=True)
        ]
        tried = {}
        for rate, spread in RATES:
            job = partial(floats, environment, setting, TUNING, rate, spread)
            looks = kept(environment, "tuning", TUNING, job, rate=rate, spread=spread)
            tried[rate, spread] = [looks[kind]["validation"] for kind in ("equal evaluations", "equal seconds")]
        rate, spread = max(tried, key=tried.__getitem__)  # of equal ones, that which was better after a chunk
        others = [label for label, row in rows.items() if outdated(row, environment, rate, spread)]
        for label in others:
            del rows[label]
        for seed, spent in zip(chosen.seeds, seconds, strict=True):
            job = partial(floats, environment, setting, seed, rate, spread, spent)
            kept(environment, "floats", seed, job, rate=rate, spread=spread)
    draw({label: row for label, row in rows.items() if row["kind"] != "tuning"})


if __name__ == "__main__":
    main()
