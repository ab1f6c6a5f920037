"""One trial of a sweep: a run in a directory of its own, which whoever takes the trial over goes on with."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial

import tejax
from tejax import export, runs
from tejax.config import Experiment, Parts
from tejax.errors import InputError
from tejax.evolution import Progress
from tejax.runs.lock import Lock

__all__ = ["compared_on", "evolve", "judge"]

LOOKS = 20  # times that a trial reports to the pruner
HELD_OUT = 0.2  # the share of a classification's training data that trials are compared on


def evolve(
    trial: Trial, experiment: Experiment, parts: Parts, folder: Path, lost: Callable[[], bool]
) -> tuple[str, float | None]:
    """Evolve in the trial's directory, from its checkpoint if there is one: how it ended, and the value if complete.

    lost: whether this worker was taken for dead; then the run ends with its chunk.
    """
    task, network, strategy = compared_on(parts.task), parts.network, parts.strategy
    schedule, reported, pruned = experiment.schedule, 0, False
    every = max(1, schedule.generations // LOOKS)
    best = jax.jit(strategy.best)

    def look(progress: Progress) -> bool:
        """Called between chunks; True ends the run."""
        nonlocal reported, pruned
        if lost():
            return True
        if progress.generation // every > reported // every:
            reported = progress.generation
            fitness = int(progress.history.best[-1])
            trial.report(judge(task, network, best(progress.state), fitness), progress.generation)
            pruned = trial.should_prune()
        return pruned

    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder, lost):
        # not an experiment that `tejax resume` would take up: it would train on what is held out here
        config = {"trial": experiment.to_json(), "held_out": HELD_OUT}
        run = runs.Run(folder, config, checkpoint_every=schedule.checkpoint_every, keep=schedule.keep)
        with runs.graceful(run):
            result = tejax.evolve(
                jax.random.key(schedule.seed),
                strategy,
                network,
                task,
                generations=schedule.generations,
                chunk=schedule.chunk,
                batch=schedule.evaluation_batch,
                target=schedule.target,
                run=run,
                callback=look,
            )
        if lost():
            run.close()
            return "lost", None
        run.save(result.state, result.generations)
        run.close()
        if run.stopped and result.generations < schedule.generations:
            return "stopped", None
        if pruned:
            return "pruned", None
        export.save(folder / "best.safetensors", network, result.best, {"task": experiment.to_json()["task"]})
        return "complete", judge(task, network, result.best, result.fitness)


def compared_on(task: Any) -> Any:
    """The task to evolve for; of a classification one whose test data are a part of the training data."""
    if not isinstance(task, tejax.tasks.Classification):
        return task
    from sklearn.model_selection import train_test_split

    y = np.asarray(task.y_train)
    kept, held = train_test_split(np.arange(len(y)), test_size=HELD_OUT, stratify=y, random_state=0)
    x, y = task.x_train, task.y_train
    batch = None if task.batch is None else min(task.batch, len(kept))
    kept, held = jnp.asarray(kept), jnp.asarray(held)
    return dataclasses.replace(task, x_train=x[kept], y_train=y[kept], x_test=x[held], y_test=y[held], batch=batch)


def judge(task: Any, network: Any, genome: Any, fitness: int) -> float:
    """What trials are compared by: accuracy on what was held out, else fitness in the task's own unit."""
    if isinstance(task, tejax.tasks.Classification):
        return task.accuracy(network.apply, genome)
    return fitness / getattr(task, "scale", 1)


def _lock(folder: Path, lost: Callable[[], bool]) -> Lock:
    """The lock of a run's directory, once the worker that was taken for dead has let go of it."""
    lock = Lock(folder)
    while True:
        try:
            lock.take()
            return lock
        except InputError:
            if lost():
                raise UpdateFinishedTrialError("another worker has it") from None
            time.sleep(0.2)
