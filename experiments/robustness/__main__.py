"""What tejax does with what it should never be given, counted: how much was tried, and how it ended.

    python -m experiments.robustness                         # all of it, some twenty minutes on two cores
    python -m experiments.robustness --kind configs networks
    python -m experiments.robustness --quick

`answered` means that the answer was the right one although the input was damaged: a checkpoint before the damaged one,
a description that changes no result. `refused` is one readable line. Everything else is a fault, and the command
fails. The page docs/results/robustness.md is made of the record.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from experiments.record import Row
from experiments.robustness import builds, commands, environments, files, kills, sources, values
from experiments.robustness.trials import ANSWERED, REFUSED, Trial
from experiments.study import Study

Kind = Callable[[random.Random, int, Path], Iterator[Trial]]
KINDS: dict[str, tuple[Kind, int, str]] = {  # how many are tried, and what they are in words
    "inputs": (values.inputs, 200, "inputs of a network that are no int8 trits, or have another width"),
    "fitness": (values.fitness, 100, "fitness of a user's task that is no int32 number"),
    "keys": (values.keys, 20, "keys that are none"),
    "sizes": (values.sizes, 300, "sizes and rates that are none, in the library"),
    "misfits": (values.misfits, 30, "networks, genomes and tasks that do not fit each other"),
    "environments": (environments.environments, 30, "environments: spaces, returns, observations"),
    "command lines": (commands.command_lines, 1200, "command lines with a number out of its range"),
    "configs": (files.configs, 400, "config.json of a run, damaged, then resumed"),
    "metrics": (files.metrics, 150, "metrics.jsonl of a run, damaged, then reported or resumed"),
    "checkpoints": (files.checkpoints, 100, "files of checkpoints, damaged, then resumed"),
    "networks": (files.networks, 1500, "saved networks, damaged, then evaluated"),
    "sweeps": (files.sweeps, 100, "sweep.json and table.json, damaged, then reported"),
    "data files": (files.data_files, 200, "data in .npz and IDX files, damaged, then evolved on"),
    "builds": (builds.builds, 40, "the cached native library damaged, and broken compilers"),
    "kills": (kills.kills, 20, "runs killed at any moment, then resumed"),
    "C sources": (sources.sources, 40, f"exported networks, compiled: {sources.INPUTS} outputs each"),
}
FAULTS = 5  # that a record shows in words


def trials(kind: str, share: float, seed: int) -> list[Trial]:
    """A share of the trials of a kind, at least three."""
    run, most, _ = KINDS[kind]
    dice = random.Random(f"{kind} {seed}")
    with tempfile.TemporaryDirectory() as folder:
        return list(run(dice, max(3, round(share * most)), Path(folder)))


def measure(settings: Row, kind: str) -> Row:
    """How many trials of a kind ended in which way."""
    start = time.perf_counter()
    found = trials(kind, settings["share"], settings["seed"])
    faults = [f"{each.given}: {each.end}" for each in found if each.end not in (ANSWERED, REFUSED)]
    return {
        "what": KINDS[kind][2],
        "tried": len(found),
        "answered": sum(each.end == ANSWERED for each in found),
        "refused": sum(each.end == REFUSED for each in found),
        "faults": len(faults),
        "examples": faults[:FAULTS],
        "seconds": round(time.perf_counter() - start, 1),
    }


def check(rows: list[Row]) -> str:
    """The sum of all kinds; fails if there is any fault."""
    tried, faults = (sum(row[name] for row in rows) for name in ("tried", "faults"))
    said = f"{tried:,} tried, {faults} faults"
    if faults:
        raise SystemExit("\n".join([said, *(f"  {each}" for row in rows for each in row["examples"])]))
    return said


STUDY = Study(
    "robustness",
    measure,
    {"share": 1.0, "seed": 0},
    {"kind": list(KINDS)},
    quick={"share": 0.005},
    check=check,
)

if __name__ == "__main__":
    STUDY.main()
