"""Credit from perturbed sums where there are many outputs, of which one is right: bytes, say.

The loss with a trit forced to another value is that of other outputs, each of them one or two higher or lower. Of a
cross-entropy this needs no forward pass for every neuron: of the terms of the softmax, 2^(o / T), those grow by one
factor that the trit is added to, and those shrink by it that it is taken from. So two sums of terms for every neuron,
over the outputs that it excites and over those that it inhibits, give the loss under both of its values. They are one
product with the readout for all neurons together.
"""

import jax.numpy as jnp
from jax import lax

from tejax.core import fixedpoint, random
from tejax.engines.products import correlate
from tejax.errors import require
from tejax.networks.credit import FINE
from tejax.types import Array, Int8, Int32, Key, Loss

__all__ = ["of_hidden", "of_outputs"]

TERM = 16  # bits of a term of the softmax
DIGIT = 8  # bits of those that are multiplied at once
SHARE = 14  # bits of a probability
FACTOR = 10  # bits behind the point of the factor by which terms grow


def of_outputs(key: Key, outputs: Int32[Array, "B O"], y: Int32[Array, "B"], loss: Loss) -> Int32[Array, "B O"]:
    """How much better a sample were off with each output higher, for small steps: 1 - p for the label's, else -p.

    Most probabilities are smaller than what is kept of them, so they are rounded up or down by chance.

    Args:
        key: of the rounding.
        outputs: of all samples.
        y: the right one of each.
        loss: a cross-entropy.

    Returns:
        In 2^-SHARE, with noise below 2^-10 on it, which `layer_credit` rounds off.
    """
    terms, total = _terms(outputs, loss)
    shares = ((terms << SHARE) // total).astype(jnp.int32)
    right = lax.broadcasted_iota(jnp.int32, outputs.shape, 1) == y[:, None]
    noise = (random.bits(key, outputs.shape) & jnp.uint32((1 << FINE) - 1)).astype(jnp.int32) - (1 << FINE - 1)
    return jnp.where(right, jnp.int32(1 << SHARE), 0) - shares + noise


def of_hidden(
    trits: Int8[Array, "B N"], readout: Int8[Array, "O N"], outputs: Int32[Array, "B O"], y: Array, loss: Loss
) -> Int32[Array, "B N"]:
    """The loss with a trit at -1 minus that with it at +1, for every trit that is read out, by itself.

    What `credit.exact` computes, to within some thousandths of a bit.

    Args:
        trits: of the last hidden layer.
        readout: the weights of the outputs.
        outputs: that the trits give.
        y: the right output of each sample.
        loss: a cross-entropy of a temperature of 1 or more.
    """
    over, under = loss.temperature
    require(over >= under, "at least 1, for credit", temperature=f"{over}/{under}")
    terms, total = _terms(outputs, loss)
    batch, neurons = trits.shape
    digits = jnp.concatenate([terms >> DIGIT, terms & ((1 << DIGIT) - 1)]).astype(jnp.int32)
    signs = jnp.concatenate([readout > 0, readout < 0], axis=1).astype(jnp.int8)
    sums = correlate(digits.T, signs, 1).astype(jnp.uint32)
    found = (sums[:batch] << DIGIT) + sums[batch:]
    spare = jnp.maximum(32 - lax.clz(total).astype(jnp.int32) - (32 - 1 - SHARE), 0).astype(jnp.uint32)
    shares = (((found >> spare) << SHARE) // (total >> spare)).astype(jnp.int32)
    excited, inhibited = shares[:, :neurons], shares[:, neurons:]

    def partition(value: int) -> Int32[Array, "B N"]:
        """log2 of the softmax's denominator, were all trits this."""
        change = value - trits.astype(jnp.int32)
        grown = excited * _growth(change, over, under) + inhibited * _growth(-change, over, under)
        return fixedpoint.log2((grown + (1 << SHARE + FACTOR)).astype(jnp.uint32), SHARE + FACTOR)

    label = readout[y].astype(jnp.int32) * (2 * fixedpoint.UNIT * under // over)
    return partition(-1) - partition(1) + label


def _terms(outputs: Int32[Array, "B O"], loss: Loss) -> tuple[Array, Array]:
    """The terms of the softmax, uint32 [B, O], small enough that their sums [B, 1] are exact."""
    require(loss.name == "cross_entropy", "cross_entropy, for credit among so many outputs", loss=loss.name)
    coarse = fixedpoint.POWER - TERM + max(0, (outputs.shape[1] - 1).bit_length() - DIGIT)
    terms = fixedpoint.powers(outputs, loss.temperature) >> coarse
    return terms, jnp.sum(terms, axis=1, keepdims=True, dtype=jnp.uint32)


def _growth(change: Int32[Array, "B N"], over: int, under: int) -> Int32[Array, "B N"]:
    """2^(change / T) - 1 in 2^-FACTOR, of changes from -2 to 2."""
    growth = jnp.zeros(change.shape, jnp.int32)
    for step in (-2, -1, 1, 2):
        growth = jnp.where(change == step, round((2 ** (step * under / over) - 1) * 2**FACTOR), growth)
    return growth
