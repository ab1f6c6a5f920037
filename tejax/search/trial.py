"""One trial of a search: a run in a directory of its own, which whoever takes the trial over goes on with.

What is made best is measured on data that neither evolution nor the choice between trials may keep for testing:
for a classification a fifth of the training data that evolution does not see, else the fitness itself.
"""

import dataclasses
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial

from tejax import evolution, export, runs
from tejax.core import random
from tejax.errors import InputError, refuse
from tejax.evolution import Progress
from tejax.runs import Experiment, Parts
from tejax.runs.lock import Lock
from tejax.tasks import Classification
from tejax.types import Genome, Network, Strategy, Task

__all__ = ["Ending", "evolve_trial", "hold_out", "score"]

REPORTS = 20  # times that a trial reports to the pruner
HELD_OUT = 0.2  # the share of a classification's training data that trials are compared on


class Ending(NamedTuple):
    """How a trial ended, and its score if it is complete."""

    state: Literal["complete", "pruned", "failed", "stopped", "lost"]
    value: float | None = None


def evolve_trial(
    trial: Trial, experiment: Experiment, parts: Parts, folder: Path, is_lost: Callable[[], bool]
) -> Ending:
    """Evolve in the trial's directory, from its checkpoint if there is one.

    Args:
        trial: is asked whether it should be pruned.
        experiment: of the trial.
        parts: what the experiment builds.
        folder: the run directory of the trial.
        is_lost: whether this worker was taken for dead; then the run ends with its chunk.
    """
    task, network, strategy = hold_out(parts.task), parts.network, parts.strategy
    schedule, reported, pruned = experiment.schedule, 0, False
    every = max(1, schedule.generations // REPORTS)

    def report(progress: Progress) -> bool:
        """Called between chunks; True ends the run."""
        nonlocal reported, pruned
        if is_lost():
            return True
        if progress.generation // every > reported // every:
            reported = progress.generation
            best, fitness = _best(strategy.static(), progress.state), int(progress.history.best[-1])
            trial.report(score(task, network, best, fitness), progress.generation)
            pruned = trial.should_prune()
        return pruned

    folder.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        refuse(f"{folder}: is a link, and a search holds none; remove it")
    with _locked(folder, is_lost):
        # not an experiment that `tejax resume` would take up: it would train on what is held out here
        config = {"trial": experiment.to_json(), "held_out": HELD_OUT}
        run = runs.Run(folder, config, checkpoint_every=schedule.checkpoint_every, keep=schedule.keep)
        with runs.graceful(run):
            result = evolution.evolve(
                random.key(schedule.seed),
                strategy,
                network,
                task,
                generations=schedule.generations,
                chunk=schedule.chunk,
                batch=schedule.evaluation_batch,
                target=schedule.target,
                run=run,
                callback=report,
            )
        if is_lost():
            run.close()
            return Ending("lost")
        run.save(result.state, result.generations)
        run.close()
        if run.stopped and result.generations < schedule.generations:
            return Ending("stopped")
        if pruned:
            return Ending("pruned")
        about = {"task": experiment.to_json()["task"], **task.metadata()}
        export.save(folder / "best.safetensors", network, result.best, about)
        return Ending("complete", score(task, network, result.best, result.fitness))


def hold_out(task: Task) -> Task:
    """The task to evolve for; of a classification one whose test data are a part of the training data."""
    if not isinstance(task, Classification):
        return task
    from sklearn.model_selection import train_test_split

    y = np.asarray(task.y_train)
    kept, held = train_test_split(np.arange(len(y)), test_size=HELD_OUT, stratify=y, random_state=0)
    samples = None if task.samples is None else min(task.samples, len(kept))
    kept, held = jnp.asarray(kept), jnp.asarray(held)
    return dataclasses.replace(
        task,
        x_train=task.x_train[kept],
        y_train=task.y_train[kept],
        x_test=task.x_train[held],
        y_test=task.y_train[held],
        samples=samples,
        augmented=None if task.augmented is None else task.augmented[:, kept],
    )


def score(task: Task, network: Network, genome: Genome, fitness: int) -> float:
    """What trials are compared by: accuracy on what was held out, else fitness in the task's own unit."""
    if isinstance(task, Classification):
        return task.accuracy(network, genome)
    return fitness / float(task.scale)


@partial(jax.jit, static_argnames="strategy")
def _best(strategy: Strategy, state: Any) -> Genome:
    return strategy.best(state)


def _locked(folder: Path, is_lost: Callable[[], bool]) -> Lock:
    """The lock of a run's directory, once the worker that was taken for dead has let go of it."""
    lock = Lock(folder)
    while True:
        try:
            lock.take()
            return lock
        except InputError:
            if is_lost():
                raise UpdateFinishedTrialError("another worker has it") from None
            time.sleep(0.2)
