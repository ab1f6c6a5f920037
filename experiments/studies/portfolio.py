"""Does a portfolio find out which strategy serves a task? Beside each of its arms alone, at equal evaluations.

    python -m experiments.studies.portfolio

The three problems of `experiments.studies.defaults`: digits (scored on a validation part of the training data, another
split for every seed; test data are never looked at), parity of 6 bits and addition of 4-bit numbers (scored on the
whole table, which is all that there is). Genetic arms change 3 trits of a child in the mean. The rule, the arms and
the length of a block were chosen by the same problems from other seeds; the rows of several lengths are in the record.
(Two earlier forms of the rule had been measured from the first seeds as well; they were not chosen by them.)
"""

from typing import Any

import jax

import tejax
from experiments.record import Row
from experiments.studies import defaults
from experiments.study import Study
from tejax.types import Network, Strategy

SEEDS, CHOOSING = (0, 1, 2), (3, 4, 5, 6, 7, 8)
EVERY = tejax.Portfolio.every
PORTFOLIOS = {
    "portfolio of two": ("sharing", "categorical"),
    "portfolio of three": ("tournament", "sharing", "categorical"),
}
ALONE = PORTFOLIOS["portfolio of three"]
LENGTHS = (2, 4, 8)  # generations in a block, tried with the portfolio of two


def words(strategy: str) -> str:
    """A strategy as the table names it."""
    return f"{strategy}: {', '.join(PORTFOLIOS[strategy])}" if strategy in PORTFOLIOS else f"{strategy} alone"


def arm(settings: dict[str, Any], name: str, network: Network) -> Strategy:
    """One strategy."""
    if name == "categorical":
        return tejax.strategies.Categorical(
            512, learning_rate=settings["learning_rate"], min_prob=0.0005, init_weight=0.0
        )
    size = tejax.pytrees.size(jax.eval_shape(network.init, jax.random.key(0)))
    rate = settings["changes"] / size
    return tejax.strategies.Genetic(512, selection=name, tournament=8, crossover="uniform", mutation_rate=rate)


def measure(settings: dict[str, Any], strategy: str, every: int, problem: str, seed: int) -> Row:
    """The score, and what share of the generations each arm was given."""
    network, task = defaults.make_problem(problem, seed)
    names = PORTFOLIOS.get(strategy, (strategy,))
    arms = [arm(settings, name, network) for name in names]
    several = len(arms) > 1
    made = tejax.Portfolio(arms, every) if several else arms[0]
    generations = settings["evaluations"] // made.population
    result = tejax.evolve(jax.random.key(seed), made, network, task, generations=generations, chunk=100)
    played = result.state.standing.played.tolist() if several else [generations]
    return {
        "score": round(task.report(network, result.best)["accuracy"], 4),
        "shares": {name: round(count / generations, 3) for name, count in zip(names, played, strict=True)},
    }


def _left_out(strategy: str, every: int, problem: str, seed: int) -> bool:
    return (strategy != "portfolio of two") if seed in CHOOSING else every != EVERY


STUDY = Study(
    "portfolio",
    measure,
    {"evaluations": 204_800, "changes": 3, "learning_rate": 0.2},
    {"strategy": [*ALONE, *PORTFOLIOS], "every": LENGTHS, "problem": defaults.PROBLEMS, "seed": [*SEEDS, *CHOOSING]},
    left_out=_left_out,
    quick={"evaluations": 20_480, "problem": ["parity"], "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
