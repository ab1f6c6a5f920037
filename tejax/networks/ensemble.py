"""Many networks of one kind asked together: they vote, and where they do not decide the answer is "unknown"."""

import dataclasses
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp

from tejax.errors import require
from tejax.options import AtLeast
from tejax.parallel.population import map_population
from tejax.types import Array, Int32, Key, Network, Population, Trits

__all__ = ["UNKNOWN", "Ensemble", "decide"]

UNKNOWN = -1  # in the place of a class

Reading = Literal["sign", "class"]


@dataclasses.dataclass(frozen=True)
class Ensemble(Network):
    """A network whose genome is a population [P, ...] of another's: the final population, or samples of a distribution.

    Args:
        network: of every member.
        members: in a fresh genome; `apply` takes any number of them.
        reading: what a member says, and so what is counted. class: its highest output; the outputs are the votes of
            each class, and a member whose highest outputs are equal does not vote. sign: the sign of each output; the
            outputs are the votes for +1 minus those for -1, a zero is no vote, and a zero of the ensemble is its
            "unknown" (`tasks.TruthTable` counts it as wrong).

    Raises:
        InputError: for what is no network, for fewer than one member, and for another reading.
    """

    network: Network
    members: Annotated[int, AtLeast(1, 2**20)] = 16
    reading: Reading = "class"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(isinstance(self.network, Network), "a network", network=self.network)

    @property
    def features(self) -> Any:
        """As the members have them."""
        return self.network.features

    @property
    def levels(self) -> Any:
        """As the members have them."""
        return self.network.levels

    @property
    def ranges(self) -> Any:
        """As the members have them."""
        return self.network.ranges

    def init(self, key: Key) -> Population:
        """A random genome: independent members [P, ...]."""
        return jax.vmap(self.network.init)(jax.random.split(key, self.members))

    def apply(self, genomes: Population, x: Trits) -> Int32[Array, "... O"]:
        """The votes [..., O] of all members for trits x [..., F]."""
        said = _top if self.reading == "class" else jnp.sign
        return jnp.sum(
            map_population(lambda genome: said(self.network.apply(genome, x)), genomes), axis=0, dtype=jnp.int32
        )


def decide(votes: Int32[Array, "... C"]) -> Int32[Array, "..."]:
    """The class with the most votes, or UNKNOWN where no class has more than every other."""
    winner = jnp.argmax(votes, axis=-1).astype(jnp.int32)
    return jnp.where(jnp.any(_top(votes) != 0, axis=-1), winner, jnp.int32(UNKNOWN))


def _top(outputs: Int32[Array, "... C"]) -> Int32[Array, "... C"]:
    """1 for the one highest output of each row; 0 everywhere where several are highest, or where there is no vote."""
    highest = (outputs == jnp.max(outputs, axis=-1, keepdims=True)).astype(jnp.int32)
    return highest * (jnp.sum(highest, axis=-1, keepdims=True, dtype=jnp.int32) == 1).astype(jnp.int32)
