"""What a search leaves in its folder for people and for `tejax report`: table.csv, table.json and sweep.json."""

import csv
import io
import warnings
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from tejax import runs
from tejax.core.drafts import write_file
from tejax.core.plain import dumps
from tejax.search import space
from tejax.search.slots import Slots
from tejax.search.study import Plan

__all__ = ["best_of", "write_note", "write_table"]

COLUMNS = ("trial", "state", "value", "attempts", "worker", "seconds")


def write_table(folder: Path, slots: Slots, plan: Plan) -> None:
    """Write table.csv and table.json, one row a trial, from what the study knows now."""
    searched = list(plan.space)
    rows = [_row(slot, trial, searched) for slot, trial in slots.latest().items()]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *searched], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(folder / "table.csv", text.getvalue().encode("utf-8", "backslashreplace"))
    write_file(folder / "table.json", dumps(rows, indent=1) + "\n")


def write_note(folder: Path, slots: Slots, plan: Plan) -> None:
    """Write sweep.json, which `tejax report` reads: the plan, versions, and which parameters matter."""
    done = slots.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    importance: dict[str, float] = {}
    if len({trial.value for trial in done}) > 1:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few trials, which the table shows
            importance = optuna.importance.get_param_importances(slots.study, evaluator=evaluator)
    note = {
        "kind": "search",
        **runs.environment_info(),
        "trials": plan.trials,
        "sampler": plan.sampler,
        "pruner": plan.pruner,
        "experiment": space.compose(plan.fixed, {}).to_json(),
        "search": plan.search,
        "varied": list(plan.space),
        "importance": importance,
    }
    write_file(folder / "sweep.json", dumps(note, indent=1) + "\n")


def best_of(slots: Slots) -> str:
    """The best trial in words."""
    complete = [trial for trial in slots.latest().values() if trial.state == TrialState.COMPLETE]
    best = max(complete, key=lambda trial: float("-inf") if trial.value is None else trial.value, default=None)
    return "no trial was finished" if best is None else f"best: {best.value:.4f} {dumps(best.params)}"


def _row(slot: int, trial: FrozenTrial, searched: list[str]) -> dict[str, Any]:
    ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return {
        "trial": slot,
        "state": trial.state.name.lower(),
        "value": trial.value if ended else None,
        "attempts": trial.user_attrs["attempt"] + 1,
        "worker": trial.user_attrs.get("worker"),
        "seconds": trial.user_attrs.get("seconds"),
        **{path: trial.params.get(path) for path in searched},
    }
