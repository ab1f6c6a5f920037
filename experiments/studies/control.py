"""Policies of trits in gymnax's environments, beside float policies of the same shape evolved by evosax's Open_ES.

    python -m experiments.studies.control
    python -m experiments.studies.control --environment CartPole-v1 --seed 0 1

A run evolves a policy on episodes that a generation draws, chooses among its candidates in episodes of validation, and
is scored once, by the mean return in 100 fresh episodes; the seed is that of the evolution, of the recording that sets
the thresholds, and of all episodes. Seconds are those of a whole run and of compiling, which is done once.
Open_ES (Salimans et al. 2017, in evosax, Lange 2022) has the same population, episodes and hidden neurons, tanh in
float32 on observations standardized by the same recording, and its answer is its mean; it is scored when it has had as
many evaluations, and when it has had as many seconds. Its learning rate and its deviation are, for each environment,
those of TRIED that had the best return in validation for a seed that is not among the measured ones.
"""

import dataclasses
import time
from functools import cache, partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments import floats, pictures, record
from experiments.record import Row
from experiments.render import grouped, values
from experiments.study import Study, timed
from tejax.networks import MLP
from tejax.tasks import Control
from tejax.types import Network, Strategy

TUNING = 100  # the seed that the rates of Open_ES are chosen with
TRIED = [(0.01, 0.05), (0.03, 0.1), (0.1, 0.3)]  # Open_ES: learning rate of Adam, deviation
EPISODES = 100  # fresh ones
DEFAULTS: Row = {
    "target": None,  # that the mean return shall reach
    "generations": 32,  # of an attempt
    "attempts": 1,  # of which the one with the best candidate counts
    "population": 256,
    "episodes": 8,
    "trits": 4,
    "hidden": 16,
    "mutation_rate": 0.02,
    "action_trits": 3,
    "steps": None,  # where evolution cuts an episode off; whole ones are scored
    "eval_episodes": 100,  # in which candidates are compared
    "chunk": 4,
}
ENVIRONMENTS: dict[str, Row] = {
    "CartPole-v1": DEFAULTS | {"target": 500, "generations": 40, "eval_episodes": 300},
    "Acrobot-v1": DEFAULTS | {"target": -90, "steps": 200},
    "MountainCar-v0": DEFAULTS | {"target": -115, "trits": 8},
    "Pendulum-v1": DEFAULTS
    | {"target": -200, "generations": 320, "attempts": 3, "trits": 10, "mutation_rate": 0.004, "action_trits": 1},
    "Breakout-MinAtar": DEFAULTS
    | {"generations": 160, "episodes": 4, "trits": 1, "mutation_rate": 0.001, "steps": 300, "eval_episodes": 10},
}


def parts(environment: str, setting: Row, seed: int) -> tuple[Control, Network, Strategy]:
    """Task, network and strategy of a setting; also of MuJoCo Playground's."""
    options = {name: setting[name] for name in ("episodes", "trits", "action_trits", "eval_episodes")}
    task = tejax.tasks.control(environment, steps=setting.get("steps"), episode_seed=seed, **options)
    network = MLP((task.features, setting["hidden"], task.outputs), engine="int8")  # few rows a network
    rate = setting["mutation_rate"]
    return (
        task,
        network,
        tejax.strategies.Genetic(setting["population"], tournament=8, crossover="by_neuron", mutation_rate=rate),
    )


def trits(environment: str, setting: Row, seed: int) -> Row:
    """One run of tejax, and how it scores."""
    before = _compiling(environment, tuple(setting.items()))
    seconds, (task, network, result) = _evolved(environment, setting, seed, setting["generations"], setting["attempts"])
    return {
        "return": round(_whole(task).score(network, result.best, EPISODES), 2),
        "validation": round(result.fitness * task.resolution / task.eval_episodes, 2),
        "seconds": round(before + seconds, 1),
        "seconds without compiling": seconds,
        "evaluations": result.evaluations * setting["attempts"],
        "trits": tejax.pytrees.size(result.best),
        "median": [round(float(value) / task.scale, 1) for value in result.history.median],
        "best": tejax.pytrees.fingerprint(result.best),
    }


def _evolved(
    environment: str, setting: Row, seed: int, generations: int, attempts: int = 1
) -> tuple[float, tuple[Control, Network, tejax.Result]]:
    """Seconds, the task, the network and the result of the best attempt."""

    def run() -> tuple[Control, Network, tejax.Result]:
        task, network, strategy = parts(environment, setting, seed)
        keys = [jax.random.key(seed + 1000 * number) for number in range(attempts)]
        options = {"generations": generations, "chunk": setting["chunk"]}
        results = [tejax.evolve(key, strategy, network, task, **options) for key in keys]
        return task, network, max(results, key=lambda each: each.fitness)  # in validation

    return timed(run)


@cache
def _compiling(environment: str, items: tuple[tuple[str, Any], ...]) -> float:
    """Seconds of a first run of a single chunk: they are counted as those of compiling."""
    setting = dict(items)
    return _evolved(environment, setting, TUNING, setting["chunk"])[0]


def _whole(task: Control) -> Control:
    """The task whose episodes are not cut off."""
    return dataclasses.replace(task, steps=int(task.params.max_steps_in_episode))


class Floats(Control):
    """The same episodes for a float policy: it sees standardized numbers, and answers with floats."""

    def encode(self, observation: jax.Array) -> jax.Array:
        """Observations [..., N], by the middle and the spread of the quantiles that were recorded."""
        limits = self.thresholds.reshape(-1, self.thresholds.shape[-1])
        deviation = jnp.std(limits, axis=0)
        return (observation - jnp.mean(limits, axis=0)) / jnp.where(deviation > 0, deviation, 1)

    def act(self, outputs: jax.Array) -> jax.Array:
        """The action of the highest output, or tanh between low and high."""
        space = self.environment.action_space(self.params)
        if hasattr(space, "n"):
            return jnp.argmax(outputs, axis=-1).astype(jnp.int32)
        return (space.low + space.high) / 2 + jnp.tanh(outputs) * (space.high - space.low) / 2


FIELDS = [field.name for field in dataclasses.fields(Control)]
DATA = ["params", "thresholds", "seed"]
jax.tree_util.register_dataclass(Floats, data_fields=DATA, meta_fields=[name for name in FIELDS if name not in DATA])


@dataclasses.dataclass(frozen=True)
class Perceptron:
    """A float policy in the place of a network, which it is not: its genome is its weights, its outputs are float."""

    features: tuple[int, ...]
    reads: ClassVar[str] = "rows"

    def apply(self, genome: Any, x: jax.Array) -> jax.Array:
        """Outputs [..., O]."""
        return floats.apply(genome, x)


@partial(jax.jit, static_argnames=("population", "chunk", "network"))
def _advance(
    population: int, chunk: int, network: Any, task: Floats, like: Any, rates: Any, key: Any, state: Any, start: Any
) -> Any:
    """The state a chunk of generations later."""
    algorithm = floats.algorithm("Open_ES", population, like, *rates)

    def one(number: jax.Array, state: Any) -> Any:
        ask, tell, episodes = jax.random.split(jax.random.fold_in(key, number), 3)
        candidates, state = algorithm.ask(ask, state, algorithm.default_params)
        returns = jax.vmap(lambda each: task.evaluate(episodes, network, each))(candidates)
        return algorithm.tell(tell, candidates, -returns.astype(jnp.float32), state, algorithm.default_params)[0]

    return jax.lax.fori_loop(start, start + chunk, one, state)


def open_es(environment: str, setting: Row, seed: int, rates: tuple[float, float], seconds: float | None = None) -> Row:
    """One run of Open_ES: what its mean comes to after as many evaluations, and after so many seconds, compiled.

    seconds: None for choosing rates, which is done with the evaluations of one attempt.
    """
    wanted = setting["generations"] * (1 if seconds is None else setting["attempts"])
    like = parts(environment, setting, seed)[0]
    task = Floats(**{name: getattr(like, name) for name in FIELDS})
    space = task.environment.action_space(task.params)
    outputs = int(space.n) if hasattr(space, "n") else int(np.prod(space.shape))
    network = Perceptron((task.thresholds.shape[-1], setting["hidden"], outputs))
    first, init_key, run_key = jax.random.split(jax.random.key(seed), 3)
    weights = floats.weights(jax.random.split(first, 2), network.features)
    traced = tuple(map(jnp.float32, rates))
    algorithm = floats.algorithm("Open_ES", setting["population"], weights, *traced)
    state = floats.first_state(algorithm, "Open_ES", setting["population"], weights, init_key, run_key)
    step = partial(_advance, setting["population"], setting["chunk"], network, task, weights, traced, run_key)
    jax.block_until_ready(step(step(state, jnp.int32(0)), jnp.int32(0)))  # compile, before the clock starts
    clock, done = time.perf_counter(), 0
    looks: dict[str, tuple[Row, Any]] = {}
    while len(looks) < 2:
        state = jax.block_until_ready(step(state, jnp.int32(done)))
        done += setting["chunk"]
        spent = time.perf_counter() - clock
        cost = {"seconds without compiling": round(spent, 1), "evaluations": done * setting["population"]}
        due = {"equal evaluations": done >= wanted, "equal seconds": spent >= (seconds or 0)}
        looks |= {kind: (cost, algorithm.get_mean(state)) for kind in due if due[kind] and kind not in looks}

    def row(cost: Row, mean: Any) -> Row:
        validated = float(_validate(network, task, mean)) / task.eval_episodes
        scored = round(_whole(task).score(network, mean, EPISODES), 2)
        return {**cost, "return": scored, "validation": round(validated, 2)}

    return {kind: row(*look) for kind, look in looks.items()}


@partial(jax.jit, static_argnames="network")
def _validate(network: Any, task: Floats, weights: Any) -> jax.Array:
    return task.validate(network, weights)


def measure(settings: dict[str, Any], environment: str, kind: str, seed: int) -> Row:
    """A run of trits, three of Open_ES at the seed that chooses its rates, or one at the rates that were chosen."""
    setting = settings["environments"][environment]
    if kind == "trits":
        return trits(environment, setting, seed)
    if kind == "tuning":
        return [
            {"learning_rate": rates[0], "deviation": rates[1], **open_es(environment, setting, seed, rates)}
            for rates in TRIED
        ]
    known = [row for row in record.read("control").rows if row["environment"] == environment]
    tuned = [row for row in known if row["kind"] == "tuning"]
    # of equal ones, that which was better after a chunk
    best = max(tuned, key=lambda row: [row[look]["validation"] for look in ("equal evaluations", "equal seconds")])
    rates = best["learning_rate"], best["deviation"]
    [spent] = [row["seconds without compiling"] for row in known if (row["kind"], row["seed"]) == ("trits", seed)]
    return {"learning_rate": rates[0], "deviation": rates[1], **open_es(environment, setting, seed, rates, spent)}


def _left_out(environment: str, kind: str, seed: int) -> bool:
    return (kind == "tuning") != (seed == TUNING)


KINDS = {  # what a dot is -> its column in a row
    "trits": "return",
    "floats, equal evaluations": ("equal evaluations", "return"),
    "floats, equal seconds": ("equal seconds", "return"),
}


def draw(rows: list[Row]) -> Any:
    """A panel an environment: a dot a run, the target as a line."""
    groups = grouped([row for row in rows if row["kind"] != "tuning"], "environment")
    figure, axes = pictures.panels(1, len(groups), 2.1, 3.2)
    for panel, (name, some) in zip(axes[0], groups.items(), strict=True):
        for place, (kind, path) in enumerate(KINDS.items()):
            returns = values(some, path)
            panel.plot([place] * len(returns), returns, "o", color=pictures.COLOURS[place], alpha=0.7, label=kind)
        if (target := ENVIRONMENTS[name]["target"]) is not None:
            panel.axhline(target, color="black", linewidth=1, linestyle="--", label="target")
        panel.set(xticks=[], xlim=(-0.5, 2.5))
        panel.set_title(name, loc="left", fontsize=10)
    axes[0, 0].set_ylabel("mean return, 100 fresh episodes")
    pictures.legend(figure, axes[0, 0], columns=4)
    return figure


QUICK: Row = {"generations": 4, "attempts": 1, "population": 16, "episodes": 1, "steps": 20, "eval_episodes": 4}
STUDY = Study(
    "control",
    measure,
    {"environments": ENVIRONMENTS},
    {"environment": list(ENVIRONMENTS), "kind": ["trits", "tuning", "floats"], "seed": [0, 1, 2, 3, 4, TUNING]},
    left_out=_left_out,
    quick={
        "environments": {name: setting | QUICK for name, setting in ENVIRONMENTS.items()},
        "environment": ["CartPole-v1", "Pendulum-v1"],
        "seed": [0, TUNING],
    },
    draw=draw,
    compiles=True,
)

if __name__ == "__main__":
    STUDY.main()
