"""Kills: a run is killed with SIGKILL at any moment, resumed, and ends with the bits of one that nobody touched."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from experiments.robustness.trials import ANSWERED, Trial

__all__ = ["kills"]

SIZES = ("parity", "--n", "3", "--hidden", "4", "--population", "16", "--elites", "2", "--chunk", "1", "--quiet")
GENERATIONS = 400
PATIENCE = 300  # seconds for a whole run


def _start(*words: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "tejax", *map(str, words), "--json"]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _evolve(path: Path) -> subprocess.Popen:
    return _start("evolve", *SIZES, "--checkpoint-every", 0, "--generations", GENERATIONS, "--out", path, "--overwrite")


def _end(process: subprocess.Popen) -> dict[str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise RuntimeError(err[-300:])
    answer = json.loads(out)
    return {name: answer[name] for name in ("state", "best")}


def kills(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """The run is killed as often as it takes less than half of what is left, at least once, then goes on to its end."""
    start = time.monotonic()
    whole = _end(_evolve(folder / "whole"))
    seconds = time.monotonic() - start
    for number in range(count):
        path, times = folder / f"killed{number}", []
        process = _evolve(path)
        for _ in range(dice.choice([1, 1, 2, 3])):
            times.append(round(dice.uniform(0.05, 1) * seconds, 2))
            time.sleep(times[-1])
            process.kill()
            process.communicate()
            process = _start("resume", path, "--quiet") if (path / "config.json").exists() else _evolve(path)
        given = f"killed after {' and '.join(map(str, times))} s"
        try:
            end = _end(process)
        except RuntimeError as error:
            yield Trial(given, f"cannot go on: {error}")
            continue
        yield Trial(given, ANSWERED if end == whole else f"other bits: {end}")
