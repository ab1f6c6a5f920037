"""The contract of networks, checked."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import trits
from tejax.contracts import unchecked
from tejax.core import pytrees, random
from tejax.core.settings import exact
from tejax.testing.holding import (
    COUNT,
    agree,
    attempt,
    hashable,
    hold,
    hold_equal,
    hold_int32,
    hold_ranges,
    name_of,
)
from tejax.types import Array, Genome, Key, Network, Recurrent

__all__ = ["check_network"]


@exact()
def check_network(network: Network, features: int | tuple[int, ...], key: Key) -> None:
    """A network: int8 trits from `init`, int32 outputs [..., O] from `apply`, one row never touching another.

    A network whose genomes are not all trits has `ranges`: (least, greatest) for each leaf of a genome. One with a
    memory that reads sequences gives the same outputs when it is taken step by step.

    Args:
        network: the one to check.
        features: F, or the shape of what counts as one row: (T, F) for a network that reads sequences.
        key: of genomes and inputs.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    hold(isinstance(network, Network), f"{name_of(network)} must be a subclass of tejax.types.Network")
    hold(hashable(network), f"{name_of(network)} must be hashable and equal to itself: make it a frozen dataclass")
    init_key, x_key = jax.random.split(attempt("key", random.as_key, key))
    keys = jax.random.split(init_key, COUNT)
    genomes = agree(unchecked(network.init), (keys,), "init")
    hold_ranges(genomes, network, "a fresh genome")
    prints = {pytrees.fingerprint(pytrees.take(genomes, index)) for index in range(COUNT)}
    hold(len(prints) > 1, "init must use its key: all keys gave the same genome")

    row = (features,) if isinstance(features, int) else features
    declared = network.features[0], network.reads
    wanted = row[-1], "sequence" if len(row) > 1 else "rows"
    hold(declared == wanted, f"features and reads must be those of the inputs, {wanted}, not {declared}")
    # asked last is the first genome again, about the same rows in the opposite order
    x = np.array(jax.jit(partial(trits.sample, shape=(COUNT, 3, *row)))(x_key))
    x[-1] = x[0, ::-1]
    genomes = pytrees.take(genomes, jnp.array([*range(COUNT - 1), 0]))
    outputs = agree(network.apply, (genomes, x), "apply")
    hold_int32(outputs, "the outputs of apply")
    hold(outputs.shape[:-1] == x.shape[:-1], f"apply must map [..., F] to [..., O]: {x.shape} became {outputs.shape}")
    last = network.features[-1]
    hold(outputs.shape[-1] == last, f"apply must give {last} outputs, the last of features, not {outputs.shape[-1]}")
    genome = pytrees.take(genomes, 0)
    single = attempt("apply of one row", jax.jit(network.apply), genome, x[0, 1])
    hold_equal(single, outputs[0, 1], "apply must give a row the same outputs alone [F] and in a batch [B, F]")
    turned = np.ascontiguousarray(outputs[-1, ::-1])
    hold_equal(turned, outputs[0], "apply must give a row the same outputs wherever it stands in its batch")
    if isinstance(network, Recurrent) and network.reads == "sequence":
        stepped = attempt("step", jax.jit(partial(_step_by_step, network)), genome, x[0, 1])
        hold_equal(stepped, outputs[0, 1], "apply must give the outputs that step gives, from init_state on")


def _step_by_step(network: Recurrent, genome: Genome, x: Array) -> Array:
    """The outputs [T, O] for a sequence [T, F]."""
    return lax.scan(lambda state, row: network.step(genome, state, row), network.init_state(), x)[1]
