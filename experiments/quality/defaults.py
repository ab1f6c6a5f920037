"""What the settings of every strategy buy, at equal evaluations: where the defaults come from, and an ablation.

    python -m experiments.quality.defaults
    python -m experiments.quality.defaults --strategies genetic --problems parity

Every arm is a strategy with some options, at each of some rates. It gets 204,800 evaluations of individuals on three
problems: digits (two trits a pixel, 128-32-10, 128 samples a generation; judged on a validation part of the training
data, another split for every seed), parity of 6 bits (6-32-1) and addition of 4-bit numbers (8-64-5), judged on the
whole table, which is all that there is. Test data are never looked at. Arms with a schedule multiply the mutation rate
by one factor after another, in stages of equal length.

The defaults of a strategy are those with the best mean of the three problems, among arms that any task can serve:
without a schedule, without a selection that asks for the fitness of every case, and with the population that OPTIONS
names, since how large a one pays depends on the device.
"""

import argparse
import itertools
import statistics
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import jax

import tejax
from experiments import record
from experiments.quality.thresholds import training_part
from tejax.core import pytrees
from tejax.strategies._shared import as_traced
from tejax.types import Network, Strategy

EVALUATIONS = 204_800
SEEDS = (0, 1, 2)
PROBLEMS = ("digits", "parity", "addition")
MUTATION = {"mutation": [0.001, 0.004]}
CHANGES = {"changes": [1.0, 2.0, 4.0, 8.0]}
CASES = ("sharing", "lexicase")  # selections that not every task can serve: they ask for the fitness of every case

# what an arm has where it says nothing else; these are not the strategies' defaults, which follow from the results
OPTIONS: dict[str, dict[str, Any]] = {
    "genetic": {
        "population": 512,
        "elites": 8,
        "selection": "tournament",
        "tournament": 8,
        "crossover": "uniform",
        "mutation": "flip",
        "adaptive": False,
    },
    "categorical": {"population": 512},
    "hill_climb": {"population": 512, "climbers": 64, "mutation": "single", "patience": None},
    "map_elites": {"population": 512, "cells": 64, "crossover": "uniform", "mutation": "flip"},
    "low_rank": {"population": 4096, "rank": 1},
}
RATES: dict[str, dict[str, float]] = {
    "genetic": {"crossover": 1.0},
    "categorical": {"step": 0.1, "floor": 0.0005, "start": 0.0},
    "hill_climb": {},
    "map_elites": {"crossover": 0.5},
    "low_rank": {"density": 0.1, "threshold": 3.5},
}


class Arm(NamedTuple):
    """Options that are not those above, and rates of which every combination is tried."""

    options: dict[str, Any]
    rates: dict[str, list[float]]  # those of the strategy, or "changes": trits that a mutation changes in the mean
    schedule: tuple[float, ...] = (1.0,)  # factors on the mutation rate


ARMS: dict[str, list[Arm]] = {
    "genetic": [
        Arm({}, {"mutation": [0.0005, 0.001, 0.002, 0.004, 0.008], "crossover": [0.0, 1.0]}),
        *(Arm({"tournament": size}, MUTATION) for size in (2, 4, 16, 32)),
        *(Arm({"elites": count}, MUTATION) for count in (0, 1, 64)),
        *(Arm({"crossover": kind}, MUTATION) for kind in ("one_point", "two_point", "by_neuron")),
        *(Arm({"selection": kind}, MUTATION) for kind in ("truncation", "rank", *CASES)),
        *(Arm({"mutation": kind}, MUTATION) for kind in ("step", "reset")),
        *(Arm({"population": size}, MUTATION) for size in (128, 2048)),
        Arm({"adaptive": True}, MUTATION),
        Arm({}, MUTATION, schedule=(2.0, 1.0, 0.5)),
        Arm({}, MUTATION, schedule=(4.0, 1.0, 0.25)),
        *(
            Arm({"tournament": size, "crossover": kind}, CHANGES)
            for size, kind in itertools.product((4, 8), ("uniform", "by_neuron"))
        ),
        Arm({"elites": 1}, CHANGES),
        Arm({"selection": "sharing"}, CHANGES),
    ],
    "categorical": [
        Arm({}, {"step": [0.05, 0.1, 0.2], "floor": [0.0005, 0.004], "start": [0.0, 0.5]}),
        *(Arm({"population": size}, {"step": [0.05, 0.1, 0.2]}) for size in (128, 2048)),
        *(Arm({"population": size}, {"step": [0.05, 0.1], "start": [0.5]}) for size in (128, 256)),
    ],
    "hill_climb": [
        *(Arm({"climbers": count}, {"mutation": [1.0]}) for count in (1, 4, 16, 64)),
        Arm({"climbers": 64, "patience": 100}, {"mutation": [1.0]}),
        *(Arm({"climbers": count, "mutation": "flip"}, {"mutation": [0.001, 0.004, 0.016]}) for count in (4, 16, 64)),
        *(
            Arm({"climbers": count, "mutation": "flip"}, changes)
            for changes, count in itertools.product((CHANGES, {"changes": [16.0]}), (1, 4, 16))
        ),
    ],
    "map_elites": [
        Arm({}, {"mutation": [0.001, 0.002, 0.004], "crossover": [0.5, 1.0]}),
        Arm({"cells": 16}, {"mutation": [0.002, 0.004]}),
        *(Arm({"cells": count}, CHANGES) for count in (64, 256)),
        Arm({"crossover": "by_neuron"}, CHANGES),
    ],
    "low_rank": [
        Arm({}, {"density": [0.03, 0.1, 0.3], "threshold": [2.5, 3.5]}),
        Arm({}, {"density": [0.01, 0.03], "threshold": [1.5, 2.0]}),
        Arm({"population": 1024}, {"threshold": [2.5, 3.5]}),
        Arm({"rank": 4}, {"threshold": [2.5, 3.5]}),
    ],
}


@cache
def problem(name: str, seed: int) -> tuple[Network, Any]:
    """Network and task; the seed is that of the split."""
    if name == "digits":
        task, hidden = tejax.tasks.classification(*training_part(), batch=128, seed=seed), 32
    elif name == "parity":
        task, hidden = tejax.tasks.parity(6), 32
    else:
        task, hidden = tejax.tasks.addition(4), 64
    return _network((task.features, hidden, task.outputs)), task


@cache  # the same object for every seed, so that one program serves all
def _network(sizes: tuple[int, ...]) -> Network:
    return tejax.networks.MLP(sizes)


def measure(kind: str, arm: Arm, name: str) -> list[dict[str, Any]]:
    """A row for each combination of rates: a score for every seed."""
    strategy = tejax.strategies.REGISTRY[kind](**OPTIONS[kind] | arm.options)
    named = [dict(zip(arm.rates, values, strict=True)) for values in itertools.product(*arm.rates.values())]
    size = pytrees.size(jax.eval_shape(problem(name, 0)[0].init, jax.random.key(0)))
    settings = [_rates(strategy, RATES[kind] | rates, size) for rates in named]
    scores: list[list[float]] = [[] for _ in settings]
    for seed in SEEDS:
        for place, score in enumerate(_scores(strategy, arm, settings, *problem(name, seed), seed)):
            scores[place].append(round(score, 4))
    return [
        {"options": arm.options, "rates": rates, "schedule": arm.schedule, "scores": row}
        for rates, row in zip(named, scores, strict=True)
    ]


def _rates(strategy: Strategy, given: dict[str, Any], size: int) -> Any:
    """The strategy's rates; changes become the probability that a trit of a genome of this size is changed."""
    rates = {name: rate for name, rate in given.items() if name in strategy.rates._fields}
    return strategy.rates._replace(**rates | ({"mutation": given["changes"] / size} if "changes" in given else {}))


def _scores(
    strategy: Strategy, arm: Arm, settings: list[Any], network: Network, task: Any, seed: int
) -> Iterator[float]:
    generations = EVALUATIONS // strategy.population
    if len(arm.schedule) == 1:
        swept = tejax.sweep(strategy, network, task, rates=settings, seeds=[seed], generations=generations, chunk=100)
        yield from (row["accuracy"] for row in swept.rows)
        return
    key = jax.random.key(seed)
    for setting in settings:
        state = tejax.evolution.first_state(strategy, network, task, key, setting)
        for stage, factor in enumerate(arm.schedule, 1):
            paced = as_traced(setting._replace(mutation=setting.mutation * factor))
            result = tejax.evolve(
                jax.random.fold_in(key, stage),
                strategy,
                network,
                task,
                generations=generations // len(arm.schedule),
                chunk=100,
                start=state._replace(rates=paced),
            )
            state = result.state
        yield task.accuracy(network.apply, result.best)


def label(kind: str, arm: Arm, name: str) -> str:
    """The name of a row in the record."""
    words = [f"{option} {value}" for option, value in arm.options.items()]
    words += [f"schedule {'/'.join(f'{factor:g}' for factor in arm.schedule)}"] * (len(arm.schedule) > 1)
    words += [f"{rate} {'/'.join(f'{value:g}' for value in values)}" for rate, values in arm.rates.items()]
    return f"{kind} | {', '.join(words)} | {name}"


def main() -> None:
    """Measure what is missing, print a line an arm, write experiments/results/defaults.json after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strategies", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--problems", nargs="+", default=PROBLEMS, choices=PROBLEMS)
    chosen = parser.parse_args()
    jobs = {
        label(kind, arm, name): partial(measure, kind, arm, name)
        for kind in chosen.strategies
        for arm, name in itertools.product(ARMS[kind], chosen.problems)
        if (arm.options.get("selection"), name) != ("lexicase", "addition")  # 1,280 cases would take hours
    }
    settings = {"evaluations": EVALUATIONS, "seeds": SEEDS, "options": OPTIONS, "rates": RATES}
    for mark, rows in record.collect("defaults", settings, jobs).items():
        best = max(rows, key=lambda row: statistics.mean(row["scores"]))
        print(f"{mark}: {statistics.mean(best['scores']):.4f} at {best['rates']}")


if __name__ == "__main__":
    main()
