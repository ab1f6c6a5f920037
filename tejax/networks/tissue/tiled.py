"""A tissue whose synapses repeat: one tile of trits, laid along the ring place by place, as a ripple adder repeats.

Weight sharing for rings: where a table of all synapses has N * K trits to find, a tile has S * R * R, whatever the
length. What is laid out is an ordinary `FixedTissue`, which `laid` gives: it ticks and settles like any other.
"""

import dataclasses
from typing import Annotated, NamedTuple

import jax.numpy as jnp
import numpy as np

from tejax import trits
from tejax.errors import require
from tejax.networks.tissue.growing import FixedTissue, Synapses
from tejax.networks.tissue.ring import Ring
from tejax.options import AtLeast, Between, Layers, Length
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Key

__all__ = ["Tile", "TiledTissue"]


Place = Annotated[int, AtLeast(0, 2**16)]


class Tile(NamedTuple):
    """The genome of a tiled tissue."""

    synapses: Int8[Array, "R S R"]  # to a role, from one of the steps away, from a role there


@NETWORKS.register("tiled_tissue", sized=False)
@dataclasses.dataclass(frozen=True)
class TiledTissue(FixedTissue):
    """A ring of N neurons, each of which stands for a role at a place; synapses depend on roles and neighbourhood only.

    Args:
        layout: (place, role) of the neuron at each position of the ring, which kinds goes along with; at most one
            neuron of a role at a place. Places and roles count from 0; not every place needs every role.
        steps: how many places onward the synapses of a tile come from, S different numbers: -1 is the place before.
        circular: the last place comes before the first.
    """

    layout: Annotated[tuple[tuple[Place, Place], ...], Length(0, 2**16)] = ()
    steps: Annotated[tuple[Annotated[int, Between(-(2**16), 2**16)], ...], Layers] = (-1, 0, 1)
    circular: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        layout = tuple((int(place), int(role)) for place, role in self.layout)
        object.__setattr__(self, "layout", layout)
        good = len(set(layout)) == len(layout) == self.capacity and min(map(min, layout)) >= 0
        require(good, f"{self.capacity} different pairs of a place and a role, from 0 up", layout=self.layout)
        object.__setattr__(self, "steps", tuple(int(step) for step in self.steps))
        room = self.places if self.circular else 2 * self.places
        apart = 0 < len(self.steps) == len({step % room for step in self.steps})
        require(apart, f"different numbers of places, also in a circle of {self.places}", steps=self.steps)
        require(not self.coded, "False: a tile holds trits", coded=self.coded)
        wide = self.capped and self.neighbors >= self.capacity - 1
        require(wide, "wide enough to reach all neurons, each once", neighbors=self.neighbors, capped=self.capped)

    @property
    def roles(self) -> int:
        """R, the roles of a tile."""
        return 1 + max(role for _, role in self.layout)

    @property
    def places(self) -> int:
        """The places along which the tile is laid."""
        return 1 + max(place for place, _ in self.layout)

    def init(self, key: Key) -> Tile:
        """A random tile."""
        return Tile(trits.sample(key, (self.roles, len(self.steps), self.roles), self.density))

    def ring(self, genome: Tile) -> Ring:
        """The ring that a tile is laid out to."""
        padded = jnp.append(genome.synapses.reshape(-1), jnp.int8(0))  # the last: no synapse
        return Ring(padded[jnp.asarray(_places_in_tile(self))], jnp.asarray(self.kinds, jnp.int8))

    def laid(self, genome: Tile) -> tuple[FixedTissue, Synapses]:
        """The same network without tiles: an ordinary tissue and its genome."""
        own = {field.name: vars(self)[field.name] for field in dataclasses.fields(FixedTissue)}
        return FixedTissue(**own), Synapses(self.ring(genome).synapses)


def _places_in_tile(network: TiledTissue) -> np.ndarray:
    """Which trit of the flattened tile each synapse [N, K] is; -1 for none."""
    layout, count, half = np.asarray(network.layout), network.capacity, network.neighbors // 2
    slot = np.arange(network.neighbors)
    offset = np.where(slot < half, slot - half, slot - half + 1)
    reached = (offset >= -(count // 2)) & (offset <= (count - 1) // 2)  # as the capped window has it
    target = (np.arange(count)[:, None] + offset) % count
    step = layout[:, None, 0] - layout[target, 0]  # to the place where it comes from
    tile = np.full((count, network.neighbors), -1)
    for number, wanted in enumerate(network.steps):
        there = (step - wanted) % network.places == 0 if network.circular else step == wanted
        place = (layout[target, 1] * len(network.steps) + number) * network.roles + layout[:, None, 1]
        tile = np.where(reached & there, place, tile)
    return tile.astype(np.int32)
