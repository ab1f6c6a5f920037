"""Checkpoints through Orbax: written beside, then renamed into place, so that a torn one is never taken for whole.

A checkpoint holds the bytes of the state's arrays, one after the other, and next to them a small JSON object: the
generation, the arrays' names, types and shapes, and a fingerprint that tells damaged bytes from sound ones. They are
one array to Orbax because it reads several at a time, and where one fails the others complain later, from threads.
No pickle is ever written or read.
"""

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax import devices, trees
from tejax.errors import InputError, refuse

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
        arrays = _named(state)
        note = {"generation": generation, "leaves": _shapes(arrays), "fingerprint": trees.fingerprint(arrays)}
        items = ocp.args.Composite(state=ocp.args.StandardSave({"bytes": _join(arrays)}), note=ocp.args.JsonSave(note))
        try:
            saved = self._manager.save(generation, args=items, force=True)
        except Exception as error:  # Orbax and TensorStore raise many kinds
            refuse(f"{self.folder}: cannot write a checkpoint ({_line(error)}); earlier ones are intact", error)
        if not saved:
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

    def _read(self, generation: int, wanted: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        ocp = _orbax()
        note = self._manager.restore(generation, args=ocp.args.Composite(note=ocp.args.JsonRestore())).note
        if note["generation"] != generation:
            raise ValueError(f"it says generation {note['generation']}")
        self._check(generation, note["leaves"], _shapes(wanted))
        like = {"bytes": _join(wanted)}
        state = self._manager.restore(generation, args=ocp.args.Composite(state=ocp.args.StandardRestore(like))).state
        arrays = _split(state["bytes"], wanted)
        if trees.fingerprint(arrays) != note["fingerprint"]:
            raise ValueError("its arrays do not match their fingerprint")
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


def _named(state: Any) -> dict[str, np.ndarray]:
    """The arrays of a state by the names of their places, in the order of the names, as NumPy copies."""
    leaves = jax.tree_util.tree_leaves_with_path(devices.fetch(state))
    named = {jax.tree_util.keystr(path) or "state": np.array(leaf) for path, leaf in leaves}
    return dict(sorted(named.items()))


def _join(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The bytes of all arrays, uint8."""
    return np.frombuffer(b"".join(array.tobytes() for array in arrays.values()), np.uint8)


def _split(joined: np.ndarray, like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays that `_join` made one of."""
    ends = np.cumsum([array.nbytes for array in like.values()])
    parts = np.split(joined, ends[:-1])
    return {
        name: np.frombuffer(part.tobytes(), array.dtype).reshape(array.shape)
        for (name, array), part in zip(like.items(), parts, strict=True)
    }


def _shapes(arrays: dict[str, np.ndarray]) -> dict[str, list]:
    return {name: [array.dtype.name, list(array.shape)] for name, array in arrays.items()}


def _like(state: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The arrays in the structure of `state`, each placed where the one in `state` was."""

    def place(path: tuple, leaf: jax.Array) -> jax.Array:
        array = arrays[jax.tree_util.keystr(path) or "state"]
        return devices.place(array, leaf.sharding) if leaf.committed else jnp.asarray(array)

    return jax.tree_util.tree_map_with_path(place, state)


def _line(error: BaseException) -> str:
    """The first words of an error."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else words[:200] + "..."
