"""The table of methods: every rival, and every strategy of the registry."""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tejax import strategies
from tejax.baselines.post_training import bfloat16, eight_bits, rescaled, ternarised
from tejax.baselines.evolved import evolved
from tejax.baselines.gradient import gradient
from tejax.baselines.methods import Method
from tejax.baselines.open_es import open_es
from tejax.strategies.categorical import Rates as Odds
from tejax.strategies.genetic import Rates
from tejax.types import Strategy

__all__ = ["SETTINGS", "Settings", "methods"]


class Settings(NamedTuple):
    """How a strategy is run as a method."""

    options: Mapping[str, Any] = MappingProxyType({})  # of its factory
    batch: int = 128  # samples a generation
    trits: int = 2  # that an input number becomes
    horizon: str = ""  # the factory's argument that takes the number of generations, if it has one


# Named are the settings that the claims were measured with; on labelled data crossing trit by trit does better than the
# default, neuron by neuron. Other strategies run with their defaults; another line is all that other settings take.
SETTINGS: dict[str, Settings] = {
    "genetic": Settings({"tournament": 8, "crossover": "uniform", "rates": Rates(mutation=0.001)}),
    "categorical": Settings({"rates": Odds(step=0.1, floor=0.0005, start=0.0)}),
}


@functools.cache
def _strategy(name: str, generations: int) -> Strategy:
    """Made once, so that it is compiled once."""
    settings = SETTINGS.get(name, Settings())
    horizon: dict[str, Any] = {settings.horizon: generations} if settings.horizon else {}
    return strategies.REGISTRY[name](**settings.options, **horizon)


def methods(hidden: tuple[int, ...] = (64,), chunk: int = 32) -> dict[str, Method]:
    """Every method for networks with these hidden layers, by name: an experiment picks its rows from here.

    chunk: generations of what is evolved between two looks of a listener.
    """
    float32 = gradient("float32", hidden)
    rows = [
        float32,
        gradient("float32, trits in", hidden, inputs="trits"),
        gradient("float32 conv", hidden=(), convolutions=(8, 16)),
        bfloat16(float32),
        eight_bits(float32),
        ternarised(float32),
        ternarised(float32, "ternarised, no scale", scale=False),
        rescaled(float32),
        gradient("TWN", hidden, "twn"),
        gradient("TWN, trits in", hidden, "twn", inputs="trits"),
        gradient("BitNet b1.58", hidden, "bitnet"),
        gradient("ensemble of 5", hidden, members=5),
        gradient("MC dropout", hidden, dropout=0.2, passes=32),
        open_es("float ES", hidden),
    ]
    for name in strategies.REGISTRY:
        settings = SETTINGS.get(name, Settings())
        # without a horizon the strategy is the same for any number of generations
        make = functools.partial(_strategy, name) if settings.horizon else (lambda _, name=name: _strategy(name, 0))
        rows.append(evolved(name, make, hidden, batch=settings.batch, trits=settings.trits, chunk=chunk))
    return {method.name: method for method in rows}
