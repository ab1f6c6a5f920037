"""Operations of an inference, counted from the shapes of a network, and the energy that they would take."""

import itertools
from typing import Any

from experiments.claims import sliced
from experiments.record import Row
from tejax import networks
from tejax.baselines.gates import Layout

__all__ = ["counts", "dashed"]

# picojoules, Horowitz 2014, figure 1.1.9
PICOJOULES = {"float32 multiply": 3.7, "float32 add": 0.9, "int8 multiply": 0.2, "int32 add": 0.1, "byte read": 10 / 8}
POPCOUNT = 15  # operations of the exported C function `count`
KEPT = 0.55  # of a TWN's weights are not 0


def dashed(sizes: tuple[int, ...]) -> str:
    """64-32-10."""
    return "-".join(map(str, sizes))


def counts(network: networks.MLP, genome: Any, floats: dict[str, tuple[int, ...]], logic: Layout | None) -> list[Row]:
    """Operations of one inference, counted from the shapes, and the energy that they would take.

    Args:
        network: of trits, evolved.
        genome: of the network.
        floats: the float32 networks beside it, by name.
        logic: gates beside it, if any.
    """

    def macs(sizes: tuple[int, ...]) -> int:
        return sum(i * o for i, o in itertools.pairwise(sizes))

    same = network.features
    neurons, weights = sum(same[1:]), macs(same)
    counted = {
        name: {
            "float32 multiply": macs(sizes),
            "float32 add": macs(sizes),
            "byte read": 4 * (macs(sizes) + sum(sizes[1:])),
        }
        for name, sizes in floats.items()
    }
    counted[f"int8 {dashed(same)}"] = {
        "int8 multiply": weights,
        "int32 add": weights,
        "byte read": weights + 4 * neurons,
    }
    counted[f"TWN {dashed(same)}"] = {
        "float32 add": round(weights * KEPT),
        "float32 multiply": neurons,
        "byte read": weights // 4 + 4 * neurons,
    }
    if logic:
        counted["logic gates"] = {
            "int32 add": 2 * sum(logic.gates) + 2 * logic.gates[-1],  # at most two a gate, then a mask and a sum
            "byte read": logic.sizes["gates and wires"],
        }
    words = [o * -(-i // 32) for i, o in itertools.pairwise(same)]
    planes = words[0] * network.levels.bit_length() + sum(words[1:])
    steps = planes * (3 + 2 * POPCOUNT + 3) + 6 * sum(same[:-1])  # and setting each trit
    counted["evolved"] = {"int32 add": steps, "byte read": 8 * sum(words) + neurons}
    read = (8 * sum(words) + 4 * neurons) // sliced.SAMPLES
    counted["evolved, 32 at a time"] = {"int32 add": sliced.operations(network, genome), "byte read": read}
    joules = {
        name: sum(PICOJOULES[what] * count for what, count in each.items()) / 1000 for name, each in counted.items()
    }
    return [{"name": name, "operations": counted[name], "nanojoules": round(joules[name], 2)} for name in counted]
