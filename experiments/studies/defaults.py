"""What the settings of every strategy buy, at equal evaluations: where the defaults come from, and an ablation.

    python -m experiments.studies.defaults
    python -m experiments.studies.defaults --strategy genetic --problem parity

Every arm is a strategy with some options, at each of some rates. It gets 204,800 evaluations of individuals on three
problems: digits (two trits a pixel, 128-32-10, 128 samples a generation; scored on a validation part of the training
data, another split for every seed), parity of 6 bits (6-32-1) and addition of 4-bit numbers (8-64-5), scored on the
whole table, which is all that there is. Test data are never looked at. Arms with a schedule multiply the mutation rate
by one factor after another, in stages of equal length.

The defaults of a strategy are those with the best mean of the three problems, among arms that any task can serve:
without a schedule, without a selection that asks for the fitness of every case, and with the population that OPTIONS
names, since how large a one pays depends on the device.
"""

import itertools
import json
import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax

import tejax
from experiments import record
from experiments.record import Row
from experiments.studies.thresholds import training_part
from experiments.study import Study
from tejax.core import pytrees
from tejax.registry import STRATEGIES
from tejax.types import Network, Strategy, Task

PROBLEMS = ("digits", "parity", "addition")
MUTATION = {"mutation_rate": [0.001, 0.004]}
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
    "genetic": {"crossover_rate": 1.0},
    "categorical": {"learning_rate": 0.1, "min_prob": 0.0005, "init_weight": 0.0},
    "hill_climb": {},
    "map_elites": {"crossover_rate": 0.5},
    "low_rank": {"density": 0.1, "threshold": 3.5},
}


class Arm(NamedTuple):
    """Options that are not those above, and rates of which every combination is tried."""

    options: dict[str, Any]
    rates: dict[str, list[float]]  # those of the strategy, or "changes": trits that a mutation changes in the mean
    schedule: tuple[float, ...] = (1.0,)  # factors on the mutation rate

    def words(self) -> str:
        """The name of the arm in the record."""
        words = [f"{option} {value}" for option, value in self.options.items()]
        words += _schedule(self.schedule)
        words += [f"{rate} {'/'.join(f'{value:g}' for value in values)}" for rate, values in self.rates.items()]
        return ", ".join(words)


def _schedule(factors: tuple[float, ...]) -> list[str]:
    return [f"schedule {'/'.join(f'{factor:g}' for factor in factors)}"] if len(factors) > 1 else []


def _each(rates: dict[str, list[float]], **options: Any) -> list[Arm]:
    """An arm for each combination of options."""
    return [Arm(dict(zip(options, values, strict=True)), rates) for values in itertools.product(*options.values())]


FLIPS = {"mutation_rate": [0.001, 0.004, 0.016]}
ARMS: dict[str, list[Arm]] = {
    "genetic": [
        Arm({}, {"mutation_rate": [0.0005, 0.001, 0.002, 0.004, 0.008], "crossover_rate": [0.0, 1.0]}),
        *_each(MUTATION, tournament=(2, 4, 16, 32)),
        *_each(MUTATION, elites=(0, 1, 64)),
        *_each(MUTATION, crossover=("one_point", "two_point", "by_neuron")),
        *_each(MUTATION, selection=("truncation", "rank", *CASES)),
        *_each(MUTATION, mutation=("step", "reset")),
        *_each(MUTATION, population=(128, 2048)),
        *_each(MUTATION, adaptive=(True,)),
        Arm({}, MUTATION, schedule=(2.0, 1.0, 0.5)),
        Arm({}, MUTATION, schedule=(4.0, 1.0, 0.25)),
        *_each(CHANGES, tournament=(4, 8), crossover=("uniform", "by_neuron")),
        *_each(CHANGES, elites=(1,)),
        *_each(CHANGES, selection=("sharing",)),
    ],
    "categorical": [
        Arm({}, {"learning_rate": [0.05, 0.1, 0.2], "min_prob": [0.0005, 0.004], "init_weight": [0.0, 0.5]}),
        *_each({"learning_rate": [0.05, 0.1, 0.2]}, population=(128, 2048)),
        *_each({"learning_rate": [0.05, 0.1], "init_weight": [0.5]}, population=(128, 256)),
    ],
    "hill_climb": [
        *_each({"mutation_rate": [1.0]}, climbers=(1, 4, 16, 64)),
        Arm({"climbers": 64, "patience": 100}, {"mutation_rate": [1.0]}),
        *_each(FLIPS, climbers=(4, 16, 64), mutation=("flip",)),
        *_each(CHANGES, climbers=(1, 4, 16), mutation=("flip",)),
        *_each({"changes": [16.0]}, climbers=(1, 4, 16), mutation=("flip",)),
    ],
    "map_elites": [
        Arm({}, {"mutation_rate": [0.001, 0.002, 0.004], "crossover_rate": [0.5, 1.0]}),
        *_each({"mutation_rate": [0.002, 0.004]}, cells=(16,)),
        *_each(CHANGES, cells=(64, 256)),
        *_each(CHANGES, crossover=("by_neuron",)),
    ],
    "low_rank": [
        Arm({}, {"density": [0.03, 0.1, 0.3], "threshold": [2.5, 3.5]}),
        Arm({}, {"density": [0.01, 0.03], "threshold": [1.5, 2.0]}),
        *_each({"threshold": [2.5, 3.5]}, population=(1024,)),
        *_each({"threshold": [2.5, 3.5]}, rank=(4,)),
    ],
}


def make_problem(name: str, seed: int) -> tuple[Network, Task]:
    """Network and task; the seed is that of the split."""
    if name == "digits":
        task, hidden = tejax.tasks.classification(*training_part(), samples=128, split_seed=seed), 32
    elif name == "parity":
        task, hidden = tejax.tasks.parity(6), 32
    else:
        task, hidden = tejax.tasks.addition(4), 64
    return tejax.networks.MLP((task.features, hidden, task.outputs)), task


def measure(settings: dict[str, Any], strategy: str, arm: str, problem: str) -> list[Row]:
    """A row for each combination of rates: a score for every seed."""
    chosen = next(each for each in ARMS[strategy] if each.words() == arm)
    made = STRATEGIES.get(strategy)(**settings["options"][strategy] | chosen.options)
    named = [dict(zip(chosen.rates, values, strict=True)) for values in itertools.product(*chosen.rates.values())]
    size = pytrees.size(jax.eval_shape(make_problem(problem, 0)[0].init, jax.random.key(0)))
    tried = [_rates(made, settings["rates"][strategy] | rates, size) for rates in named]
    scores: list[list[float]] = [[] for _ in tried]
    generations = settings["evaluations"] // made.population
    for seed in settings["seeds"]:
        for place, score in enumerate(_scores(made, chosen, tried, *make_problem(problem, seed), seed, generations)):
            scores[place].append(round(score, 4))
    return [
        {"options": chosen.options, "rates": rates, "schedule": chosen.schedule, "scores": row}
        for rates, row in zip(named, scores, strict=True)
    ]


def _rates(strategy: Strategy, given: dict[str, Any], size: int) -> dict[str, Any]:
    """The strategy's rates; changes become the probability that a trit of a genome of this size is changed."""
    rates = {**strategy.rates, **{name: rate for name, rate in given.items() if name in strategy.rates}}
    return rates | ({"mutation_rate": given["changes"] / size} if "changes" in given else {})


def _scores(
    strategy: Strategy, arm: Arm, tried: list[dict[str, Any]], network: Network, task: Task, seed: int, generations: int
) -> Iterator[float]:
    if len(arm.schedule) == 1:
        swept = tejax.sweep(strategy, network, task, rates=tried, seeds=[seed], generations=generations, chunk=100)
        yield from (row["accuracy"] for row in swept.rows)
        return
    key = jax.random.key(seed)
    for rates in tried:
        state = tejax.evolution.first_state(strategy, network, task, key, rates)
        for stage, factor in enumerate(arm.schedule, 1):
            staged = {**rates, "mutation_rate": rates["mutation_rate"] * factor}
            result = tejax.evolve(
                jax.random.fold_in(key, stage),
                strategy,
                network,
                task,
                generations=generations // len(arm.schedule),
                chunk=100,
                start=state._replace(rates={name: jax.numpy.float32(rate) for name, rate in staged.items()}),
            )
            state = result.state
        yield task.report(network, result.best)["accuracy"]


def _left_out(strategy: str, arm: str, problem: str) -> bool:
    """Arms of other strategies, and lexicase on addition, whose 1,280 cases would take hours."""
    known = arm in [each.words() for each in ARMS[strategy]]
    return not known or ("lexicase" in arm and problem == "addition")


STUDY = Study(
    "defaults",
    measure,
    {"evaluations": 204_800, "seeds": [0, 1, 2], "options": OPTIONS, "rates": RATES},
    {
        "strategy": list(ARMS),
        "arm": list(dict.fromkeys(arm.words() for arms in ARMS.values() for arm in arms)),
        "problem": PROBLEMS,
    },
    left_out=_left_out,
    quick={
        "evaluations": 16_384,
        "seeds": [0],
        "problem": ["parity"],
        "arm": [Arm({}, MUTATION, (2.0, 1.0, 0.5)).words(), *(arms[-1].words() for arms in ARMS.values())],
    },
)


class Setting(NamedTuple):
    """One setting of a strategy and what it reached."""

    strategy: str
    options: dict[str, Any]
    rates: dict[str, float]
    schedule: list[float]
    scores: dict[str, float]  # problem -> the mean of the seeds

    @property
    def mean(self) -> float:
        """Of all problems."""
        return statistics.mean(self.scores[problem] for problem in PROBLEMS)

    @property
    def general(self) -> bool:
        """Whether any task can serve it, it needs no stages, and its population is the usual one."""
        usual = self.options["population"] == OPTIONS[self.strategy]["population"]
        return usual and len(self.schedule) == 1 and self.options.get("selection") not in CASES

    def words(self, rates: bool = True) -> str:
        """What of it is not as in OPTIONS, and its rates."""
        usual = OPTIONS[self.strategy]
        other = [f"{name} {value}" for name, value in self.options.items() if value != usual[name]]
        other += _schedule(tuple(self.schedule))
        return ", ".join([*other, *(f"{name} {value:g}" for name, value in self.rates.items() if rates)])


def measured(strategy: str, whole: bool = True) -> list[Setting]:
    """Every setting of a strategy that is in the record; whole: only those measured on all problems."""
    found: dict[str, Setting] = {}
    kept = record.read("defaults")
    options, rates = (kept.settings[name][strategy] for name in ("options", "rates"))
    for row in kept.rows:
        if row["strategy"] == strategy:
            made = Setting(strategy, options | row["options"], rates | row["rates"], row["schedule"], {})
            setting = found.setdefault(json.dumps(made, sort_keys=True), made)
            setting.scores[row["problem"]] = statistics.mean(row["scores"])
    return [each for each in found.values() if not whole or len(each.scores) == len(PROBLEMS)]


def leader(strategy: str) -> Setting:
    """The setting that the defaults are to be: the best mean of all problems among those for any task."""
    return max((each for each in measured(strategy) if each.general), key=lambda each: each.mean)


def best_settings(rows: list[Row]) -> Iterator[Row]:
    """For each strategy the best of all that was tried: for any task, whatever it asks for, and on each problem."""
    for strategy in dict.fromkeys(row["strategy"] for row in rows):
        known, shown = measured(strategy), []
        chosen = {f"defaults, best of {sum(each.general for each in known)}": leader(strategy)}
        chosen["best of all"] = max(known, key=lambda each: each.mean)
        chosen |= {f"best on {name}": max(known, key=lambda each, n=name: each.scores[n]) for name in PROBLEMS}
        for name, setting in chosen.items():
            if setting not in shown:
                yield {"strategy": "" if shown else strategy, "setting": f"{name}: {setting.words()}"} | setting.scores
                shown.append(setting)


def ablation(rows: list[Row]) -> Iterator[Row]:
    """For each option of the genetic strategy the points it gains or loses, at the better of two mutation rates."""
    best: dict[str, dict[str, float]] = {}
    for each in measured("genetic", whole=False):
        if each.rates.get("mutation_rate") in MUTATION["mutation_rate"]:
            option = each.words(rates=False) or ("as said" if each.rates["crossover_rate"] else "no crossover")
            reached = best.setdefault(option, {})
            reached |= {name: max(score, reached.get(name, 0)) for name, score in each.scores.items()}
    base = best["as said"]
    for option, reached in best.items():
        gains = {name: f"{100 * (score - base[name]):+.1f}" for name, score in reached.items()}
        shares = {name: f"{score:.1%}" for name, score in base.items()}
        yield {"option": option, **dict.fromkeys(PROBLEMS, "-"), **(shares if option == "as said" else gains)}


if __name__ == "__main__":
    STUDY.main()
