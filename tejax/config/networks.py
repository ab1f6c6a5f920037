"""Networks, as the command line and config.json have them; each takes its outer sizes from the task."""

import dataclasses
import math
from typing import Any

from tejax import engines, networks
from tejax.config.common import fields_of
from tejax.errors import require
from tejax.types import Network

__all__ = ["NETWORKS", "AnyNetwork", "Cellular", "Conv", "Mlp", "Recurrent", "Systolic", "Tied"]


@dataclasses.dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron of trits."""

    hidden: tuple[int, ...] = networks.MLP.features[1:-1]  # neurons of each hidden layer
    dead_zone: float = networks.MLP.dead_zone  # a hidden sum within dead_zone * sqrt(fan-in) of 0 becomes 0
    bias: int = networks.MLP.bias  # constant inputs of each layer
    density: float = networks.MLP.density  # the share of non-zero weights at the start
    # how products are computed: auto, native, packed, int8, float or bfloat16; it changes no result
    engine: str = networks.MLP.engine

    def build(self, task: Any) -> Network:
        """The network that fits a task."""
        return networks.MLP(**self._options(task))

    def _options(self, task: Any) -> dict[str, Any]:
        """What the network is made with."""
        options = fields_of(self, type(self))
        options["features"] = (task.features, *options.pop("hidden"), task.outputs)
        if self.engine == "auto" and hasattr(task, "episodes") and engines.choose(task.features) == "native":
            options["engine"] = "int8"  # one row an episode: too few for native, which takes 1.4 to 1.9 times as long
        return options


@dataclasses.dataclass(frozen=True)
class Tied(Mlp):
    """A multilayer perceptron of numbers: the trits of an input number share one synapse of each neuron."""

    planes: int = networks.Tied.planes  # trits of a number, as many as the task makes of it

    def build(self, task: Any) -> Network:
        """The network that fits a task. Raises InputError where the inputs are not so many planes."""
        return networks.Tied(**self._options(task))


@dataclasses.dataclass(frozen=True)
class Recurrent:
    """A small trit state that reads a sequence."""

    neurons: int = networks.Recurrent.features[1]  # of the state
    ticks: int = networks.Recurrent.ticks  # how often the state changes in a step
    gated: bool = networks.Recurrent.gated  # every neuron has a gate that decides whether it changes
    dead_zone: int = networks.Recurrent.dead_zone  # a sum of at most this magnitude becomes 0
    bias: int = networks.Recurrent.bias  # constant inputs of every neuron
    density: float = networks.Recurrent.density  # the share of non-zero trits at the start

    def build(self, task: Any) -> Network:
        """The network that fits a task."""
        options = {name: value for name, value in fields_of(self, Recurrent).items() if name != "neurons"}
        return networks.Recurrent((task.features, self.neurons, task.outputs), **options)


@dataclasses.dataclass(frozen=True)
class Conv:
    """Convolutions of trits, for inputs that are square images."""

    filters: tuple[int, ...] = networks.Conv.filters  # the channels that each stage makes
    kernel: int = networks.Conv.kernel  # the side of a patch
    stride: int = networks.Conv.stride  # a stage looks at every stride-th place
    pool: int = networks.Conv.pool  # and adds up its sums over pool x pool places
    dead_zone: float = networks.Conv.dead_zone  # a sum within dead_zone * sqrt(fan-in) of 0 becomes 0
    bias: int = networks.Conv.bias  # constant inputs of each filter
    density: float = networks.Conv.density  # the share of non-zero weights at the start
    # how products are computed: auto, packed, int8, float or bfloat16; it changes no result
    engine: str = networks.Conv.engine

    def build(self, task: Any) -> Network:
        """The network that fits a task. Raises InputError where the inputs are no square images."""
        channels = next((n for n in range(1, 17) if _square(task.features, n)), None)
        require(channels is not None, "a square number of pixels times at most 16 trits", features=task.features)
        side = math.isqrt(task.features // (channels or 1))
        return networks.Conv((channels or 1, side, side), outputs=task.outputs, **fields_of(self, Conv))


@dataclasses.dataclass(frozen=True)
class Cellular:
    """A line of cells that share their trits, one for each output, for numbers side by side (as addition has them)."""

    planes: int = networks.Cellular.planes  # numbers that lie side by side in the input
    neurons: int = networks.Cellular.neurons  # of a cell
    ticks: int | None = None  # how often all cells change, by default once for each cell and three times more
    neighbours: tuple[int, ...] = networks.Cellular.neighbours  # whom a cell sees, by distance along the line
    edge: str = networks.Cellular.edge  # what cells beyond the last input see: last (the last input) or zero
    gated: bool = networks.Cellular.gated  # every neuron has a gate that decides whether it changes
    dead_zone: int = networks.Cellular.dead_zone  # a sum of at most this magnitude becomes 0
    bias: int = networks.Cellular.bias  # constant inputs of every neuron
    density: float = networks.Cellular.density  # the share of non-zero trits at the start

    def build(self, task: Any) -> Network:
        """The network that fits a task. Raises InputError where the inputs are not so many numbers."""
        fits = self.planes >= 1 and task.features % self.planes == 0
        require(fits, f"a divisor of the {task.features} inputs", planes=self.planes)
        options = fields_of(self, Cellular) | {"ticks": task.outputs + 3 if self.ticks is None else self.ticks}
        return networks.Cellular(width=task.features // self.planes, cells=task.outputs, **options)


@dataclasses.dataclass(frozen=True)
class Systolic:
    """A line of cells with a layered step through which a sequence runs; without held planes, one such cell."""

    held: int = networks.Systolic.held  # planes of inputs of which each cell has its own; all others stream by
    streams: int = networks.Systolic.streams  # inputs that stream by, where some are held
    neurons: int = networks.Systolic.neurons  # of the state of a cell
    hidden: tuple[int, ...] = networks.Systolic.hidden  # neurons of each hidden layer of a step
    neighbours: tuple[int, ...] = networks.Systolic.neighbours  # whom a cell sees, by distance along the line
    bias: int = networks.Systolic.bias  # constant inputs of every neuron
    density: float = networks.Systolic.density  # the share of non-zero trits at the start

    def build(self, task: Any) -> Network:
        """The network that fits a task. Raises InputError where the held inputs are not so many planes."""
        if self.held < 1:
            return networks.Systolic(**fields_of(self, Systolic) | {"streams": task.features})
        lying = task.features - self.streams
        fits = lying >= self.held and lying % self.held == 0
        require(fits, f"a divisor of the inputs that lie still: {lying}", held=self.held)
        return networks.Systolic(**fields_of(self, Systolic) | {"width": lying // self.held})


def _square(features: int, channels: int) -> bool:
    """Is this a square image, 2 pixels wide at least, of so many channels?"""
    pixels = features // channels
    return features % channels == 0 and pixels >= 4 and math.isqrt(pixels) ** 2 == pixels


# the same as a type: what the registry below names
AnyNetwork = Mlp | Tied | Recurrent | Conv | Cellular | Systolic
NETWORKS: dict[str, type] = {
    "mlp": Mlp,
    "tied": Tied,
    "recurrent": Recurrent,
    "conv": Conv,
    "cellular": Cellular,
    "systolic": Systolic,
}
