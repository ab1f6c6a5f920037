"""One run from its first line to its last: what it costs, the evolution, the best network, the pictures."""

import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from tejax import evolution, export, runs
from tejax.cli.advice import advice
from tejax.cli.display import Display, say
from tejax.cli.evaluation import summary_line
from tejax.cli.logging import LoggingOptions
from tejax.cli.output import counted
from tejax.core import pytrees, random
from tejax.errors import one_line
from tejax.evolution import Result
from tejax.parallel import processes
from tejax.parallel.mesh import fetch, replicated_sharding
from tejax.runs import Experiment, Parts, Run
from tejax.types import Genome, Strategy

__all__ = ["conduct"]

LONGEST = 300  # characters of a strategy or a network in words


def conduct(
    experiment: Experiment,
    parts: Parts,
    path: Path,
    as_json: bool,
    mesh: Mesh | None = None,
    logging: LoggingOptions = LoggingOptions(),  # noqa: B008
) -> tuple[dict[str, Any], str, int]:
    """Start a run, or go on with it if `path` holds one. The result, the same in words, and the exit status.

    All processes of a run do this at once; the first of them speaks, and the result of the others is empty.
    """
    clock = time.perf_counter()
    console = logging.console(as_json)
    task, network, strategy = parts

    def measure(state: Any) -> dict[str, float]:
        """Only shown and written down; it never reaches the evolution."""
        genome = _best(strategy.static(), state, mesh=mesh)
        return task.report(network, jax.tree.map(jnp.asarray, fetch(genome)))

    schedule = experiment.schedule

    run = Run(
        path,
        experiment.to_json(),
        checkpoint_every=schedule.checkpoint_every,
        keep=schedule.keep,
        measure=measure,
        loggers=logging.loggers(path, experiment.to_json()),
    )
    say(console, _costs(experiment, parts, path))
    with closing(run):  # which keeps the directory to the last picture
        with (
            Display(console, schedule.generations, task.scale, logging.watch) as display,
            runs.graceful(run, display.stopping),
            processes.on_process_loss(f"go on with `tejax resume {path}`"),
        ):
            try:
                result = evolution.evolve(
                    random.key(schedule.seed),
                    strategy,
                    network,
                    task,
                    generations=_wanted(experiment, run),
                    chunk=schedule.chunk,
                    batch=schedule.evaluation_batch,
                    target=schedule.target,
                    mesh=mesh,
                    run=run,
                    callback=lambda progress: display.update(progress, run.last),
                )
            except KeyboardInterrupt:
                return _interrupted(path, None)
            stopped = run.stopped and result.generations < schedule.generations
            if not stopped:
                run.save(result.state, result.generations)
        if stopped:
            return _interrupted(path, result.generations)
        about = {
            "run": str(path),
            "interrupted": False,
            "generations": result.generations,
            "evaluations": result.evaluations,
            "state": pytrees.fingerprint(fetch(result.state)),
        }
        answer: tuple[dict[str, Any], str, int] = {}, "", 0

        def finish() -> None:
            nonlocal answer
            answer = _finish(experiment, parts, path, result, about, clock)

        processes.on_primary(finish)
    return answer


@partial(jax.jit, static_argnames=("strategy", "mesh"))
def _best(strategy: Strategy, state: Any, mesh: Mesh | None) -> Genome:
    """The fittest genome, whole on every device."""
    sharding = replicated_sharding(mesh)
    best = strategy.best(state)
    return best if sharding is None else jax.lax.with_sharding_constraint(best, sharding)


def _interrupted(path: Path, generation: int | None) -> tuple[dict[str, Any], str, int]:
    """What is said after Ctrl-C; the generation is that of the checkpoint, if one was saved for it."""
    where = "at once" if generation is None else f"at generation {generation}"
    about = {"run": str(path), "interrupted": True, "generations": generation} if processes.is_primary() else {}
    return about, f"stopped {where}; go on with `tejax resume {path}`", 130


def _wanted(experiment: Experiment, run: Run) -> int:
    """The generations to run: none beyond those done, if an individual has reached the target already."""
    target, lines = experiment.schedule.target, run.metrics
    if target is not None and lines and lines[-1]["best"] >= target:
        return int(lines[-1]["generation"])
    return experiment.schedule.generations


def _costs(experiment: Experiment, parts: Parts, path: Path) -> str:
    """What the run stands on and what it takes."""
    info = runs.environment_info()
    genome = jax.eval_shape(parts.network.init, random.key(0))
    trits, population = pytrees.size(genome), parts.strategy.population
    return "\n".join(
        [
            f"tejax {info['tejax']} on {info['platform']}: {info['devices']} x {info['device']}, "
            f"jax {info['jax']}, seed {experiment.schedule.seed}",
            f"strategy     {one_line(parts.strategy, LONGEST)}",
            f"network      {one_line(parts.network, LONGEST)}",
            f"parameters   {trits:,} trits, {-(-trits // 4):,} bytes at 2 bits a trit",
            f"population   {counted(population, 'individual')}, {population * pytrees.nbytes(genome):,} bytes",
            f"generation   {counted(population, 'evaluation')} of {parts.task.workload()} each; "
            f"{counted(experiment.schedule.generations, 'generation')} wanted",
            f"directory    {path}",
            *advice(experiment, parts, info["platform"]),
        ]
    )


def _finish(
    experiment: Experiment, parts: Parts, path: Path, result: Result, about: dict[str, Any], clock: float
) -> tuple[dict[str, Any], str, int]:
    """Write the best network and the pictures, and say so."""
    from tejax.cli.pictures import draw

    network_path = path / "best.safetensors"
    about_network = {"task": experiment.to_json()["task"], **parts.task.metadata()}
    size = export.save(network_path, parts.network, result.best, about_network)
    report = parts.task.report(parts.network, result.best)
    pictures = draw(path, parts, result.best)
    about |= {
        "fitness": result.fitness,
        **report,
        "best": pytrees.fingerprint(result.best),
        "network": str(network_path),
        "bytes": size,
        "pictures": {name: str(picture) for name, picture in pictures.items()},
        "seconds": round(time.perf_counter() - clock, 2),
    }
    lines = [
        "",
        summary_line(parts.task, report),
        *(f"{name:<15} {picture}" for name, picture in pictures.items()),
        f"network         {network_path} ({size:,} bytes)",
        f"time            {about['seconds']:.1f} s for {counted(result.generations, 'generation')}, "
        f"{counted(result.evaluations, 'evaluation')}",
    ]
    return about, "\n".join(lines), 0
