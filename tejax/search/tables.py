"""What a search leaves in its folder for people and for `tejax report`: table.csv, table.json and sweep.json."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from tejax import runs
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
    _replace(folder / "table.csv", text.getvalue())
    _replace(folder / "table.json", json.dumps(rows, indent=1) + "\n")


def write_note(folder: Path, slots: Slots, plan: Plan) -> None:
    """Write sweep.json, which `tejax report` reads: the plan, versions, and which parameters matter."""
    done = slots.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    importance: dict[str, float] = {}
    if len({trial.value for trial in done}) > 1:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
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
    _replace(folder / "sweep.json", json.dumps(note, indent=1) + "\n")


def best_of(slots: Slots) -> str:
    """The best trial in words."""
    complete = [trial for trial in slots.latest().values() if trial.state == TrialState.COMPLETE]
    best = max(complete, key=lambda trial: float("-inf") if trial.value is None else trial.value, default=None)
    return "no trial was finished" if best is None else f"best: {best.value:.4f} {json.dumps(best.params)}"


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


def _replace(path: Path, text: str) -> None:
    """Write a file that other workers write as well, in one step."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
