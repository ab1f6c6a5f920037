"""Where workers meet: a study in a journal file or a database, and the plan that the first of them left there."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import optuna
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.pool import NullPool  # no connection is held between two questions: a worker may be one of hundreds

from tejax.core import records
from tejax.core.locks import lock
from tejax.core.opening import open_flags
from tejax.errors import InputError, one_line, refuse, require
from tejax.runs.directory import check_links
from tejax.search import space
from tejax.search.options import SearchOptions

__all__ = ["PRUNERS", "SAMPLERS", "FlockLock", "Plan", "assert_same_plan", "open_study"]

SAMPLERS: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
    "tpe": optuna.samplers.TPESampler,
    "random": optuna.samplers.RandomSampler,
    "qmc": optuna.samplers.QMCSampler,
    "nsga2": optuna.samplers.NSGAIISampler,
    "grid": optuna.samplers.RandomSampler,  # every combination of values is queued, so that nothing is left to choose
}
PRUNERS: dict[str, Callable[[], optuna.pruners.BasePruner]] = {
    "none": optuna.pruners.NopPruner,
    "median": optuna.pruners.MedianPruner,
    "halving": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
}


class FlockLock:
    """A lock for Optuna's journal file that the operating system lets go of with the process that holds it.

    Args:
        path: of the journal file.
    """

    def __init__(self, path: str) -> None:
        self._path, self._descriptor = f"{path}.lock", -1

    def acquire(self) -> bool:
        """Wait for the lock."""
        descriptor = os.open(self._path, open_flags("O_RDWR", "O_CREAT", "O_NOFOLLOW"), 0o644)
        lock(descriptor)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


class Plan(NamedTuple):
    """What a search is.

    Attributes:
        fixed: path -> value, of what is not searched; the task among it.
        search: PATH=VALUES, as it was given.
        trials: how many.
        sampler: a name in SAMPLERS.
        pruner: a name in PRUNERS.
    """

    fixed: dict[str, Any]
    search: list[str]
    trials: int
    sampler: str
    pruner: str

    @property
    def space(self) -> dict[str, Any]:
        """path -> Range or list of values."""
        return dict(space.parse(text) for text in self.search)

    def queue(self) -> list[dict[str, Any]]:
        """The parameters of every trial that are chosen already: all of a grid, else none."""
        return space.combinations(self.space, self.fixed) if self.sampler == "grid" else [{}] * self.trials


def open_study(options: SearchOptions) -> optuna.Study:
    """The study in the database, or in the journal file of the folder; made where it is not there.

    Raises:
        InputError: in one line, where the folder or the database cannot be used.
    """
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        check_links(options.folder)
        if options.storage:
            storage: Any = RDBStorage(options.storage, engine_kwargs={"poolclass": NullPool})
        else:
            path = str(options.folder / "journal.log")
            lock: Any = FlockLock(path)  # Optuna's base class for it is not public
            storage = JournalStorage(JournalFileBackend(path, lock_obj=lock))
        name = options.name or options.folder.resolve().name
        return optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    except InputError:
        raise
    except OSError as error:
        refuse(f"{options.folder}: cannot be used ({error.strerror or error})", error)
    except Exception as error:  # whatever the driver of a database raises
        refuse(f"storage cannot be used: {one_line(error, 300)}", error)


def assert_same_plan(study: optuna.Study, options: SearchOptions) -> Plan:
    """The plan of the search: the one in the study, or, of the first worker, that of the options.

    Raises:
        InputError: in one line, where the options are other than the plan, or no search at all.
    """
    fixed = {"task": options.task or space.TASK} | dict(space.parse_value(text) for text in options.set)
    given = Plan(fixed, list(options.search), options.trials, options.sampler, options.pruner)
    searched = given.space
    if "plan" not in study.user_attrs:
        require(bool(searched), "given by the first worker", search=given.search)
        alternatives = {path: values[0] for path, values in searched.items() if path in space.REGISTRIES}
        space.compose(given.fixed, alternatives).build()
        given.queue()
        study.set_user_attr("plan", given._asdict())
    plan = _plan(study.user_attrs["plan"])
    pairs = [("task", given.fixed["task"], plan.fixed["task"])] if options.task else []
    if options.search or options.set:
        pairs += zip(Plan._fields, given, plan, strict=True)
    for name, value, saved in pairs:
        require(value == saved, f"as the search has it, {saved!r}", **{name: value})
    return plan


def _plan(kept: Any) -> Plan:
    """The plan that a study keeps. Raises InputError, in one line, for a damaged one."""
    hints = {"fixed": dict, "search": list, "trials": int, "sampler": str, "pruner": str}
    plan = Plan(**records.values(hints, kept, "the plan of the search")) if isinstance(kept, dict) else None
    fine = plan is not None and plan.sampler in SAMPLERS and plan.pruner in PRUNERS and plan.trials >= 1
    if plan is None or not fine or not isinstance(plan.fixed.get("task"), str):
        refuse("the plan of the search is damaged; begin it again in another folder")
    return plan
