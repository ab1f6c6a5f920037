"""Credit for trits from perturbed sums: forward passes alone say which way every sum should have gone.

Noise on the sum of a neuron changes its trit where the sum is near its threshold, and the difference that this makes
to the loss of the sample, taken with opposite noise, is credit for the neuron (node perturbation: Flower & Jabri 1993;
Fiete & Seung 2006; its noise grows with the neurons that are perturbed at once, as Werfel, Xie & Seung 2005 show).
Here sums and losses are integers and a trit has few values, which allows two forms of it:

- Of the last hidden layer, one trit changes the outputs by a column of the readout. So the loss under +1 and under -1
  is known exactly for every neuron of every sample by itself, and so is the expectation over the noise of its sum.
- Below, K groups of neurons are perturbed, one after the other, by a coin each, and by the opposite coins.

A neuron's credit times its inputs, summed over samples, is credit for its trits: positive where +1 would be better.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core import fixedpoint, random
from tejax.engines.products import DIGITS, correlate
from tejax.networks.layer import Layer
from tejax.types import Array, Int8, Int32, Key, Loss

__all__ = ["again", "coins", "exact", "layer_credit", "nearness", "of_outputs", "rounded"]

FINE = 4  # bits of nearness
ROOM = 2**22  # outputs that are compared at once


def of_outputs(outputs: Int32[Array, "B O"], y: Array, loss: Loss) -> Int32[Array, "B O"]:
    """The loss with an output one lower minus that with it one higher, for every output by itself."""
    steps = jnp.eye(outputs.shape[-1], dtype=jnp.int32)

    def differences(row: tuple[Array, Array]) -> Int32[Array, "O"]:
        sums, label = row
        lower, higher = (_each(sums[None] + sign * steps, label, loss) for sign in (-1, 1))
        return (lower - higher) << FINE

    return _by_row(differences, (outputs, y), 2 * steps.size)


def exact(
    trits: Int8[Array, "B N"], readout: Int8[Array, "O N"], outputs: Int32[Array, "B O"], y: Array, loss: Loss
) -> Int32[Array, "B N"]:
    """The loss with a trit at -1 minus that with it at +1, for every trit that is read out, by itself.

    Args:
        trits: of the last hidden layer.
        readout: the weights of the outputs.
        outputs: that the trits give.
        y: labels [B, ...].
        loss: of each sample.
    """
    columns = readout.T.astype(jnp.int32)

    def differences(row: tuple[Array, Array, Array]) -> Int32[Array, "N"]:
        now, sums, label = row
        changes = jnp.stack([value - now.astype(jnp.int32) for value in (-1, 1)])
        changed = sums[None, None] + changes[..., None] * columns[None]
        losses = _each(changed, label, loss)
        return losses[0] - losses[1]

    return _by_row(differences, (trits, outputs, y), 2 * readout.size)


def coins(
    key: Key, trits: Int8[Array, "B ..."], near: Array, losses: Callable[[Array], Int32[Array, "KB ..."]], groups: int
) -> Int32[Array, "B ..."]:
    """As `exact`, for trits that anything may lie above: as far as coins tell, K opposite pairs of them.

    Args:
        key: of groups and coins.
        trits: [B, ...].
        near: booleans like them: which are perturbed, each in one of the groups.
        losses: trits [2 * K * B, ...] -> the loss of every sample of them, the B of a perturbation together; or of
            every sample and what follows B in the trits: [2 * K * B, T].
        groups: K.
    """
    group_key, coin_key = jax.random.split(key)
    group = random.randint(group_key, trits.shape, groups)
    coin = jnp.where(random.coin(coin_key, trits.shape), jnp.int8(1), jnp.int8(-1))
    numbers = lax.broadcasted_iota(jnp.int32, (groups, *(1,) * trits.ndim), 0)
    perturbed = near[None] & (group[None] == numbers)
    both = jnp.stack([jnp.where(perturbed, sign * coin[None], trits[None]) for sign in (jnp.int8(-1), jnp.int8(1))])
    found = losses(both.reshape(-1, *trits.shape[1:]))
    lost = found.reshape(2, groups, trits.shape[0], *found.shape[1:])
    difference = (lost[0] - lost[1]).reshape(*lost.shape[1:], *(1,) * (trits.ndim - found.ndim))
    return jnp.sum(jnp.where(perturbed, difference, 0), axis=0, dtype=jnp.int32) * coin.astype(jnp.int32)


def nearness(sums: Int32[Array, "B ..."], zone: int, amplitude: float) -> Int32[Array, "B ..."]:
    """How likely noise brings each sum over its threshold, 0 to 2^FINE.

    Of uniform noise from -a to a, the share that does falls evenly with the distance, and is 0 from a on.

    Args:
        sums: of a layer, before they become trits.
        zone: the dead zone, at whose ends the thresholds are.
        amplitude: a in mean magnitudes of the sums.
    """
    size = jnp.abs(sums)
    rows = size.reshape(size.shape[0], -1)
    mean = jnp.sum(jnp.sum(rows, axis=1, dtype=jnp.int32) // rows.shape[1], dtype=jnp.int32) // rows.shape[0]
    furthest = 1 + (mean * round(amplitude * 2**FINE) >> FINE)
    distance = jnp.abs(size - zone)
    return (jnp.maximum(furthest - distance, 0) << FINE) // furthest


def layer_credit(
    difference: Int32[Array, "B O"], x: Int8[Array, "B F"], constants: int, loss: Loss, reach: int = 1
) -> Layer:
    """The credit of a layer's trits, int32 [O, F] and [O, C].

    Each sample speaks for one of the constant inputs, so that their trits do not all change at once.

    Args:
        difference: how much better each sum had been higher, in 2^-FINE of the loss.
        x: inputs of the layer.
        constants: C.
        loss: that differs.
        reach: the greatest input.
    """
    rows = difference.shape[0]
    digits = rounded(difference, loss, reach)
    turns = lax.broadcasted_iota(jnp.int32, (rows, constants), 0) % max(1, constants)
    chosen = turns == lax.broadcasted_iota(jnp.int32, (rows, constants), 1)
    return Layer(correlate(digits, x, reach), correlate(digits, chosen.astype(jnp.int8), 1))


def rounded(difference: Int32[Array, "B O"], loss: Loss, reach: int = 1) -> Int32[Array, "B O"]:
    """Differences small enough that sums over B of them, times inputs up to `reach`, are exact: below DIGITS."""
    halved = max(0, min(FINE, (loss.limit << FINE + 1).bit_length() - DIGITS.bit_length() + 1))
    halved += fixedpoint.halvings(difference.shape[0], DIGITS * reach)
    return jnp.clip((difference + (1 << halved >> 1)) >> halved, 1 - DIGITS, DIGITS - 1)


def again(y: Array, rows: int) -> Array:
    """The labels of that many rows, as `coins` shows them: those of all samples over and over."""
    return jnp.tile(y, (rows // y.shape[0], *(1,) * (y.ndim - 1)))


def _each(outputs: Int32[Array, "... O"], label: Array, loss: Loss) -> Int32[Array, "..."]:
    """The loss of each of many outputs of one sample."""
    return loss.sample(outputs, jnp.broadcast_to(label, (*outputs.shape[:-1], *label.shape)))


def _by_row(function: Callable[[Any], Array], rows: Any, size: int) -> Array:
    """The function of every row, of as many at once as there is ROOM for where one makes outputs of this size."""
    together = max(1, ROOM // size)
    if together >= len(jax.tree.leaves(rows)[0]):
        return jax.vmap(function)(rows)
    return lax.map(function, rows, batch_size=together)
