"""C sources: networks of every shape, compiled, and their outputs beside those of the network itself."""

import ctypes
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

import tejax
from experiments.robustness.trials import ANSWERED, Trial, library
from tejax import networks

__all__ = ["INPUTS", "sources"]

INPUTS = 200  # a network
FLAGS = ("-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-shared")


def sources(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Perceptrons of one to four layers of odd widths, with every number of constant inputs and any dead zone."""
    for number in range(count):
        sizes = [dice.choice([1, 2, 3, 31, 32, 33, 64, 65, 100]) for _ in range(dice.randint(2, 5))]
        zone, bias = dice.choice([0.0, 0.3, 0.67, 2.0, 50.0]), dice.choice([0, 1, 2, 127, 128])
        network = networks.MLP(tuple(sizes), dead_zone=zone, bias=bias, density=dice.choice([0.0, 0.3, 1.0]))
        given = f"{'-'.join(map(str, sizes))}, dead zone {zone}, {bias} constant inputs"
        end = library(lambda number=number, network=network: _differ(number, network, folder), lambda wrong: wrong == 0)
        yield Trial(given, end if end == ANSWERED else f"{end} of {INPUTS} outputs differ")


def _differ(number: int, network: networks.MLP, folder: Path) -> int:
    """On how many inputs the compiled source has other outputs."""
    genome = network.init(jax.random.key(number))
    path, _ = tejax.export.save_c(folder / f"n{number}.c", network, genome, f"net{number}")
    made = path.with_suffix(".so")
    subprocess.run(["cc", *FLAGS, "-o", str(made), str(path)], check=True, capture_output=True, text=True)
    run = getattr(ctypes.CDLL(str(made)), f"net{number}")
    x = np.random.default_rng(number).integers(-1, 2, (INPUTS, network.features[0])).astype(np.int8)
    y = np.zeros((INPUTS, network.features[-1]), np.int32)
    for row, out in zip(x, y, strict=True):
        run(row.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p))
    return int((y != np.asarray(network.apply(genome, x))).any(axis=1).sum())
