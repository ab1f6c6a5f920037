"""Where the reference traces are, and what their replays have in common."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

SHARED = Path(__file__).parents[3] / "shared" / "golden"
GIVEN = os.environ.get("TEJAX_GOLDEN")  # folders, joined by colons
FOLDERS = [Path(name) for name in GIVEN.split(":") if name] if GIVEN else [SHARED / "visible", SHARED / "september"]


class Counts(NamedTuple):
    """What a replay has compared with the reference."""

    mutations: int
    ticks: int


def paths():
    return [path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.glob("*.npz"))]


def load(path):
    """The arrays of a trace, and its 0-d arrays as Python numbers and strings."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name].item() if file[name].ndim == 0 else file[name] for name in file.files}


def same(got, wanted, what):
    """Equal in shape and in every value."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, the reference has {wanted.shape}"
    odd = np.argwhere(got != wanted)
    assert not len(odd), f"{what}: {len(odd)} of {got.size} values differ, the first at {odd[0].tolist()}"
