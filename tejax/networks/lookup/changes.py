"""Single changes of a circuit: one start value, one link or one line, drawn from a key or picked by a 64-bit word.

What a word picks depends on no genome, so words are taken apart on the host, where 64 bits are at home.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import random
from tejax.errors import require
from tejax.networks.lookup.autonomous import Circuit
from tejax.operators.mutation import whole_genome
from tejax.registry import MUTATIONS
from tejax.types import Array, Int32, Key, Rate

__all__ = ["PARTS", "Change", "Part", "apply", "by_word", "single_changes"]

Part = Literal["start", "wiring", "lines"]  # of a circuit
PARTS: tuple[Part, ...] = ("start", "wiring", "lines")  # all of them


class Change(NamedTuple):
    """What is changed, and how: of one part of a genome."""

    place: Int32[Array, "..."]  # flat, in the part
    value: Int32[Array, "..."]  # a digit's advance, 1 or 2 (0: nothing is changed); a link's new source


def by_word(words: np.ndarray, part: Part, neurons: int) -> Change:
    """What 64-bit words [...] pick in a part of a circuit of N neurons.

    A digit's place is the word without its lowest bit, modulo their number, and that bit its advance less one; a link's
    place is the word modulo 3 N, its source the quotient modulo N.
    """
    require(part in PARTS, f"one of {list(PARTS)}", part=part)
    words = np.asarray(words, np.uint64)
    links = np.uint64(3 * neurons)
    if part == "wiring":
        place, value = words % links, words // links % np.uint64(neurons)
    else:
        size = neurons if part == "start" else 27 * neurons
        place, value = (words >> np.uint64(1)) % np.uint64(size), np.uint64(1) + (words & np.uint64(1))
    return Change(*(jnp.asarray(each.astype(np.int32)) for each in (place, value)))


def apply(genome: Circuit, change: Change, part: Part) -> Circuit:
    """The genome after one change. A digit goes on by the advance; a link that had the source takes the next one."""
    leaf = genome._asdict()[part]
    before = leaf.reshape(-1)[change.place].astype(jnp.int32)
    if part == "wiring":
        same = (before == change.value).astype(jnp.int32)
        after = (change.value + same) % genome.start.shape[0]
    else:
        after = (before - change.value + 1) % 3 - 1  # the digits 0, 1, 2 are -1, +1, 0: to advance is to go down
    changed = leaf.reshape(-1).at[change.place].set(after.astype(leaf.dtype)).reshape(leaf.shape)
    return genome._replace(**{part: changed})


@MUTATIONS.register("single_changes", network="autonomous")
@whole_genome
def single_changes(
    key: Key, genome: Circuit, *, rate: Rate, count: int = 1, parts: tuple[Part, ...] = PARTS
) -> Circuit:
    """With probability `rate`, `count` changes one after the other, all of one part, each part as likely.

    Raises:
        InputError: for the genome of another network.
    """
    require(isinstance(genome, Circuit), "that of an autonomous network", genome=type(genome).__name__)
    whether, which, changing = jax.random.split(key, 3)
    touched, chosen = random.bernoulli(whether, (), rate), random.randint(which, (), len(parts))
    neurons = genome.start.shape[0]

    def changed(part: Part, keys: Key) -> Circuit:
        mutant, size, values = genome, genome._asdict()[part].size, neurons if part == "wiring" else 2
        for where, how in keys:
            value = random.randint(how, (), values) + int(part != "wiring")
            mutant = apply(mutant, Change(random.randint(where, (), size), value), part)
        return mutant

    mutants = map(changed, parts, jax.random.split(changing, (len(parts), count, 2)))
    return jax.tree.map(lambda before, *after: jnp.where(touched, jnp.stack(after)[chosen], before), genome, *mutants)
