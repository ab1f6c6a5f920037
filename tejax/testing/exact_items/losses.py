"""Losses of outputs, and those of whole networks."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np

from tejax import networks
from tejax.core import fixedpoint, random
from tejax.registry import LOSSES
from tejax.testing.exact_items.item import SEED, Item, numbers, some_trits

__all__ = ["loss_items"]


def loss_items() -> Iterator[Item]:
    """Every loss that is registered."""
    outputs = [
        numbers("outputs", (500, 10), -40, 40).astype(np.int32),
        numbers("ties", (100, 4), -2, 2).astype(np.int32),
        numbers("extremes", (100, 3), -(2**31), 2**31 - 1).astype(np.int32),
    ]
    labels = [numbers("labels", x.shape[:1], 0, x.shape[1] - 1).astype(np.int32) for x in outputs]
    temperatures = ((1, 1), (4, 1), (8, 1), (3, 2), (7, 3), (4096, 1), (1, 64))
    for name in LOSSES:
        made = [fixedpoint.make_loss(name, temperature) for temperature in temperatures]

        def losses(outputs: list, labels: list, made: Any = made) -> Any:
            pairs = [*zip(outputs, labels, strict=True)]
            return [[(each.sample(x, y), each.total(x, y)) for x, y in pairs] for each in made]

        words = f"at {len(temperatures)} temperatures; ties, the widest range, sums"
        yield Item(f"loss {name}", words, losses, (outputs, labels))
    signs = [some_trits("wanted", *x.shape) for x in outputs]

    def wrong(outputs: list, signs: list) -> Any:
        return [fixedpoint.sign_loss(x.shape[1]).total(x, y) for x, y in zip(outputs, signs, strict=True)]

    yield Item("loss of signs", "outputs of another sign than is wanted", wrong, (outputs, signs))
    shapes: dict[str, tuple[networks.MLP, int]] = {
        "5-3": (networks.MLP((5, 3)), 97),
        "3-8-1": (networks.MLP((3, 8, 1), dead_zone=0.5, bias=2), 8),
        "64-64-10": (networks.MLP((64, 64, 10)), 300),
        "70-40-20-17": (networks.MLP((70, 40, 20, 17), dead_zone=0.3), 129),
        "784-256-10": (networks.MLP((784, 256, 10)), 130),
        "levels, 8-33-10": (networks.MLP((8, 33, 10), levels=8), 130),
    }
    for place, (name, (network, samples)) in enumerate(shapes.items()):
        last = network.features[-1]
        x = numbers("x" + name, (samples, network.features[0]), *network.input_range).astype(np.int8)
        y = numbers("y" + name, (samples,), 0, last - 1).astype(np.int32)
        wanted = some_trits("signs" + name, samples, last)

        def total(plain: bool, seed: Any, x: Any, y: Any, wanted: Any, network: Any = network) -> Any:
            genomes = jax.vmap(network.init)(jax.random.split(random.key(seed), 3))
            losses = [(fixedpoint.make_loss("cross_entropy", (4, 1)), y), (fixedpoint.make_loss("margin", (3, 1)), y)]
            losses += [(fixedpoint.make_loss("wrong"), y), (fixedpoint.sign_loss(wanted.shape[1]), wanted)]

            def one(genome: Any) -> Any:
                if plain:
                    return [loss.total(network.apply(genome, x), y) for loss, y in losses]
                return [network.loss(genome, x, y, loss) for loss, y in losses]

            return jax.vmap(one)(genomes)

        yield Item(
            f"network loss {name}",
            f"every loss of 3 networks, {samples} samples",
            partial(total, False),
            (SEED, x, y, wanted),
            spelled=partial(total, True),
            quick=place in (1, 2, 5),
        )
