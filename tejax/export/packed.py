"""A network as one small file: safetensors, 2 bits a trit, the network's spec in the metadata.

Each leaf of the genome is a uint8 array [2, ceil(n / 8)]: the bits of the +1 trits and the bits of the -1 trits of
the flattened leaf, lowest bit first. One that the network says holds no trits stands as it is, int8 or int16. The
header's only metadata entry, "tejax", is a JSON object with `format`, the `network` (its name in
`tejax.registry.NETWORKS` and its fields, but for the engine, which changes no result), the `encoding` of numbers as its
inputs if it has one, whatever else the writer added, and a `fingerprint` of all that. The same genome always gives the
same bytes. Nothing in a file is ever run or imported.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from tejax.contracts import TRITS
from tejax.core.drafts import write_file
from tejax.core.paths import expanded
from tejax.core.plain import to_plain
from tejax.errors import InputError, refuse, require, shown
from tejax.export import header, planes
from tejax.export.spec import bound, bounds_of, check_values, checked_leaves, from_spec, named, outline, to_spec
from tejax.tasks.datasets.encoding import Encoding, encoding_of
from tejax.tasks.datasets.labels import check_names
from tejax.types import Genome, Network

__all__ = ["FORMAT", "Saved", "checked_leaves", "load", "read", "save"]

FORMAT = 4  # 1 had other names of networks and fields, 2 neither fingerprint nor encoding, 3 no levels
MOST = 2**28  # trits of a genome: 64 MiB in the file
KINDS = {"uint8": "U8", "int8": "I8", "int16": "I16"}  # as safetensors calls them
KEPT = ("format", "network", "fingerprint")  # entries that are the file's, not the writer's


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

    @property
    def encoding(self) -> Encoding | None:
        """How numbers become the network's inputs; None where its inputs are trits as they are."""
        return encoding_of(self.metadata)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """What the classes are called; None where they are called by their numbers, or there are none."""
        names = self.metadata.get("classes")
        return None if names is None else check_names(names, self.network.features[-1])


def save(
    path: str | Path,
    network: Network,
    genome: Genome,
    metadata: Mapping[str, Any] | None = None,
    encoding: Encoding | None = None,
    classes: Sequence[str] | None = None,
) -> int:
    """Write one genome of a registered network. The file appears in one step, whole.

    Args:
        path: of the file; `~` is the home directory.
        network: what the genome is of.
        genome: leaves int8, trits.
        metadata: plain JSON to keep with it, such as the task.
        encoding: how numbers become the network's inputs, `task.encoding` of a classification.
        classes: what its classes are called, `task.names`.

    Returns:
        The size of the file in bytes.

    Raises:
        InputError: for a network that is not registered, a genome of another network, values that are not trits, an
            encoding that makes another number of inputs, metadata that are no JSON, what is too large to be read again,
            and where the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    leaves = checked_leaves(network, genome)
    given = dict(metadata or {})
    given |= {} if encoding is None else {"encoding": encoding.to_json()}
    given |= {} if classes is None else {"classes": list(classes)}
    note = to_plain({**given, "format": FORMAT, "network": to_spec(network)}, "metadata")
    trits = sum(leaf.size for leaf in leaves.values())
    require(trits <= MOST, f"of at most {MOST} trits", network=network)
    bound(note["network"], trits)
    _check_described(note, network)
    bounds = bounds_of(network, leaves)
    pairs = zip(leaves.items(), bounds, strict=True)
    tensors = {name: planes.pack(leaf) if each == TRITS else leaf for (name, leaf), each in pairs}
    data = to_bytes(tensors, metadata={"tejax": _text({**note, "fingerprint": _fingerprint(note, tensors)})})
    length = int.from_bytes(data[:8], "little")
    require(length <= header.LARGEST, f"at most {header.LARGEST} bytes as JSON", metadata=f"{length} bytes")
    write_file(expanded(path), data)
    return len(data)


def load(path: str | Path) -> tuple[Network, Genome]:
    """The network and the genome of a file.

    Args:
        path: of a file that `save` wrote; `~` is the home directory.

    Raises:
        InputError: as `read` does.
    """
    saved = read(path)
    return saved.network, saved.genome


def read(path: str | Path) -> Saved:
    """The network, the genome and the metadata of a file.

    Names, shapes and sizes are judged from the header before an array is read.

    Args:
        path: of a file that `save` wrote; `~` is the home directory.

    Raises:
        InputError: in one line that names the file and what is wrong with it, for a file that is missing, truncated,
            foreign, changed since it was written, of another format, of an unknown network, of more than MOST trits, or
            whose arrays are not those of its network.
    """
    path = expanded(path)
    if not path.is_file():
        refuse(f"{path}: no such file")
    head = header.read_header(path)
    try:
        note = json.loads(head.note)
        network, wanted = _judged(head, note)
        tensors = _tensors(path)
        outlines = dict(named(wanted))
        bounds = dict(zip(outlines, bounds_of(network, outlines), strict=True))
        for name, leaf in outlines.items():
            if bounds[name] == TRITS:
                planes.check(name, tensors[name], leaf.size)
            else:
                check_values(name, tensors[name], leaf.dtype, bounds[name])
        fingerprint = note.pop("fingerprint", None)
        same = fingerprint == _fingerprint(note, tensors)
        require(same, "that of the file as it was written: it has changed since", fingerprint=fingerprint)
        leaves = [
            planes.unpack(tensors.pop(name), leaf.shape) if bounds[name] == TRITS else tensors.pop(name)
            for name, leaf in outlines.items()
        ]
        genome = jax.device_put(jax.tree.unflatten(jax.tree.structure(wanted), leaves))  # compiles nothing
        return Saved(network, genome, {name: note[name] for name in note if name not in KEPT})
    except (InputError, TypeError, ValueError, OverflowError, RecursionError) as error:
        message = str(error)
        refuse(message if message.startswith(f"{path}: ") else f"{path}: {message}", error)


def _judged(head: header.Header, note: Any) -> tuple[Network, Genome]:
    """The network that a header describes and the outline of its genome, which the arrays are held to."""
    require(isinstance(note, dict), "an object", metadata=note)
    _check_format(note.get("format"))
    trits = sum(4 * math.prod(shape) for shape in head.shapes.values())
    require(trits <= 2 * MOST, f"of at most {MOST} trits", arrays=f"some of {trits}")
    bound(note.get("network"), trits)
    network = from_spec(note.get("network"))
    wanted = outline(network)
    names = [name for name, _ in named(wanted)]
    same = set(head.shapes) == set(names)
    require(same, f"those of the network, {shown(sorted(names))}", arrays=sorted(head.shapes))
    for (name, leaf), bounds in zip(named(wanted), bounds_of(network, names), strict=True):
        trits = bounds == TRITS
        kind = "uint8" if trits else str(leaf.dtype)
        require(head.dtypes[name] == KINDS[kind], kind, **{name: head.dtypes[name]})
        shape, fitting = head.shapes[name], planes.packed_shape(leaf.shape) if trits else leaf.shape
        held = "trits" if trits else "numbers"
        require(shape == fitting, f"{fitting} for {held} of shape {leaf.shape}", **{name: shape})
    _check_described(note, network)
    return network, wanted


def _tensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        refuse(f"{path}: not a readable safetensors file ({error})", error)


def _check_format(number: Any) -> None:
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number < FORMAT:
        done = "evolve the network again, or read it with the tejax that wrote it"
        refuse(f"of format {number}, from an older tejax; this one reads format {FORMAT}: {done}")
    require(number == FORMAT, f"{FORMAT}, the one that this tejax reads", format=number)


def _check_described(note: Mapping[str, Any], network: Network) -> None:
    """Raise InputError where an encoding does not make the inputs of a network, or names are not of its outputs."""
    encoding, inputs = encoding_of(note), network.features[0]
    if encoding is not None:
        require(encoding.inputs == inputs, f"one that makes {inputs} inputs", encoding=f"of {encoding.inputs}")
        most = network.input_range[1]
        require(encoding.levels <= most, f"one of at most {most} levels", encoding=f"of {encoding.levels}")
    if "classes" in note:
        check_names(note["classes"], network.features[-1])


def _fingerprint(note: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of a note, without its fingerprint, and of the arrays by name, as hexadecimal digits."""
    digest = hashlib.sha256(_text(note).encode())
    for name in sorted(tensors):
        digest.update(f"\n{name}\n".encode())
        digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()


def _text(note: Mapping[str, Any]) -> str:
    return json.dumps(note, sort_keys=True, separators=(",", ":"))
