"""Checkpoints through Orbax: written beside, then renamed into place, so that a torn one is never taken for whole.

A checkpoint holds the bytes of the state's arrays, one after the other, and next to them a small JSON object: the
generation, the arrays' names, types and shapes, a fingerprint that tells damaged bytes from sound ones, and the
identity of the run (`tejax.evolution.identify`), without which a checkpoint would go on as any run of its shapes. They
are one array to Orbax because it reads several at a time, and where one fails the others complain later, from threads.
Arrays whose rows lie with several processes are a second one, [rows, bytes of a row]: each process writes its own rows.
Whatever it was written by, any number of devices and processes can read it. No pickle is ever written or read.
"""

import logging
import stat
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import pytrees
from tejax.core.code import digest
from tejax.core.plain import dumps
from tejax.errors import InputError, one_line, refuse, require
from tejax.parallel.mesh import is_distributed, put
from tejax.parallel.processes import all_gather_str, difference, is_process_loss
from tejax.runs.experiment import deciding
from tejax.runs.orbax import load_orbax, silenced
from tejax.runs.packing import digests, join, join_rows, split, split_rows, total, width
from tejax.runs.reasons import check_readable, reason

__all__ = ["Checkpoints"]

logger = logging.getLogger("tejax")


class Checkpoints:
    """The newest `keep` checkpoints of a run, in a folder of their own.

    Attributes:
        identity: what decides the bits of the run, by name; None: nobody has said it, and nothing is compared.
        experiment: the plain JSON that the run was made of, or None; it finds better names for what differs.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep
        self.identity: Mapping[str, Any] | None = None
        self.experiment: Any = None

    def save(self, state: Any, generation: int) -> None:
        """Write the state, and return when it is on disk. Raises InputError where that fails; older ones stay."""
        ocp = load_orbax()
        if generation in self._manager.all_steps():
            return
        leaves = _named(state)
        apart = {name: leaf for name, leaf in leaves.items() if is_distributed(leaf)}
        arrays = {name: np.array(leaf) for name, leaf in leaves.items() if name not in apart}
        run = {"identity": self.identity, "experiment": self.experiment}
        note = {"generation": generation, "leaves": _shapes(leaves), "apart": list(apart), "run": run}
        note["seal"] = digest(dumps(run))
        saved: dict[str, Any] = {"bytes": join(arrays)} if arrays else {}
        if apart:
            saved["rows"], own = join_rows(apart)
            note["rows"] = total(int(number) for number in all_gather_str(str(total(own))))
        note["fingerprint"] = pytrees.fingerprint(arrays)
        items = ocp.args.Composite(state=ocp.args.StandardSave(saved), note=ocp.args.JsonSave(note))
        try:
            with silenced():
                done = self._manager.save(generation, args=items, force=True)
        except Exception as error:  # Orbax and TensorStore raise many kinds
            if is_process_loss(error):
                raise
            refuse(f"{self.folder}: cannot write a checkpoint ({reason(error)}); earlier ones are intact", error)
        if not done:
            refuse(f"{self.folder}: Orbax did not write the checkpoint of generation {generation}")

    def restore(self, state: Any) -> tuple[Any, int] | None:
        """The newest readable checkpoint, with the structure and the devices of `state`, or None if there is none.

        One whose bytes are damaged is passed over with a warning, and removed once an older one is read.

        Raises:
            InputError: if none can be read, where one is of another run or its arrays are not those of `state`, and
                where one may not be read, which stays as it is.
        """
        if not self.folder.exists() and not self.folder.is_symlink():
            return None
        require(self.folder.is_dir(), "a directory", checkpoints=str(self.folder))
        damaged: list[tuple[int, str]] = []
        for generation in sorted(self._manager.all_steps(), reverse=True):
            try:
                with silenced():
                    arrays = self._read(generation, _named(state))
            except InputError:
                raise
            except Exception as error:  # whatever a damaged file makes Orbax and TensorStore raise
                check_readable(self.folder / str(generation), error)
                damaged.append((generation, reason(error)))
                continue
            for broken, words in damaged:
                text = "%s cannot be read (%s); going on from generation %d"
                logger.warning(text, one_line(self.folder / str(broken)), words, generation)
                self._remove(broken)
            return _like(state, arrays), generation
        if damaged:
            generation, words = damaged[0]
            refuse(f"{self.folder / str(generation)}: cannot be read ({words}), and there is no older checkpoint")
        return None

    def close(self) -> None:
        """Let go of the folder."""
        if "_manager" in self.__dict__:
            self._manager.close()
            del self.__dict__["_manager"]

    @cached_property
    def _manager(self) -> Any:
        ocp = load_orbax()
        _check_links(self.folder)
        options = ocp.CheckpointManagerOptions(
            max_to_keep=self.keep, enable_async_checkpointing=False, cleanup_tmp_directories=True
        )
        try:
            with silenced():
                return ocp.CheckpointManager(self.folder.absolute(), options=options)
        except Exception as error:  # Orbax raises many kinds
            refuse(f"{self.folder}: cannot be used ({reason(error)})", error)

    def _read(self, generation: int, wanted: dict[str, Any]) -> dict[str, np.ndarray]:
        ocp = load_orbax()
        note = self._manager.restore(generation, args=ocp.args.Composite(note=ocp.args.JsonRestore())).note
        if note["generation"] != generation:
            raise ValueError(f"it says generation {note['generation']}")
        if digest(dumps(note["run"])) != note["seal"]:
            raise ValueError("it does not say of which run it is")
        self._check_run(generation, note["run"])
        self._check(generation, note["leaves"], _shapes(wanted))
        apart = {name: wanted[name] for name in note["apart"]}
        whole = {name: leaf for name, leaf in wanted.items() if name not in apart}
        like = {"bytes": np.zeros(sum(leaf.nbytes for leaf in whole.values()), np.uint8)} if whole else {}
        if apart:
            like["rows"] = np.zeros((len(next(iter(apart.values()))), sum(map(width, apart.values()))), np.uint8)
        state = self._manager.restore(generation, args=ocp.args.Composite(state=ocp.args.StandardRestore(like))).state
        arrays = split(state["bytes"], whole) if whole else {}
        if pytrees.fingerprint(arrays) != note["fingerprint"]:
            raise ValueError("its arrays do not match their fingerprint")
        if apart:
            if total(digests(0, state["rows"])) != note["rows"]:
                raise ValueError("its rows do not match their fingerprint")
            arrays |= split_rows(state["rows"], apart)
        return arrays

    def _check_run(self, generation: int, saved: Mapping[str, Any]) -> None:
        """Raise InputError, naming the first difference, where a checkpoint is of another run than this one."""
        if self.identity is None or saved["identity"] is None or saved["identity"] == self.identity:
            return
        was, now = deciding(saved["experiment"]), deciding(self.experiment)
        if was is None or now is None or was == now:
            odd = difference(saved["identity"], self.identity)
        else:
            odd = difference(was, now, "experiment")
        place = f"{self.folder / str(generation)}: is of another experiment ({odd})"
        refuse(f"{place}; go on with what it was, or choose another directory")

    def _remove(self, generation: int) -> None:
        try:
            self._manager.delete(generation)
        except Exception as error:  # Orbax raises many kinds
            refuse(f"{self.folder / str(generation)}: is damaged, and cannot be removed ({reason(error)})", error)

    def _check(self, generation: int, saved: dict[str, list], wanted: dict[str, list]) -> None:
        if saved == wanted:
            return
        odd = next(name for name in [*wanted, *saved] if saved.get(name) != wanted.get(name))
        was, now = (" ".join(map(str, table.get(odd, ["missing"]))) for table in (saved, wanted))
        refuse(f"{self.folder / str(generation)}: does not fit the experiment: {odd} is {was}, but must be {now}")


def _named(state: Any) -> dict[str, Any]:
    """The arrays of a state by the names of their places, in the order of the names."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return dict(sorted((jax.tree_util.keystr(path) or "state", leaf) for path, leaf in leaves))


def _shapes(arrays: dict[str, Any]) -> dict[str, list]:
    return {name: [array.dtype.name, list(array.shape)] for name, array in arrays.items()}


def _like(state: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The arrays in the structure of `state`, each placed where the one in `state` was."""

    def place(path: tuple, leaf: jax.Array) -> jax.Array:
        array = arrays[jax.tree_util.keystr(path) or "state"]
        return put(array, leaf.sharding) if leaf.committed else jnp.asarray(array)

    return jax.tree_util.tree_map_with_path(place, state)


def _check_links(folder: Path) -> None:
    """Raise InputError where a link, a pipe or a device lies in the folder, or is the folder."""
    require_plain = "a link, a pipe or a device, and a run directory holds none; remove it"
    for each in (folder, *(folder.rglob("*") if folder.is_dir() and not folder.is_symlink() else ())):
        mode = each.lstat().st_mode if each.is_symlink() or each.exists() else stat.S_IFREG
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            refuse(f"{each}: is {require_plain}")
