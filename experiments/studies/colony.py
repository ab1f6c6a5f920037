"""A colony beside plain hill climbing and islands of it, at equal evaluations: digits, parity, the autonomous network.

    python -m experiments.studies.colony

Digits (128-32-10, scored on a validation part of the training data, another split for every seed) and parity of 6 bits
are those of `experiments.studies.defaults`; the third problem is the weekly series of `tasks.emission`, said by an
autonomous network of 64 neurons and scored on the part that is graded. All searches change a genome in the same way,
and all but the first have 16 climbers: side by side, on four islands, or as ants.
"""

from functools import partial
from typing import Any

import jax

import tejax
from experiments.record import Row
from experiments.studies import defaults
from experiments.study import Study, evolved
from tejax.strategies import Colony, HillClimb
from tejax.types import Network, Strategy, Task

SIZE, ANTS = 512, 16
PROBLEMS = ("digits", "parity", "emission")
STRATEGIES: dict[str, Any] = {
    "hill_climb, 4 climbers": partial(HillClimb, SIZE, 4),
    "hill_climb, 16 climbers": partial(HillClimb, SIZE, ANTS),
    "hill_climb, explores 4 generations, begins again after 32": partial(HillClimb, SIZE, ANTS, explore=4, patience=32),
    "4 islands of hill_climb": lambda **options: tejax.Islands(HillClimb(SIZE // 4, ANTS // 4, **options), 4),
    "colony, 4 trees": partial(Colony, SIZE, ANTS),
    "colony, 1 tree": partial(Colony, SIZE, ANTS, trees=1),
    "colony, 16 trees": partial(Colony, SIZE, ANTS, trees=ANTS),
    "colony, 4 trees, searches of 8 generations": partial(Colony, SIZE, ANTS, steps=8),
    "colony, 4 trees, explores 4 generations": partial(Colony, SIZE, ANTS, explore=4),
}


def make_problem(name: str, seed: int) -> tuple[Network, Task, dict[str, Any]]:
    """Network, task, and the options of a search that go with them."""
    if name == "emission":
        return tejax.networks.Autonomous(64), tejax.tasks.emission_from_file(), {"mutation": "single_changes"}
    return *defaults.make_problem(name, seed), {}


def measure(settings: dict[str, Any], strategy: str, problem: str, seed: int) -> Row:
    """The score, and of a colony how many nodes it has and how deep they lie."""
    network, task, options = make_problem(problem, seed)
    made: Strategy = STRATEGIES[strategy](**options)
    generations = settings["evaluations"] // made.population
    result, row = evolved(jax.random.key(seed), made, network, task, generations=generations, chunk=100)
    report = task.report(network, result.best)
    tree = {}
    if isinstance(made, Colony):
        nodes = result.state.nodes
        tree = {"nodes": int((nodes.parent >= 0).sum()), "deepest": int(nodes.depth.max())}
    return {"score": round(report.get("train_accuracy" if problem == "emission" else "accuracy"), 4), **tree, **row}


STUDY = Study(
    "colony",
    measure,
    {"evaluations": 51_200},
    {"strategy": list(STRATEGIES), "problem": PROBLEMS, "seed": [0, 1, 2]},
    quick={"evaluations": 5_120, "strategy": ["colony, 4 trees"], "problem": ["parity"], "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
