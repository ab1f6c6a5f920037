"""The bytes a generation sends between devices, in closed form, and what they would mean for 8, 64 and 1,024 of them.

D devices; P individuals of n trits, or I islands of P / I. A device receives (D - 1) / D of what is gathered to all of
them, and twice that of what is added up over them (in a ring). `experiments.benchmarks.scaling` holds the formulas
against the collectives of the compiled programs.
"""

import math
from typing import Any, NamedTuple

__all__ = ["DEVICES", "MACHINES", "WORK", "Size", "predict", "received"]


class Size(NamedTuple):
    """What the bytes depend on."""

    population: int  # P
    trits: int  # n, of a genome
    devices: int  # D
    islands: int = 1  # I
    migrants: int = 0  # of an island
    climbers: int = 0


def words(trits: int) -> int:
    """The 32-bit words of one of the two planes that a packed genome is."""
    return -(-trits // 32)


def received(strategy: str, size: Size) -> dict[str, float]:
    """Bytes that come to a device in a generation, and those that come on top in one with a migration."""
    population, trits, devices, islands, migrants, climbers = size
    gathered = (devices - 1) / devices
    fitness = gathered * 4 * population
    planes = gathered * 8 * population * words(trits)
    apart = fitness + gathered * 4 * islands  # of each island its best
    every = {
        "genetic": planes + 2 * fitness,  # the paces of the individuals are as many numbers as their fitness
        "genetic, packed": planes + 2 * fitness,
        "categorical": fitness + 2 * gathered * (8 * trits + trits),  # votes for +1 and -1, and the fittest
        "hill_climb": fitness + 2 * gathered * climbers * trits,
        "islands": apart,
        "islands, tour": apart,
    }
    held = islands // devices  # by a device; a roll by one island moves one, by more than all of a device's moves those
    steps = {"islands": 1, "islands, tour": sum(min(2**bit, held) for bit in range((islands - 1).bit_length()))}
    return {"generation": every[strategy], "migration": float(steps.get(strategy, 0) * migrants * (trits + 4))}


class Machine(NamedTuple):
    """An accelerator and its links, as their makers state them."""

    operations: float  # peak int8 operations a second
    near: int  # devices that are joined by the fast link
    inside: float  # bytes a second that come to a device over it
    outside: float  # bytes a second that come to `near` devices together from all others
    source: str


MACHINES = {
    "H100 SXM": Machine(
        1979e12,
        8,
        450e9,
        8 * 50e9,
        "NVIDIA: 1,979 dense int8 TOPS, NVLink 900 GB/s both ways; NDR InfiniBand, 400 Gb/s",
    ),
    "TPU v5e": Machine(
        393e12, 256, 200e9, 800e9, "Google Cloud: 393 int8 TOPS, ICI 400 GB/s both ways, a pod of 256 with 6.4 Tb/s out"
    ),
}
LATENCY = 10e-6  # assumed: seconds that a collective takes for each doubling of the devices, bytes aside
COLLECTIVES = 4  # a generation, about
DEVICES = (8, 64, 1024)


class Work(NamedTuple):
    """A network, its task and its population."""

    features: tuple[int, ...]
    samples: int
    population: int
    reached: float  # the share of its int8 peak that a chip reaches in a generation, breeding included


# reached: of the most similar shape measured on an H200 (results/accelerator.json): 147.6 TMAC/s a generation at
# 64-64-10, 65,536 networks, and 314.2 at 784-256-10, 4,096 networks, of 989.5
WORK = {
    "128-64-10, digits": Work((128, 64, 10), 1437, 2**16, 0.149),
    "784-1024-1024-10, 10,000 samples": Work((784, 1024, 1024, 10), 10_000, 2**16, 0.318),
}


def predict(strategy: str, work: Work, machine: Machine, devices: int, every: int, weak: bool) -> dict[str, Any]:
    """Seconds a generation, and the efficiency, where the population is that of `work`, or (weak) D times that."""
    bias = 4  # constant inputs of a layer
    pairs = list(zip(work.features, work.features[1:], strict=False))
    trits = sum((fan_in + bias) * fan_out for fan_in, fan_out in pairs)
    population = work.population * (devices if weak else 1)
    compute = 2 * trits * work.samples * population / devices / (machine.operations * work.reached)
    size = Size(population, trits, devices, ISLANDS * (devices if weak else 1), MIGRANTS)
    sent = received(strategy, size)
    total = sent["generation"] + sent["migration"] / every
    beyond = max(0.0, 1 - machine.near / devices)
    travel = total / machine.inside + total * beyond / machine.outside + COLLECTIVES * LATENCY * math.log2(devices)
    return {
        "compute, ms": round(1e3 * compute, 4),
        "exchange, ms": round(1e3 * travel, 4),
        "received, MB": round(total / 1e6, 3),
        "efficiency": round(compute / (compute + travel), 3),
    }


ISLANDS, MIGRANTS = 1024, 2
