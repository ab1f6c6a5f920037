"""The commands and their options; how every kind of error ends."""

import dataclasses
import json
import logging
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

import tyro
from tyro.conf import Positional

from tejax.cli.choices import Network, Strategy, Task
from tejax.cli.compiled import keep_compiled_programs
from tejax.cli.looks import Looks
from tejax.cli.machines import Machines
from tejax.cli.sweeps import Grid
from tejax.config import Experiment, Genetic, Islands, Mlp, Schedule
from tejax.errors import InputError, require

__all__ = ["main"]


def evolve(
    task: Task,
    out: Path | None = None,
    overwrite: bool = False,
    json: bool = False,
    schedule: Schedule = Schedule(),  # noqa: B008
    strategy: Strategy = Genetic(),  # noqa: B008
    network: Network = Mlp(),  # noqa: B008
    islands: Islands = Islands(),  # noqa: B008
    machines: Machines = Machines(),  # noqa: B008
    looks: Looks = Looks(),  # noqa: B008
) -> int:
    """Evolve a network for a task, and keep the run in a directory.

    Args:
        task: what the network shall do
        out: the run directory, by default runs/TASK-SEED
        overwrite: replace the run that is there
        json: print one JSON object at the end, and everything else to stderr
        schedule: how long, from which seed
        strategy: how a population becomes the next one
        network: what is evolved
        islands: sub-populations that live apart
        machines: devices and processes
        looks: what is shown and logged
    """
    from tejax import runs
    from tejax.parallel import processes
    from tejax.cli import session

    machines.join()
    experiment = Experiment(task, network, strategy, schedule, islands)
    path = out or Path("runs") / f"{experiment.name}-{schedule.seed}"
    parts = experiment.build()  # refuses bad options before anything is removed
    experiment = experiment.settled(parts)
    mesh = machines.mesh()
    looks.loggers(path, {})  # refuses one whose extra is missing
    machines.agree(experiment, path)
    processes.on_primary(lambda: runs.prepare(path, overwrite))
    return _answer(*session.conduct(experiment, parts, path, json, mesh, looks), json)


def sweep(
    task: Task,
    out: Path | None = None,
    overwrite: bool = False,
    json: bool = False,
    grid: Grid = Grid(),  # noqa: B008
    schedule: Schedule = Schedule(),  # noqa: B008
    strategy: Strategy = Genetic(),  # noqa: B008
    network: Network = Mlp(),  # noqa: B008
    islands: Islands = Islands(),  # noqa: B008
) -> int:
    """Evolve at several rates from several seeds, all in one compiled program, and keep a table of the runs.

    Args:
        task: what the networks shall do
        out: the directory, by default runs/sweep-TASK
        overwrite: replace the sweep that is there
        json: print one JSON object at the end, and everything else to stderr
        grid: rates and seeds
        schedule: how long, from which seed on; no checkpoints are kept
        strategy: how a population becomes the next one
        network: what is evolved
        islands: sub-populations that live apart
    """
    from tejax.cli import sweeps

    experiment = Experiment(task, network, strategy, schedule, islands)
    return _answer(*sweeps.conduct(experiment, grid, out, overwrite, json), json)


def resume(
    directory: Positional[Path],
    generations: int | None = None,
    json: bool = False,
    machines: Machines = Machines(),  # noqa: B008
    looks: Looks = Looks(),  # noqa: B008
) -> int:
    """Go on with a run that was interrupted or killed, to the same bits as if it had not been.

    Args:
        directory: the run directory
        generations: go on to this many generations instead of those the run was started with
        json: print one JSON object at the end, and everything else to stderr
        machines: devices and processes; others than those of the start will do
        looks: what is shown and logged
    """
    from tejax import runs
    from tejax.parallel import processes
    from tejax.cli import session
    from tejax.cli.stored import stored

    machines.join()
    mesh = machines.mesh()
    experiment = stored(directory)
    if generations is not None:
        require(generations >= 0, "at least 0", generations=generations)
        schedule = dataclasses.replace(experiment.schedule, generations=generations)
        experiment = dataclasses.replace(experiment, schedule=schedule)
    machines.agree(experiment, directory)
    if generations is not None:
        processes.on_primary(lambda: runs.update_config(directory, experiment.to_json()))
    return _answer(*session.conduct(experiment, experiment.build(), directory, json, mesh, looks), json)


def evaluate(path: Positional[Path], task: Task | None = None, json: bool = False) -> int:
    """Accuracy and confusion, or returns in fresh episodes, of a finished run or of a .safetensors file.

    Args:
        path: a run directory or a .safetensors file
        task: what to evaluate on; by default the task that the network was evolved for
        json: print one JSON object, and nothing else
    """
    from tejax.cli import evaluation

    return _answer(*evaluation.evaluate(path, task), json)


def export(
    path: Positional[Path],
    out: Path,
    format: Literal["c", "safetensors"] = "c",
    name: str = "network",
    json: bool = False,
) -> int:
    """Write the best network as C99 source (integers only, no library) or as a packed safetensors file.

    Args:
        path: a run directory or a .safetensors file
        out: the file to write; C source ends in .c and gets its header beside it
        format: c or safetensors
        name: of the C function
        json: print one JSON object, and nothing else
    """
    from tejax.cli import delivery

    return _answer(*delivery.deliver(path, format, out, name), json)


def report(directory: Positional[Path], json: bool = False) -> int:
    """Write report.html, one self-contained page, and its pictures into the directory of a run or a sweep.

    Args:
        directory: of the run or the sweep
        json: print one JSON object, and nothing else
    """
    from tejax.cli import pages, sweep_pages

    write = sweep_pages.report if (directory / "sweep.json").is_file() else pages.report
    return _answer(*write(directory), json)


def replay(
    path: Positional[Path], out: Path | None = None, episode: int = 0, frames: int = 120, json: bool = False
) -> int:
    """Write an animation of the best policy of a run in an environment.

    Args:
        path: a run directory or a .safetensors file
        out: the file to write, a .gif or an .html page; by default replay.gif in the run directory
        episode: which of the fresh episodes, from 0
        frames: pictures at most; a longer episode leaves steps out
        json: print one JSON object, and nothing else
    """
    from tejax.cli import replay as playing

    return _answer(*playing.replay(path, out, episode, frames), json)


def doctor(json: bool = False) -> int:
    """Versions, devices, and what tejax picks on this machine.

    Args:
        json: print one JSON object, and nothing else
    """
    from tejax.cli import diagnosis

    return _answer(*diagnosis.doctor(), json)


def bench(
    task: Task,
    calibrate: bool = False,
    json: bool = False,
    strategy: Strategy = Genetic(),  # noqa: B008
    network: Network = Mlp(),  # noqa: B008
) -> int:
    """Where the time of a generation goes, and how fast each engine is.

    Args:
        task: what the network shall do
        calibrate: measure which engine is fastest at which fan-in, and let `auto` follow that from now on
        json: print one JSON object, and nothing else
        strategy: how a population becomes the next one
        network: what is evolved
    """
    from tejax.cli import profile

    return _answer(*profile.bench(Experiment(task, network, strategy), calibrate), json)


COMMANDS: dict[str, Callable[..., int]] = {
    "evolve": evolve,
    "sweep": sweep,
    "resume": resume,
    "evaluate": evaluate,
    "export": export,
    "report": report,
    "replay": replay,
    "doctor": doctor,
    "bench": bench,
}


def _answer(result: dict[str, Any], text: str, code: int, as_json: bool) -> int:
    """Print the result in the form that was asked for (the first process does); the exit status."""
    if result:
        print(json.dumps(result) if as_json else text)  # noqa: T201
    return code


def _fail(message: object) -> NoReturn:
    from tejax.parallel import processes

    print(f"tejax: {' '.join(str(message).split())}", file=sys.stderr, flush=True)  # noqa: T201
    processes.exit_process(2)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 if it went well, 2 with one line for bad input, 130 after Ctrl-C."""
    logging.basicConfig(format="tejax: %(message)s")
    try:
        keep_compiled_programs()
        code = tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="tejax",
            description="Evolve neural networks of -1, 0 and +1.",
            args=arguments,
            config=(
                tyro.conf.OmitArgPrefixes,
                tyro.conf.OmitSubcommandPrefixes,
                tyro.conf.CascadeSubcommandArgs,
                tyro.conf.FlagCreatePairsOff,
            ),
        )
    except InputError as error:
        _fail(error)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else error)
    except KeyboardInterrupt:
        print("tejax: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not re.search("resource_exhausted|out of memory", str(error), re.I):
            raise
        _fail(f"out of memory: lower --evaluation-batch or --population ({str(error) or 'no memory left'})")
    sys.exit(code)
