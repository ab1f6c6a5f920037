"""Series said by autonomous networks: what populations reach beside the reference's walk, and what of it holds.

    python -m experiments.studies.emission
    python -m experiments.studies.emission --series co2 --search genetic --seed 0 1

A network of 16 or 64 neurons evolves on the first three quarters of a series of ups and downs, frames and ratings as
the scorer of Qubic's core has them, and then goes on by its clock through the last quarter, which nothing has looked
at. All searches have the same evaluations.

- co2: weekly changes of CO2 at Mauna Loa, the real series that tejax ships.
- coin: independent fair ups and downs, another draw for every seed. There is nothing to be found.
- cycle: the same six ups and downs again and again, one in ten turned around by chance. There is something to be found.

The walk is the reference's: 1,000 steps of one change each in one part of the genome (start values, wiring or tables,
in turn), a candidate accepted when it is no worse; as many walks from random networks as there are evaluations for.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments.record import Row
from experiments.study import Study, evolved, timed
from tejax.core import pytrees
from tejax.interop.walk import Walk, walk
from tejax.networks import Autonomous
from tejax.networks.lookup import changes
from tejax.networks.lookup.changes import Change, Part
from tejax.strategies import Colony, Genetic, HillClimb, MapElites
from tejax.tasks import Emission
from tejax.types import UNANSWERED, Genome, Strategy

WALK, STEPS = "walk", 1000
LONGEST = 400  # a period
PATTERN, TURNED = (1, 1, -1, 1, -1, -1), 0.1
BREEDING: dict[str, Any] = {"mutation": "single_changes"}
STRATEGIES: dict[str, Strategy] = {
    "hill_climb": HillClimb(256, 4, **BREEDING),
    "genetic": Genetic(256, **BREEDING),
    "genetic, islands": tejax.Islands(Genetic(64, elites=2, **BREEDING), 4, every=8),
    "map_elites": MapElites(256, 32, **BREEDING),
    "colony": Colony(256, 16, steps=16, **BREEDING),
}
FIRST = 100  # seeds below are for trials


def make_task(name: str, seed: int) -> Emission:
    """The task."""
    real = tejax.tasks.emission_from_file()
    if name == "co2":
        return real
    rng, length = np.random.default_rng(seed), real.frames.targets.shape[0]
    trits = 2 * rng.integers(2, size=length) - 1
    if name == "cycle":
        trits = np.resize(PATTERN, length) * np.where(rng.random(length) < TURNED, -1, 1)
    frames = real.frames
    return tejax.tasks.emission(trits, frames.window, frames.shift_cap, frames.max_ticks, 0, real.held_out)


def walked(key: jax.Array, network: Autonomous, task: Emission, evaluations: int) -> tuple[Genome, Row]:
    """The best of as many walks as fit, and what they have cost."""
    steps = min(STEPS, evaluations // len(changes.PARTS) - 1)
    count, found = evaluations // (steps + 1), []
    for place, part in enumerate(changes.PARTS):
        numbers = jnp.arange(place, count, len(changes.PARTS), dtype=jnp.uint32)
        rng = np.random.default_rng([place, *np.asarray(jax.random.key_data(key)).tolist()])
        words = rng.integers(2**64, size=(len(numbers), steps, 1), dtype=np.uint64, endpoint=False)
        end = _walks(key, network, task, numbers, changes.by_word(words, part, network.neurons), part)
        order = np.lexsort((np.asarray(end.best_rating.error), -np.asarray(end.best_rating.shift)))
        found.append(pytrees.take((end.best_rating, end.best), int(order[0])))
    best = max(found, key=lambda each: (int(each[0].shift), -int(each[0].error)))[1]
    return best, {"evaluations": count * (steps + 1), "best": pytrees.fingerprint(best)}


@partial(jax.jit, static_argnames=("network", "part"))
def _walks(key: jax.Array, network: Autonomous, task: Emission, numbers: jax.Array, words: Change, part: Part) -> Walk:
    """Walks side by side in one part of the genome, each from a random network."""
    roots = jax.vmap(lambda number: network.init(jax.random.fold_in(key, number)))(numbers)
    return jax.vmap(lambda root, steps: walk(network, task, root, steps, part=part)[0])(roots, words)


def measure(settings: dict[str, Any], neurons: int, series: str, search: str, seed: int) -> Row:
    """One search: the rating reached, and the accuracy on what was held out beside the guesses."""
    network, task = Autonomous(neurons), make_task(series, FIRST + seed)
    key, evaluations = jax.random.key(FIRST + seed), settings["evaluations"]
    if search == WALK:
        seconds, (best, row) = timed(lambda: walked(key, network, task, evaluations))
        row = {"seconds": seconds, **row}
    else:
        strategy = STRATEGIES[search]
        generations = evaluations // strategy.population
        result, row = evolved(key, strategy, network, task, generations=generations, chunk=generations)
        best = result.best
    report = {name: round(value, 5) for name, value in task.report(network, best).items()}
    return {**report, "held out": task.held_out, "period": period(network, best, task), **row}


def period(network: Autonomous, genome: Genome, task: Emission) -> int:
    """After how many emissions, of LONGEST at most, what a network says is most like what it has said before."""
    length = task.frames.targets.shape[0]
    said = np.asarray(jax.jit(network.trace, static_argnums=1)(genome, 4 * length)[1])
    said = said[said != UNANSWERED][:length]
    alike = [np.mean(said[:-lag] == said[lag:]) if lag < len(said) else 0.0 for lag in range(1, LONGEST + 1)]
    return 1 + int(np.argmax(alike))


STUDY = Study(
    "emission",
    measure,
    {"evaluations": 20_480},
    {"neurons": [16, 64], "series": ["co2", "coin", "cycle"], "search": [WALK, *STRATEGIES], "seed": list(range(5))},
    quick={
        "evaluations": 1024,
        "neurons": [16],
        "series": ["cycle"],
        "search": [WALK, "genetic", "colony"],
        "seed": [0],
    },
)

if __name__ == "__main__":
    STUDY.main()
