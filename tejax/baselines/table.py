"""The table of methods: every baseline, and every registered strategy."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tejax import strategies  # noqa: F401  (fills the registry)
from tejax.baselines._data import TEMPERATURE, TRITS
from tejax.baselines._evolved import evolved
from tejax.baselines._gradient import gradient
from tejax.baselines._methods import Method
from tejax.baselines._open_es import open_es
from tejax.baselines.binary import bep
from tejax.baselines.direct import bop, dqt
from tejax.baselines.gates import logic_gates
from tejax.baselines.post_training import bfloat16, eight_bits, rescaled, ternarised
from tejax.baselines.posterior import trit_posterior
from tejax.registry import STRATEGIES
from tejax.tasks.datasets.encoding import Kind

__all__ = ["FASHION_MNIST", "SETTINGS", "Settings", "methods"]


class Settings(NamedTuple):
    """How a strategy is run as a method.

    Attributes:
        options: of the strategy, where they are not its defaults.
        samples: training samples a generation.
        trits: of an input number, or with levels its greatest whole number.
        kind: what a number becomes.
        temperature: of the loss.
        effort: the share of a budget's samples that are spent.
    """

    options: Mapping[str, Any] = MappingProxyType({})
    samples: int = 128
    trits: int = TRITS
    kind: Kind = "trits"
    temperature: tuple[int, int] = TEMPERATURE
    effort: float = 1.0


# Named are the settings that the claims were measured with; on labelled data crossing trit by trit does better than the
# default, neuron by neuron. Other strategies run with their defaults; another line is all that other settings take.
GENETIC = {"tournament": 8, "crossover": "uniform", "mutation_rate": 0.001}
CATEGORICAL = {"population": 128, "learning_rate": 0.035, "min_prob": 0.0005, "init_weight": 0.0}
SETTINGS: dict[str, Settings] = {  # for pixels of 17 values, as those of the digits
    "genetic": Settings(GENETIC, trits=8, kind="levels"),
    "categorical": Settings(CATEGORICAL, samples=512, trits=8, kind="levels"),
    "guided": Settings(samples=64, trits=8, kind="levels", temperature=(8, 1), effort=0.002),
}
FASHION_MNIST: dict[str, Settings] = {  # for as many pixels and samples as Fashion-MNIST has
    "genetic": Settings(GENETIC, samples=512, trits=4, kind="levels", temperature=(16, 1)),
    "categorical": Settings(CATEGORICAL, samples=512, trits=4, kind="levels", temperature=(16, 1)),
    "guided": Settings({"memory": 9}, trits=4, kind="levels", temperature=(16, 1), effort=0.02),
}

GROUP = 8  # neurons of a binary network of which one moves for a sample, where that divides the sizes
GATES, GATE_LAYERS = 8, 3  # gates a layer of logic gates has for every hidden neuron of the others, and layers


def methods(
    hidden: tuple[int, ...] = (64,), chunk: int = 32, settings: Mapping[str, Settings] = SETTINGS
) -> dict[str, Method]:
    """Every method by its name: an experiment picks its rows from here.

    Args:
        hidden: sizes of the hidden layers, the same in all methods but two: "BEP" has the last of them twice, and
            "logic gates" three layers of 8 gates for each neuron of the widest.
        chunk: generations of what is evolved between two calls of a callback.
        settings: of strategies by their names; others run with their defaults.
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
        dqt("DQT", hidden),
        bop("Bop", hidden),
        bep("BEP", (*hidden, *hidden[-1:]), group=math.gcd(GROUP, *hidden)),
        logic_gates("logic gates", (GATES * max(hidden, default=1),) * GATE_LAYERS),
        trit_posterior("trit posterior", hidden),
    ]
    for name in STRATEGIES:
        setting = settings.get(name, Settings())
        strategy = STRATEGIES.make(STRATEGIES.choose(name, **setting.options))
        how = setting._asdict()
        del how["options"]
        rows.append(evolved(name, strategy, hidden, **how, chunk=chunk))
    return {method.name: method for method in rows}
