"""Checkpoints through Orbax: written beside, then renamed into place, so that a torn one is never taken for whole.

A checkpoint holds the bytes of the state's arrays, one after the other, and next to them a small JSON object: the
generation, the arrays' names, types and shapes, and a fingerprint that tells damaged bytes from sound ones. They are
one array to Orbax because it reads several at a time, and where one fails the others complain later, from threads.
Arrays whose rows lie with several processes are a second one, [rows, bytes of a row]: each process writes its own rows.
Whatever it was written by, any number of devices and processes can read it. No pickle is ever written or read.
"""

import hashlib
import logging
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import pytrees
from tejax.errors import InputError, refuse
from tejax.parallel.mesh import is_distributed, put
from tejax.parallel.processes import all_gather_str, is_process_loss

__all__ = ["Checkpoints"]

logger = logging.getLogger("tejax")


class Checkpoints:
    """The newest `keep` checkpoints of a run, in a folder of their own."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def save(self, state: Any, generation: int) -> None:
        """Write the state, and return when it is on disk. Raises InputError where that fails; older ones stay."""
        ocp = _orbax()
        if generation in self._manager.all_steps():
            return
        leaves = _named(state)
        apart = {name: leaf for name, leaf in leaves.items() if is_distributed(leaf)}
        arrays = {name: np.array(leaf) for name, leaf in leaves.items() if name not in apart}
        note = {"generation": generation, "leaves": _shapes(leaves), "apart": list(apart)}
        saved: dict[str, Any] = {"bytes": _join(arrays)} if arrays else {}
        if apart:
            saved["rows"], own = _rows(apart)
            note["rows"] = _sum(int(number) for number in all_gather_str(str(_sum(own))))
        note["fingerprint"] = pytrees.fingerprint(arrays)
        items = ocp.args.Composite(state=ocp.args.StandardSave(saved), note=ocp.args.JsonSave(note))
        try:
            done = self._manager.save(generation, args=items, force=True)
        except Exception as error:  # Orbax and TensorStore raise many kinds
            if is_process_loss(error):
                raise
            refuse(f"{self.folder}: cannot write a checkpoint ({_line(error)}); earlier ones are intact", error)
        if not done:
            refuse(f"{self.folder}: Orbax did not write the checkpoint of generation {generation}")

    def restore(self, state: Any) -> tuple[Any, int] | None:
        """The newest readable checkpoint, with the structure and the devices of `state`, or None if there is none.

        An unreadable one is passed over with a warning, and removed once an older one is read.
        Raises InputError if none can be read, and where the arrays are not those of `state`.
        """
        if not self.folder.is_dir():
            return None
        damaged: list[tuple[int, str]] = []
        for generation in sorted(self._manager.all_steps(), reverse=True):
            try:
                arrays = self._read(generation, _named(state))
            except InputError:
                raise
            except Exception as error:  # whatever a damaged file makes Orbax and TensorStore raise
                damaged.append((generation, _line(error)))
                continue
            for broken, reason in damaged:
                logger.warning(
                    "%s cannot be read (%s); going on from generation %d", self.folder / str(broken), reason, generation
                )
                self._manager.delete(broken)
            return _like(state, arrays), generation
        if damaged:
            generation, reason = damaged[0]
            refuse(f"{self.folder / str(generation)}: cannot be read ({reason}), and there is no older checkpoint")
        return None

    def close(self) -> None:
        """Let go of the folder."""
        if "_manager" in self.__dict__:
            self._manager.close()
            del self.__dict__["_manager"]

    @cached_property
    def _manager(self) -> Any:
        ocp = _orbax()
        options = ocp.CheckpointManagerOptions(
            max_to_keep=self.keep, enable_async_checkpointing=False, cleanup_tmp_directories=True
        )
        try:
            return ocp.CheckpointManager(self.folder.absolute(), options=options)
        except Exception as error:  # Orbax raises many kinds
            refuse(f"{self.folder}: cannot be used ({_line(error)})", error)

    def _read(self, generation: int, wanted: dict[str, Any]) -> dict[str, np.ndarray]:
        ocp = _orbax()
        note = self._manager.restore(generation, args=ocp.args.Composite(note=ocp.args.JsonRestore())).note
        if note["generation"] != generation:
            raise ValueError(f"it says generation {note['generation']}")
        self._check(generation, note["leaves"], _shapes(wanted))
        apart = {name: wanted[name] for name in note["apart"]}
        whole = {name: leaf for name, leaf in wanted.items() if name not in apart}
        like = {"bytes": np.zeros(sum(leaf.nbytes for leaf in whole.values()), np.uint8)} if whole else {}
        if apart:
            like["rows"] = np.zeros((len(next(iter(apart.values()))), sum(map(_width, apart.values()))), np.uint8)
        state = self._manager.restore(generation, args=ocp.args.Composite(state=ocp.args.StandardRestore(like))).state
        arrays = _split(state["bytes"], whole) if whole else {}
        if pytrees.fingerprint(arrays) != note["fingerprint"]:
            raise ValueError("its arrays do not match their fingerprint")
        if apart:
            if _sum(_digests(0, state["rows"])) != note["rows"]:
                raise ValueError("its rows do not match their fingerprint")
            arrays |= _columns(state["rows"], apart)
        return arrays

    def _check(self, generation: int, saved: dict[str, list], wanted: dict[str, list]) -> None:
        if saved == wanted:
            return
        odd = next(name for name in [*wanted, *saved] if saved.get(name) != wanted.get(name))
        was, now = (" ".join(map(str, table.get(odd, ["missing"]))) for table in (saved, wanted))
        refuse(f"{self.folder / str(generation)}: does not fit the experiment: {odd} is {was}, but must be {now}")


def _orbax() -> Any:
    """Orbax, imported when it is first needed: it takes as long as JAX itself."""
    import orbax.checkpoint

    return orbax.checkpoint


def _named(state: Any) -> dict[str, Any]:
    """The arrays of a state by the names of their places, in the order of the names."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return dict(sorted((jax.tree_util.keystr(path) or "state", leaf) for path, leaf in leaves))


def _join(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The bytes of all arrays, uint8."""
    return np.frombuffer(b"".join(array.tobytes() for array in arrays.values()), np.uint8)


def _split(joined: np.ndarray, like: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `_join` made one of."""
    ends = np.cumsum([array.nbytes for array in like.values()])
    parts = np.split(joined, ends[:-1])
    return {
        name: np.frombuffer(part.tobytes(), array.dtype).reshape(array.shape)
        for (name, array), part in zip(like.items(), parts, strict=True)
    }


def _rows(apart: dict[str, jax.Array]) -> tuple[jax.Array, list[int]]:
    """The bytes of arrays that lie apart, side by side, where their rows lie; the digests of the rows that lie here."""
    first = next(iter(apart.values()))
    parts: dict[int, list[np.ndarray]] = {}
    for leaf in apart.values():
        for shard in leaf.addressable_shards:
            parts.setdefault(_start(shard.index), []).append(_as_bytes(np.asarray(shard.data)))
    blocks = {start: np.concatenate(part, axis=1) for start, part in parts.items()}
    shape = first.shape[0], sum(map(_width, apart.values()))
    joined = jax.make_array_from_callback(shape, first.sharding, lambda index: blocks[_start(index)])
    return joined, [digest for start, block in blocks.items() for digest in _digests(start, block)]


def _start(index: Any) -> int:
    """The first row of a share."""
    return index[0].start or 0


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """uint8 [rows, bytes of a row]."""
    return np.ascontiguousarray(array).reshape(len(array), -1).view(np.uint8)


def _width(array: Any) -> int:
    """The bytes of a row."""
    return array.nbytes // len(array)


def _columns(rows: np.ndarray, like: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `_rows` put side by side."""
    ends = np.cumsum([_width(array) for array in like.values()])
    parts = np.split(rows, ends[:-1], axis=1)
    return {
        name: np.frombuffer(part.tobytes(), array.dtype).reshape(array.shape)
        for (name, array), part in zip(like.items(), parts, strict=True)
    }


def _digests(first: int, rows: np.ndarray) -> list[int]:
    """A number for every row, the first of which is number `first`, and for its place."""
    hashed = (
        hashlib.blake2b(row.tobytes(), digest_size=8, key=number.to_bytes(8, "little")).digest()
        for number, row in enumerate(rows, first)
    )
    return [int.from_bytes(digest, "little") for digest in hashed]


def _sum(numbers: Iterable[int]) -> int:
    """Of digests, in whatever order."""
    return sum(numbers) % 2**64


def _shapes(arrays: dict[str, Any]) -> dict[str, list]:
    return {name: [array.dtype.name, list(array.shape)] for name, array in arrays.items()}


def _like(state: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The arrays in the structure of `state`, each placed where the one in `state` was."""

    def place(path: tuple, leaf: jax.Array) -> jax.Array:
        array = arrays[jax.tree_util.keystr(path) or "state"]
        return put(array, leaf.sharding) if leaf.committed else jnp.asarray(array)

    return jax.tree_util.tree_map_with_path(place, state)


def _line(error: BaseException) -> str:
    """The first words of an error."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else words[:200] + "..."
