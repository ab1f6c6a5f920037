"""A network as one small file: safetensors, 2 bits a trit, the network's spec in the metadata.

Each leaf of the genome is a uint8 array [2, ceil(n / 8)]: the bits of the +1 trits and the bits of the -1 trits of
the flattened leaf, lowest bit first. The header's only metadata entry, "tejax", is a JSON object with `format`, the
`network` (its name in `tejax.registry.NETWORKS` and its fields) and whatever else the writer added. The same genome
always gives the same bytes. Nothing in a file is ever run or imported.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import tejax.networks  # noqa: F401  (fills the registry)
from tejax.core import random, records
from tejax.core.settings import exact
from tejax.errors import InputError, refuse, require
from tejax.registry import NETWORKS
from tejax.types import Genome, Network

__all__ = ["FORMAT", "Saved", "checked_leaves", "load", "read", "save"]

FORMAT = 2  # 1 had other names of networks and fields
LONGEST = 1024  # layers, or whatever else a spec lists
TIMES = ("max_ticks",)  # fields that say how long a network may run: nothing is of that size


class Saved(NamedTuple):
    """What a file holds.

    Attributes:
        network: what the genome is of.
        genome: leaves int8, trits.
        metadata: what the writer added.
    """

    network: Network
    genome: Genome
    metadata: dict[str, Any]


def save(path: str | Path, network: Network, genome: Genome, metadata: Mapping[str, Any] | None = None) -> int:
    """Write one genome of a registered network. The file appears in one step, whole.

    Args:
        path: of the file.
        network: what the genome is of.
        genome: leaves int8, trits.
        metadata: plain JSON to keep with it, such as the task.

    Returns:
        The size of the file in bytes.

    Raises:
        InputError: for a network that is not registered, a genome of another network, values that are not trits, and
            where the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    leaves = checked_leaves(network, genome)
    spec = {"name": NETWORKS.name_of(type(network)), **records.to_plain(network)}
    note = {**(metadata or {}), "format": FORMAT, "network": spec}
    tensors = {name: _pack(leaf) for name, leaf in leaves.items()}
    data = to_bytes(tensors, metadata={"tejax": json.dumps(note, sort_keys=True, separators=(",", ":"))})
    path = Path(path)
    draft = path.with_name(path.name + ".tmp")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        refuse(f"{path}: cannot be written ({error.strerror or error})", error)
    return len(data)


def checked_leaves(network: Network, genome: Genome) -> dict[str, np.ndarray]:
    """The leaves of a genome by their paths (0.weights, 0.bias, 1.weights, ...), int8.

    Args:
        network: what the genome is of.
        genome: leaves int8, trits.

    Raises:
        InputError: for a network that is not registered, a genome of another network, values that are not trits.
    """
    known = NETWORKS.name_of(type(network)) is not None
    require(known, f"one of {list(NETWORKS)}", network=type(network).__name__)
    leaves = {name: np.asarray(leaf) for name, leaf in _named(genome)}
    wanted = {name: leaf.shape for name, leaf in _named(_outline(network))}
    shapes = {name: leaf.shape for name, leaf in leaves.items()}
    require(shapes == wanted, f"a genome of {network}", genome=shapes)
    for name, leaf in leaves.items():
        ok = leaf.dtype == np.int8 and bool(np.isin(leaf, (-1, 0, 1)).all())
        require(ok, "int8 values of -1, 0 and 1", genome=f"{name} of {leaf.dtype}")
    return leaves


def load(path: str | Path) -> tuple[Network, Genome]:
    """The network and the genome of a file.

    Args:
        path: of a file that `save` wrote.

    Raises:
        InputError: as `read` does.
    """
    saved = read(path)
    return saved.network, saved.genome


def read(path: str | Path) -> Saved:
    """The network, the genome and the metadata of a file.

    Args:
        path: of a file that `save` wrote.

    Raises:
        InputError: in one line that names the file and what is wrong with it, for a file that is missing, truncated,
            foreign, of another format, of an unknown network, or whose arrays are not those of its network.
    """
    path = Path(path)
    if not path.is_file():
        refuse(f"{path}: no such file")
    tensors, note = _open(path)
    try:
        return _decode(tensors, note)
    except (InputError, TypeError, ValueError, OverflowError, RecursionError) as error:
        refuse(f"{path}: {error}", error)


def _open(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """The arrays and the JSON text of a safetensors file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            note = (file.metadata() or {}).get("tejax")
            tensors = {name: file.get_tensor(name) for name in file.keys()} if note else {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        refuse(f"{path}: not a readable safetensors file ({error})", error)
    if note is None:
        refuse(f"{path}: a safetensors file, but not one of tejax (no entry named tejax in its metadata)")
    return tensors, note


def _decode(tensors: dict[str, np.ndarray], text: str) -> Saved:
    note = json.loads(text)
    require(isinstance(note, dict), "an object", metadata=note)
    _check_format(note.get("format"))
    _bound(note.get("network"), 4 * sum(array.size for array in tensors.values()))
    network = _network(note.get("network"))
    outline = _outline(network)
    wanted = {name: leaf.shape for name, leaf in _named(outline)}
    require(set(tensors) == set(wanted), f"those of the network, {sorted(wanted)}", arrays=sorted(tensors))
    leaves = [jnp.asarray(_unpack(name, tensors[name], shape)) for name, shape in wanted.items()]
    genome = jax.tree.unflatten(jax.tree.structure(outline), leaves)
    return Saved(network, genome, {name: note[name] for name in note if name not in ("format", "network")})


def _check_format(number: Any) -> None:
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number < FORMAT:
        done = "evolve the network again, or read it with the tejax that wrote it"
        refuse(f"of format {number}, from an older tejax; this one reads format {FORMAT}: {done}")
    require(number == FORMAT, f"{FORMAT}, the one that this tejax reads", format=number)


def _network(spec: Any) -> Network:
    """The network of a registered name and its fields."""
    name = records.name_of(spec, "network")
    if name not in NETWORKS and ":" in name:
        refuse(f"network {name[:80]!r} is not part of tejax, and a file imports nothing: add --network {name[:80]}")
    require(name in NETWORKS, f"one of {list(NETWORKS)}", **{"network.name": name[:60]})
    return records.from_plain(NETWORKS[name], {key: value for key, value in spec.items() if key != "name"}, "network")


def _bound(spec: Any, trits: int) -> None:
    """Refuse a spec with sizes that its file cannot hold, before anything of that size is made."""
    if isinstance(spec, Mapping):
        spec = [value for name, value in spec.items() if name not in TIMES]
    if isinstance(spec, list):
        require(len(spec) <= LONGEST, f"at most {LONGEST} entries long", network=f"a list of {len(spec)}")
        for item in spec:
            _bound(item, trits)
    elif isinstance(spec, int):
        require(abs(spec) <= max(trits, LONGEST), f"of a size that the file's {trits} trits allow", network=spec)


def _outline(network: Network) -> Genome:
    """The shapes of a genome, without making one."""
    with exact():
        return jax.eval_shape(network.init, random.key(0))


def _named(genome: Genome) -> Iterator[tuple[str, Any]]:
    """Every leaf and its path: 0.weights, 0.bias, 1.weights, ..."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(genome):
        yield jax.tree_util.keystr(path, simple=True, separator="."), leaf


def _pack(trits: np.ndarray) -> np.ndarray:
    """The bit planes uint8 [2, ceil(n / 8)] of n trits."""
    flat = trits.reshape(-1)
    return np.stack([np.packbits(flat == sign, bitorder="little") for sign in (1, -1)])


def _unpack(name: str, planes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The trits int8 of two bit planes; `name` is for errors."""
    size = math.prod(shape)
    wanted = (2, -(-size // 8))
    require(planes.dtype == np.uint8, "uint8", **{name: str(planes.dtype)})
    require(planes.shape == wanted, f"{wanted} for trits of shape {shape}", **{name: planes.shape})
    require(not (planes[0] & planes[1]).any(), "free of trits that are both +1 and -1", **{name: "bit planes"})
    bits = np.unpackbits(planes, axis=1, bitorder="little")
    require(not bits[:, size:].any(), "0 past its last trit", **{name: "padding"})
    positive, negative = bits[:, :size].astype(np.int8)
    return (positive - negative).reshape(shape)
