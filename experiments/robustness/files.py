"""Damaged files: each file of a run, a sweep, a saved network and a data set, damaged in every way, is read again."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from experiments.robustness.damage import damage_bytes, damage_json
from experiments.robustness.trials import Trial, command

__all__ = ["checkpoints", "configs", "data_files", "metrics", "networks", "sweeps"]

TINY = ("parity", "--n", 3, "--hidden", 4, "--population", 16, "--elites", 2, "--generations", 12, "--chunk", 4)
QUIET = ("--quiet",)
Damaged = tuple[str, bytes]
Answer = dict[str, object]


def _run(folder: Path) -> Path:
    """A finished run of twelve generations."""
    path = folder / "run"
    end = command("evolve", *TINY, "--checkpoint-every", 0, "--out", path, *QUIET)
    if end != "answered":
        raise RuntimeError(f"the run to be damaged did not end well: {end}")
    return path


def _asked(*words: object) -> Answer:
    """What a command answers that must go well."""
    kept: list[Answer] = []
    end = command(*words, right=lambda answer: kept.append(answer) or True)
    if not kept:
        raise RuntimeError(f"tejax {' '.join(map(str, words))}: {end}")
    return kept[0]


def _trials(
    whole: Path, name: str, count: int, damaged: Callable[[bytes], Damaged], ask: Callable[[Path], str]
) -> Iterator[Trial]:
    """One file of a copy of a folder, damaged and asked about, `count` times."""
    copy = whole.parent / "damaged"
    data = (whole / name).read_bytes()
    for _ in range(count):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        how, text = damaged(data)
        (copy / name).write_bytes(text)
        yield Trial(f"{Path(name).name}: {how}", ask(copy))


def _either(dice: random.Random, skip: tuple[str, ...] = ()) -> Callable[[bytes], Damaged]:
    """Bytes or JSON values damaged, as chance decides."""

    def damaged(data: bytes) -> Damaged:
        if dice.random() < 0.4:
            return damage_bytes(dice, data)
        how, text = damage_json(dice, data.decode(), skip)
        return how, text.encode("utf-8", "surrogatepass")

    return damaged


def configs(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """config.json of a run, which `resume` reads: the same best network, or a refusal."""
    whole = _run(folder)
    best = _asked("resume", whole, *QUIET)["best"]

    def ask(path: Path) -> str:
        return command("resume", path, *QUIET, right=lambda answer: answer["best"] == best)

    yield from _trials(whole, "config.json", count, _either(dice), ask)


def metrics(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """metrics.jsonl, which `report` draws and `resume` goes on with."""
    whole = _run(folder)
    asks = [lambda path: command("report", path), lambda path: command("resume", path, "--generations", 16, *QUIET)]

    def damaged(data: bytes) -> Damaged:
        if dice.random() < 0.4:
            return damage_bytes(dice, data)
        lines = data.decode().splitlines()
        place = dice.randrange(len(lines))
        how, lines[place] = damage_json(dice, lines[place])
        return how, ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")

    yield from _trials(whole, "metrics.jsonl", count, damaged, lambda path: dice.choice(asks)(path))


def checkpoints(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Any file of the checkpoints: the bits of a run that was never damaged, or a refusal."""
    whole = _run(folder)
    copy = folder / "on"
    shutil.copytree(whole, copy)
    state = _asked("resume", copy, "--generations", 16, *QUIET)["state"]
    names = [str(file.relative_to(whole)) for file in sorted((whole / "checkpoints").rglob("*")) if file.is_file()]

    def ask(path: Path) -> str:
        return command("resume", path, "--generations", 16, *QUIET, right=lambda answer: answer["state"] == state)

    for _ in range(count):
        yield from _trials(whole, dice.choice(names), 1, lambda data: damage_bytes(dice, data), ask)


def networks(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """A saved network, which `evaluate` and `export` read: the very same one, or a refusal."""
    whole = _run(folder)
    report = _asked("evaluate", whole / "best.safetensors")
    report.pop("network")

    def ask(path: Path) -> str:
        def right(answer: Answer) -> bool:
            return {**answer, "network": 0} == {**report, "network": 0}

        return command("evaluate", path / "best.safetensors", right=right)

    yield from _trials(whole, "best.safetensors", count, lambda data: damage_bytes(dice, data), ask)


def sweeps(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """sweep.json and table.json, which `report` draws."""
    whole = folder / "sweep"
    _asked("sweep", *TINY, "--rates", "mutation_rate=0.01,0.1", "--seeds", 2, "--out", whole)
    for _ in range(count):
        name = dice.choice(["sweep.json", "table.json"])
        yield from _trials(whole, name, 1, _either(dice), lambda path: command("report", path))


def data_files(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Data: an .npz file, and IDX files, plain and gzipped."""
    import gzip

    whole = folder / "data"
    whole.mkdir()
    numbers = np.random.default_rng(0)
    x, y = numbers.integers(0, 256, (40, 5, 5), np.uint8), np.arange(40, dtype=np.uint8) % 4
    np.savez(whole / "plain.npz", x=x, y=y)
    np.savez_compressed(whole / "small.npz", x=x, y=y)
    labels = b"\0\0\x08\x01" + len(y).to_bytes(4, "big") + y.tobytes()
    pictures = b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in x.shape) + x.tobytes()
    (whole / "y.idx").write_bytes(labels)
    (whole / "x.idx").write_bytes(pictures)
    (whole / "x.idx.gz").write_bytes(gzip.compress(pictures, mtime=0))
    sizes = ("--hidden", 4, "--population", 8, "--elites", 1, "--generations", 1, "--chunk", 1, "--samples", 8)

    def ask(name: str, path: Path) -> str:
        more = () if name.endswith("npz") else ("--labels", path / "y.idx")
        place = ("--out", path / "run", "--overwrite", *QUIET)
        return command("evolve", "files", "--path", path / name, *more, *sizes, *place)

    for _ in range(count):
        name = dice.choice(["plain.npz", "small.npz", "x.idx", "x.idx.gz"])
        yield from _trials(
            whole, name, 1, lambda data: damage_bytes(dice, data), lambda path, name=name: ask(name, path)
        )
