"""A network as plain JSON and back: its registered name and the fields that decide what it computes."""

import dataclasses
import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tejax.networks  # noqa: F401  (fills the registry)
from tejax.contracts import TRITS
from tejax.core import random, records
from tejax.core.settings import exact
from tejax.errors import refuse, require
from tejax.networks import MLP
from tejax.networks.layer import Layer
from tejax.registry import NETWORKS
from tejax.types import Genome, Network

__all__ = ["bound", "bounds_of", "check_values", "checked_leaves", "from_spec", "named", "outline", "to_spec"]

LONGEST = 1024  # layers, or whatever else a spec lists
DEEPEST = 64  # layers under one of these names: JAX takes some hundredths of a second to look at each
LAYERS = ("filters", "hidden")
WIDEST = 2**24  # any size in a spec
UNSIZED = ("max_ticks", "ticks", "window", "dead_zone")  # fields that nothing is of the size of
ENGINE = "engine"  # computes the same anywhere, and is not the same everywhere: a file does not name it


def to_spec(network: Network) -> dict[str, Any]:
    """The name and the fields of a registered network, without its engine.

    Raises:
        InputError: for one that is not registered.
    """
    name = NETWORKS.name_of(type(network))
    require(name is not None, f"one of {list(NETWORKS)}", network=type(network).__name__)
    fields: dict[str, Any] = records.to_plain(network)
    return {"name": name, **{key: value for key, value in fields.items() if key != ENGINE}}


def from_spec(spec: Any) -> Network:
    """The network that `to_spec` took apart, its engine as is its default.

    Raises:
        InputError: in one line, for a name that is not registered, and for fields that do not fit.
    """
    name = records.name_of(spec, "network")
    if name not in NETWORKS and ":" in name:
        refuse(f"network {name[:80]!r} is not part of tejax, and a file imports nothing: add --network {name[:80]}")
    require(name in NETWORKS, f"one of {list(NETWORKS)}", **{"network.name": name[:60]})
    made = NETWORKS[name]
    fields = {key: value for key, value in spec.items() if key != "name"}
    if ENGINE in fields:
        refuse("network: unknown field 'engine'; a file names no engine")
    engine = {field.name: field.default for field in dataclasses.fields(made) if field.name == ENGINE}
    return records.from_plain(made, {**fields, **engine}, "network")


def bound(spec: Any, trits: int) -> None:
    """Refuse a spec of sizes that so many trits do not hold, before anything of that size is made.

    Raises:
        InputError: naming the size.
    """
    if isinstance(spec, Mapping):
        for name, value in spec.items():
            deep = name in LAYERS and isinstance(value, list) and len(value) > DEEPEST
            require(not deep, f"at most {DEEPEST} entries long", **{str(name): "a longer list"})
            if name not in UNSIZED:
                bound(value, trits)
    elif isinstance(spec, list):
        require(len(spec) <= LONGEST, f"at most {LONGEST} entries long", network=f"a list of {len(spec)}")
        for item in spec:
            bound(item, trits)
    elif isinstance(spec, int):
        most = min(max(trits, LONGEST), WIDEST)
        require(abs(spec) <= most, f"of a size that the file's {trits} trits allow", network=spec)


def outline(network: Network) -> Genome:
    """The shapes of a genome, without making one; of perceptrons without tracing a layer, since they may be deep."""
    if not isinstance(network, MLP) or type(network) is not MLP:  # what a subclass makes is not known
        with exact():
            return jax.eval_shape(network.init, random.key(0))

    def trits(*shape: int) -> Any:
        return jax.ShapeDtypeStruct(shape, jnp.int8)

    pairs = itertools.pairwise(network.features)
    return tuple(Layer(trits(outputs, fan_in), trits(outputs, network.bias)) for fan_in, outputs in pairs)


def named(genome: Genome) -> Iterator[tuple[str, Any]]:
    """Every leaf and its path: 0.weights, 0.bias, 1.weights, ..."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(genome):
        yield jax.tree_util.keystr(path, simple=True, separator="."), leaf


def checked_leaves(network: Network, genome: Genome) -> dict[str, np.ndarray]:
    """The leaves of a genome by their paths (0.weights, 0.bias, 1.weights, ...).

    Args:
        network: what the genome is of.
        genome: leaves int8, trits; int8 or int16 in the network's ranges, where it says that they are no trits.

    Raises:
        InputError: for a network that is not registered, a genome of another network, values that are not in range.
    """
    known = NETWORKS.name_of(type(network)) is not None
    require(known, f"one of {list(NETWORKS)}", network=type(network).__name__)
    leaves = {name: np.asarray(leaf) for name, leaf in named(genome)}
    wanted = dict(named(outline(network)))
    shapes = {name: leaf.shape for name, leaf in leaves.items()}
    require(shapes == {name: leaf.shape for name, leaf in wanted.items()}, f"a genome of {network}", genome=shapes)
    for (name, leaf), bounds in zip(leaves.items(), bounds_of(network, wanted), strict=True):
        check_values(name, leaf, wanted[name].dtype, bounds)
    return leaves


def bounds_of(network: Network, leaves: Collection[Any]) -> list[tuple[int, int]]:
    """The least and the greatest value of every leaf."""
    return [TRITS] * len(leaves) if network.ranges is None else [tuple(each) for each in network.ranges]


def check_values(name: str, leaf: np.ndarray, dtype: Any, bounds: tuple[int, int]) -> None:
    """Raise InputError unless a leaf of a genome has its type and its range."""
    least, greatest = bounds
    ok = leaf.dtype == dtype and (not leaf.size or bool(leaf.min() >= least and leaf.max() <= greatest))
    allowed = "int8 values of -1, 0 and 1" if bounds == TRITS else f"{dtype} values from {least} to {greatest}"
    require(ok, allowed, genome=f"{name} of {leaf.dtype}")
