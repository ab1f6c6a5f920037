"""The commands and their options: every parameter is an option, its help the line under `Args:`."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction

from tejax.cli.devices import DeviceOptions
from tejax.cli.logging import LoggingOptions
from tejax.cli.searching import search_command
from tejax.cli.sweeps import Grid
from tejax.core.paths import expanded
from tejax.errors import require
from tejax.options import AtLeast, Between, Generations, Length, Seed, Text, options_of
from tejax.registry import NETWORKS, STRATEGIES, Choice
from tejax.runs import Experiment, IslandOptions, Schedule

__all__ = ["COMMANDS", "Answer", "Command"]

Answer = tuple[dict[str, Any], str, int]  # for scripts, for people, the exit status
Operators = UseAppendAction[Annotated[tuple[Text, ...], Length(0, 64)]]


@dataclasses.dataclass(frozen=True)
class Command:
    """What is needed to parse and run one command."""

    run: Callable[..., Answer | int]
    groups: Mapping[str, type] = dataclasses.field(default_factory=dict)  # parameter -> dataclass of options
    kinds: tuple[str, ...] = ()  # of parts that it takes
    skip: int = 0  # bare words that are no names of parts: a path
    needs_task: bool = False
    examples: tuple[str, ...] = ()

    def defaults(self) -> dict[str, str]:
        """The parts that are taken where none is named: kind -> name."""
        parameters = options_of(self.run)
        choices = {kind: parameters[kind].default for kind in self.kinds if kind in parameters}
        return {kind: choice.name for kind, choice in choices.items() if isinstance(choice, Choice)}


def evolve(
    task: Choice,
    strategy: Choice = STRATEGIES.choose("genetic"),  # noqa: B008
    network: Choice = NETWORKS.choose("mlp"),  # noqa: B008
    out: Path | None = None,
    overwrite: bool = False,
    json: bool = False,
    schedule: Schedule = Schedule(),  # noqa: B008
    islands: IslandOptions = IslandOptions(),  # noqa: B008
    devices: DeviceOptions = DeviceOptions(),  # noqa: B008
    logging: LoggingOptions = LoggingOptions(),  # noqa: B008
) -> Answer:
    """Evolve a network for a task, and keep the run in a directory.

    Args:
        out: the run directory, by default runs/TASK-SEED.
        overwrite: replace the run that is there.
        json: print one JSON object at the end, and everything else to stderr.
    """
    from tejax import evolution, runs
    from tejax.cli import session
    from tejax.core import random
    from tejax.parallel import processes

    devices.join()
    experiment = Experiment(task, network, strategy, schedule, islands)
    path = expanded(out or Path("runs") / f"{experiment.name}-{schedule.seed}", "out")
    parts = experiment.build()  # refuses bad options before anything is removed
    experiment = experiment.resolved(parts)
    mesh = devices.mesh()
    made, batch = (parts.strategy, parts.network, parts.task), schedule.evaluation_batch
    evolution.plan(random.key(schedule.seed), *made, batch, mesh, schedule.chunk)  # as above
    logging.loggers(path, {})  # refuses one whose extra is missing
    devices.assert_same(experiment, path)
    locks: list[Any] = []  # kept to the end, so that nobody comes between
    processes.on_primary(lambda: locks.append(runs.prepare(path, overwrite)))
    return session.conduct(experiment, parts, path, json, mesh, logging)


def resume(
    directory: Positional[Path],
    generations: Generations | None = None,
    operator: Operators = (),
    json: bool = False,
    devices: DeviceOptions = DeviceOptions(),  # noqa: B008
    logging: LoggingOptions = LoggingOptions(),  # noqa: B008
) -> Answer:
    """Go on with a run that was interrupted or killed, to the same bits as if it had not been.

    What the run names from outside tejax must be named again: --task, --strategy, --network or --operator MODULE:NAME.

    Args:
        directory: the run directory.
        generations: go on to this many generations instead of those the run was started with.
        operator: an operator of the run from outside tejax, MODULE:NAME; may be given again for another one.
        json: print one JSON object at the end, and everything else to stderr.
    """
    from tejax.cli import session
    from tejax.cli.stored import load_experiment

    devices.join()
    mesh, directory = devices.mesh(), expanded(directory, "directory")
    experiment = load_experiment(directory, operator)
    if generations is not None:
        experiment = experiment.with_generations(generations)
    devices.assert_same(experiment, directory)
    return session.conduct(experiment, experiment.build(), directory, json, mesh, logging)


def sweep(
    task: Choice,
    strategy: Choice = STRATEGIES.choose("genetic"),  # noqa: B008
    network: Choice = NETWORKS.choose("mlp"),  # noqa: B008
    out: Path | None = None,
    overwrite: bool = False,
    json: bool = False,
    grid: Grid = Grid(),  # noqa: B008
    schedule: Schedule = Schedule(),  # noqa: B008
    islands: IslandOptions = IslandOptions(),  # noqa: B008
) -> Answer:
    """Evolve at several rates from several seeds, all in one compiled program, and keep a table of the runs.

    Args:
        out: the directory, by default runs/sweep-TASK.
        overwrite: replace the sweep that is there.
        json: print one JSON object at the end, and everything else to stderr.
    """
    from tejax.cli import sweeps

    return sweeps.conduct(
        Experiment(task, network, strategy, schedule, islands), grid, out and expanded(out, "out"), overwrite, json
    )


def evaluate(
    path: Positional[Path], task: Choice | None = None, operator: Operators = (), json: bool = False
) -> Answer:
    """Accuracy and confusion, or returns in fresh episodes, of a finished run or of a .safetensors file.

    A task named after the path is evaluated instead of the one that the network was evolved for.

    Args:
        path: a run directory or a .safetensors file.
        operator: an operator of the run from outside tejax, MODULE:NAME; may be given again for another one.
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import evaluation

    return evaluation.evaluate_network(expanded(path), task, operator)


def export(
    path: Positional[Path],
    out: Path,
    format: Literal["c", "safetensors"] = "c",
    name: Text = "network",
    json: bool = False,
) -> Answer:
    """Write the best network as C99 source (integers only, no library) or as a packed safetensors file.

    Args:
        path: a run directory or a .safetensors file.
        out: the file to write; C source ends in .c and gets its header beside it.
        format: c or safetensors.
        name: of the C function.
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import delivery

    return delivery.deliver(expanded(path), format, expanded(out, "out"), name)


def report(directory: Positional[Path], operator: Operators = (), json: bool = False) -> Answer:
    """Write report.html, one self-contained page, and its pictures into the directory of a run, a sweep or a search.

    Args:
        directory: of the run, the sweep or the search.
        operator: an operator of the run from outside tejax, MODULE:NAME; may be given again for another one.
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import pages, sweep_pages

    directory = expanded(directory, "directory")
    if (directory / "sweep.json").exists() or (directory / "sweep.json").is_symlink():
        return sweep_pages.report_sweep(directory)
    return pages.report_run(directory, operator)


def compare(
    runs: Positional[Annotated[tuple[Path, ...], Length(0, 256)]],
    out: Path = Path("curves.png"),
    operator: Operators = (),
    json: bool = False,
) -> Answer:
    """Several runs in one table and one picture of their curves.

    Args:
        runs: two run directories or more.
        out: the picture to write, or a folder that gets it as curves.png.
        operator: an operator of the runs from outside tejax, MODULE:NAME; may be given again for another one.
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import comparison

    out = expanded(out, "out")
    picture = out / "curves.png" if out.is_dir() else out
    return comparison.compare_runs([expanded(run, "runs") for run in runs], picture, operator)


def replay(
    path: Positional[Path],
    out: Path | None = None,
    episode: Annotated[int, AtLeast(0, 2**16)] = 0,
    frames: Annotated[int, AtLeast(1, 10**4)] = 120,
    json: bool = False,
) -> Answer:
    """Write an animation of the best policy of a run in an environment.

    Args:
        path: a run directory or a .safetensors file.
        out: the file to write, a .gif or an .html page; by default replay.gif in the run directory.
        episode: which of the fresh episodes, from 0.
        frames: pictures at most; a longer episode leaves steps out.
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import replays

    return replays.write_replay(expanded(path), out and expanded(out, "out"), episode, frames)


def generate(
    path: Positional[Path],
    prompt: Annotated[str, Length(1, 2**16)] = "\n",
    length: Annotated[int, AtLeast(0, 2**30)] = 400,
    seed: Seed = 0,
    temperature: Annotated[float, Between(0, 1000, above=True)] = 1.0,
    greedy: bool = False,
) -> int:
    """Write a text, and what a network of the task language goes on with, byte by byte as they come.

    Args:
        path: a run directory or a .safetensors file.
        prompt: the text; by default a new line begins.
        length: bytes that follow.
        seed: of what is drawn; the same seed gives the same text on every device.
        temperature: a factor on that of the task: below 1 for more likely bytes, above it for others.
        greedy: always the likeliest byte; nothing is drawn, and there is no temperature.
    """
    from tejax.cli import writing

    require(not greedy or temperature == 1, "left out beside --greedy", temperature=temperature)
    return writing.write_text(expanded(path), prompt, length, seed, None if greedy else temperature)


def _list(json: bool = False) -> Answer:
    """Tasks, networks, strategies and environments that a command line can name, a line each.

    Args:
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import catalogue

    return catalogue.catalogue()


def completion(shell: Positional[Literal["bash", "zsh"]]) -> int:
    """A script with which a shell completes commands, parts and options: `eval "$(tejax completion bash)"`.

    Args:
        shell: bash or zsh.
    """
    from tejax.cli.completion import completion_script

    print(completion_script(COMMANDS, shell), end="")  # noqa: T201
    return 0


def doctor(exact: bool = False, quick: bool = False, json: bool = False) -> Answer:
    """Versions, devices, engines, and what tejax picks on this machine; or whether it computes the right bits.

    Args:
        exact: compare all that exactness rests on with the CPU, print a table, and exit 1 if anything differs.
        quick: with --exact: a part of it, in less than a minute.
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import diagnosis

    return diagnosis.check_exactness(quick, quiet=json) if exact or quick else diagnosis.diagnose()


def bench(
    task: Choice,
    strategy: Choice = STRATEGIES.choose("genetic"),  # noqa: B008
    network: Choice = NETWORKS.choose("mlp"),  # noqa: B008
    calibrate: bool = False,
    json: bool = False,
) -> Answer:
    """Where the time of a generation goes, and how fast each engine is.

    Args:
        calibrate: measure which engine is fastest at which fan-in, and let `auto` follow that from now on.
        json: print one JSON object, and nothing else.
    """
    from tejax.cli import profile

    return profile.measure(Experiment(task, network, strategy), calibrate)


PARTS = ("task", "strategy", "network")
COMMANDS: dict[str, Command] = {
    "evolve": Command(
        evolve,
        {"schedule": Schedule, "islands": IslandOptions, "devices": DeviceOptions, "logging": LoggingOptions},
        PARTS,
        needs_task=True,
        examples=(
            "tejax evolve digits --out runs/mine",
            "tejax evolve digits categorical --kind levels --trits 8 --hidden 128",
            "tejax evolve serial --operation add recurrent --neurons 8",
            "tejax evolve emission --path prices.csv --column close",
            "tejax evolve mymodule:MyTask --population 256",
        ),
    ),
    "resume": Command(resume, {"devices": DeviceOptions, "logging": LoggingOptions}, PARTS, skip=99),
    "sweep": Command(
        sweep,
        {"grid": Grid, "schedule": Schedule, "islands": IslandOptions},
        PARTS,
        needs_task=True,
        examples=("tejax sweep parity --rates mutation_rate=0.003,0.01,0.03 --seeds 8",),
    ),
    "search": Command(search_command),
    "evaluate": Command(evaluate, {}, PARTS, skip=1),
    "export": Command(export, {}, PARTS, skip=99),
    "report": Command(report, {}, PARTS, skip=99),
    "compare": Command(compare, {}, PARTS, skip=99),
    "replay": Command(replay, {}, PARTS, skip=99),
    "generate": Command(generate, {}, PARTS, skip=99),
    "list": Command(_list),
    "completion": Command(completion, skip=1),
    "doctor": Command(doctor),
    "bench": Command(bench, {}, PARTS, needs_task=True, examples=("tejax bench digits --calibrate",)),
}
