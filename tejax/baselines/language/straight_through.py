"""The ternary network that tejax evolves, trained by gradients instead: float weights behind every trit.

On the forward pass all is as in `networks.ByteRecurrent`, in floats that are whole numbers; on the backward pass a step
is taken for a ramp (Bengio et al. 2013; Courbariaux et al. 2016). What is graded is the network of trits.
"""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from tejax.baselines.language._methods import Method
from tejax.baselines.language.through_time import Recipe, by_gradients
from tejax.baselines.rounding import straight_through
from tejax.networks.byte_recurrent import SATURATED, ByteRecurrent, Reader, Trace
from tejax.tasks.datasets.corpora import Corpus
from tejax.tasks.datasets.texts import language_of
from tejax.types import Array, Key

__all__ = ["Shadow", "straight_through_reader"]

FORGETFUL = 0.4  # of the first synapses from traces: below the half from which a weight is a trit


@dataclass(frozen=True)
class Shadow:
    """Float weights behind the trits of a network that reads bytes.

    Attributes:
        network: of trits.
        temperature: T of its softmax over powers of two.
        ramp: the magnitude of a sum from which no gradient passes its threshold.
    """

    network: ByteRecurrent
    temperature: float = 8.0
    ramp: float = 32.0

    def init(self, key: Key) -> Reader:
        """Weights spread evenly from -1 to 1; those from traces become 0."""
        leaves, tree = jax.tree.flatten(jax.eval_shape(self.network.init, key))
        keys = jax.random.split(key, len(leaves))
        drawn = [jax.random.uniform(k, leaf.shape, minval=-1.0) for k, leaf in zip(keys, leaves, strict=True)]
        shadow: Reader = jax.tree.unflatten(tree, drawn)
        return shadow._replace(memory=shadow.memory._replace(weights=FORGETFUL * shadow.memory.weights))

    def memory(self) -> Trace:
        """What it remembers before the first byte: traces are float32."""
        state = self.network.init_state()
        return state._replace(traces=state.traces.astype(jnp.float32))

    def step(self, params: Reader, memory: Trace, byte: Array) -> tuple[Trace, Array]:
        """What it remembers after a byte uint8 [], and logits float32 [256] of the next one."""
        network, weights = self.network, jax.tree.map(_trits, params)
        line = jnp.concatenate([byte[None], memory.bytes])
        rows = weights.tables[line.astype(jnp.int32)].reshape(network.context, network.context, -1)
        heard = sum(rows[delay, delay] for delay in range(network.context))
        seen = _signs(memory.traces, network.threshold, network.step_size)
        sums = network.weight * heard + weights.memory.weights @ seen + weights.memory.bias.sum(axis=1)
        hidden = _signs(sums, 0, self.ramp)
        lost = straight_through(memory.traces / 2**network.fade, jnp.floor(memory.traces / 2**network.fade))
        traces = jnp.clip(memory.traces - lost + network.step_size * hidden, -SATURATED, SATURATED)
        outputs = weights.readout.weights @ hidden + weights.readout.bias.sum(axis=1)
        return Trace(line[:-1], traces), outputs * (math.log(2) / self.temperature)

    @property
    def operations(self) -> int:
        """Multiply-adds of a byte: tables are looked up."""
        _, neurons, outputs = self.network.features
        return neurons * (neurons + outputs)

    def genome(self, params: Reader) -> Reader:
        """The network of trits."""
        rounded: Reader = jax.tree.map(lambda leaf: jnp.round(jnp.clip(leaf, -1, 1)).astype(jnp.int8), params)
        return rounded

    def bits(self, params: Reader, text: np.ndarray) -> float:
        """The bits a byte of the network of trits, in integers."""
        task = language_of(Corpus("graded", text, text, text), temperature=(round(64 * self.temperature), 64))
        return task.bits_per_byte(self.network, jax.jit(self.genome)(params), "test")


def straight_through_reader(
    name: str = "same trits by gradients",
    neurons: int = 192,
    context: int = 2,
    recipe: Recipe = Recipe(),  # noqa: B008
) -> Method:
    """The method that trains the ternary network of so many neurons and tables.

    Args:
        name: in tables.
        neurons: of the network.
        context: bytes that have a table each.
        recipe: how it is trained.
    """
    shadow = Shadow(ByteRecurrent((8, neurons, 256), context=context))
    return by_gradients(name, shadow, recipe, shadow.bits)


def _trits(weights: Array) -> Array:
    """The nearest of -1, 0 and 1, whose gradient is that of the weight as long as it is not beyond them."""
    clipped = jnp.clip(weights, -1, 1)
    return straight_through(clipped, jnp.round(clipped))


def _signs(sums: Array, threshold: float, ramp: float) -> Array:
    """The signs of sums beyond a threshold; backwards a ramp."""
    return straight_through(jnp.clip(sums / ramp, -1, 1), jnp.where(jnp.abs(sums) > threshold, jnp.sign(sums), 0))
