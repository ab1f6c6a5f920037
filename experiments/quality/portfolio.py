"""Does a portfolio find out which strategy serves a task? Beside each of its arms alone, at equal evaluations.

    python -m experiments.quality.portfolio

The three problems of `experiments.quality.defaults`: digits (judged on a validation part of the training data, another
split for every seed; test data are never looked at), parity of 6 bits and addition of 4-bit numbers (judged on the
whole table, which is all that there is). Genetic arms change 3 trits of a child in the mean. The rule, the arms and
the length of a block were chosen by the same problems from other seeds; the rows of several lengths are in the record.
(Two earlier forms of the rule had been measured from the first seeds as well; they were not chosen by them.)
"""

import argparse
import itertools
import statistics
from functools import cache, partial
from typing import Any

import jax

import tejax
from experiments import record
from experiments.quality.defaults import EVALUATIONS, PROBLEMS, problem
from tejax.config.common import default
from tejax.strategies.categorical import Rates as Odds
from tejax.strategies.genetic import Rates
from tejax.types import Network, Strategy

SEEDS, CHOOSING = (0, 1, 2), (3, 4, 5, 6, 7, 8)
TRITS = 3  # of a child, changed by mutation in the mean
STEP = 0.2
EVERY = default(tejax.Portfolio, "every")
PORTFOLIOS = {
    "portfolio of two": ("sharing", "categorical"),
    "portfolio of three": ("tournament", "sharing", "categorical"),
}
ALONE = PORTFOLIOS["portfolio of three"]
LENGTHS = (2, 4, 8)  # generations in a block, tried with the portfolio of two


@cache  # the same object for every seed, so that one program serves all
def arm(name: str, network: Network) -> Strategy:
    """One strategy."""
    if name == "categorical":
        return tejax.strategies.Categorical(512, Odds(step=STEP, floor=0.0005, start=0.0))
    size = tejax.pytrees.size(jax.eval_shape(network.init, jax.random.key(0)))
    rates = Rates(mutation=TRITS / size)
    return tejax.strategies.Genetic(512, selection=name, tournament=8, crossover="uniform", rates=rates)


@cache
def portfolio(names: tuple[str, ...], every: int, network: Network) -> Strategy:
    """Several of them."""
    return tejax.Portfolio([arm(name, network) for name in names], every)


def measure(names: tuple[str, ...], every: int, name: str, seeds: tuple[int, ...]) -> list[dict[str, Any]]:
    """A row a seed: the score, and what share of the generations each arm was given."""
    rows = []
    for seed in seeds:
        network, task = problem(name, seed)
        strategy = portfolio(names, every, network) if len(names) > 1 else arm(names[0], network)
        generations = EVALUATIONS // strategy.population
        result = tejax.evolve(jax.random.key(seed), strategy, network, task, generations=generations, chunk=100)
        played = result.state.standing.played.tolist() if len(names) > 1 else [generations]
        rows.append(
            {
                "score": round(task.accuracy(network.apply, result.best), 4),
                "shares": {each: round(count / generations, 3) for each, count in zip(names, played, strict=True)},
            }
        )
    return rows


def main() -> None:
    """Measure what is missing, print a line a row, write experiments/results/portfolio.json after each."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    each = {**{name: (name,) for name in ALONE}, **PORTFOLIOS}
    jobs = {
        f"{label} | {name}": partial(measure, names, EVERY, name, SEEDS)
        for (label, names), name in itertools.product(each.items(), PROBLEMS)
    }
    jobs |= {
        f"blocks of {every} | {name}": partial(measure, PORTFOLIOS["portfolio of two"], every, name, CHOOSING)
        for every, name in itertools.product(LENGTHS, PROBLEMS)
    }
    settings = {
        "evaluations": EVALUATIONS,
        "seeds": SEEDS,
        "choosing": CHOOSING,
        "every": EVERY,
        "trits": TRITS,
        "step": STEP,
    }
    for mark, rows in record.collect("portfolio", settings, jobs).items():
        print(f"{mark}: {statistics.mean(row['score'] for row in rows):.4f}")


if __name__ == "__main__":
    main()
