"""A sweep over many processes and machines: sizes, strategies and network shapes as well as rates, on Optuna.

    python -m experiments.sweep runs/sweep --task digits --trials 32 --set schedule.generations=500 \
        --search strategy.mutation_rate=0.0003..0.03:log strategy.population=128..1024 network.hidden=[32],[64],[64,32]
    python -m experiments.sweep runs/sweep      # one more worker, here or on a machine that sees the same folder
    tejax report runs/sweep

Workers may join, die at any instant and come back: experiments/slots.py says why no trial is lost or finished twice.
Each trial is a run in a directory of its own, and who takes it over goes on from its last checkpoint, to the same
bits. A journal file in the folder holds the study unless --storage names a database; there the password is best left
to the driver's own means (PGPASSWORD, ~/.pgpass). How paths and values are written: experiments/search_space.py.

What is made best is measured on data that neither evolution nor the choice between trials may keep for testing:
for a classification a fifth of the training data that evolution does not see, else the fitness itself.
"""

import argparse
import csv
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.pool import NullPool  # no connection is held between two questions: a worker may be one of hundreds

from experiments import search_space, trials
from experiments.slots import FlockLock, Slots, beating
from tejax import runs
from tejax.cli.compiled import keep_compiled_programs
from tejax.errors import InputError, refuse, require

SAMPLERS: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
    "tpe": optuna.samplers.TPESampler,
    "random": optuna.samplers.RandomSampler,
    "qmc": optuna.samplers.QMCSampler,
    "nsga2": optuna.samplers.NSGAIISampler,
    "grid": optuna.samplers.RandomSampler,  # every combination of choices is queued, so that nothing is left to choose
}
PRUNERS: dict[str, Callable[[], optuna.pruners.BasePruner]] = {
    "none": optuna.pruners.NopPruner,
    "median": optuna.pruners.MedianPruner,
    "halving": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
}
COLUMNS = ("trial", "state", "value", "attempts", "worker", "seconds")

logger = logging.getLogger("sweep")


def main() -> None:
    """Join the sweep in a folder, or begin one there, and work until nothing is left to do."""
    logging.basicConfig(format="%(message)s")
    logger.setLevel(logging.INFO)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    keep_compiled_programs()
    try:
        options = arguments().parse_args()
        sys.exit(work(options))
    except InputError as error:
        print(f"sweep: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("sweep: interrupted; another worker takes up what this one had", file=sys.stderr)
        sys.exit(130)


def arguments() -> argparse.ArgumentParser:
    """The options of a worker."""
    parser = argparse.ArgumentParser(prog="experiments.sweep", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of the sweep")
    parser.add_argument("--task", help="what the networks shall do (default: digits)")
    parser.add_argument("--set", nargs="+", default=[], metavar="PATH=VALUE", help="other values than the defaults")
    parser.add_argument("--search", nargs="+", default=[], metavar="PATH=VALUES", help="what is searched")
    parser.add_argument("--trials", type=int, default=32, help="how many (a grid has as many as combinations)")
    parser.add_argument("--sampler", choices=list(SAMPLERS), default="tpe")
    parser.add_argument("--pruner", choices=list(PRUNERS), default="none")
    parser.add_argument("--storage", help="URL of a database, as SQLAlchemy has it (default: a journal file)")
    parser.add_argument("--name", help="of the study in the database (default: that of the folder)")
    parser.add_argument("--grace", type=float, default=60, help="seconds without a sign after which a worker is dead")
    return parser


def work(options: argparse.Namespace) -> int:
    """One worker, from its first trial to its last; the exit status."""
    require(options.grace > 0, "above 0 seconds", grace=options.grace)
    require(options.trials >= 1, "at least 1", trials=options.trials)
    study = open_study(options)
    plan = agree(study, options)
    search = dict(search_space.parse(text) for text in plan["search"])
    study.sampler, study.pruner = SAMPLERS[plan["sampler"]](), PRUNERS[plan["pruner"]]()
    slots = Slots(study, options.grace)
    slots.fill(search_space.combinations(search, plan["fixed"]) if plan["sampler"] == "grid" else [{}] * plan["trials"])
    note(options.folder, plan, study, search)
    while True:
        slots.mend()
        trial = slots.claim()
        if trial is None:
            if not slots.open():
                break
            time.sleep(min(1.0, options.grace / 5))
            continue
        ended = attempt(slots, trial, plan["fixed"], search, options)
        table(options.folder, slots, search)
        if ended == "stopped":
            return 130
    table(options.folder, slots, search)
    note(options.folder, plan, study, search)
    best = max((t for t in slots.latest().values() if t.state == TrialState.COMPLETE), key=_value, default=None)
    print("no trial was finished" if best is None else f"best: {best.value:.4f} {json.dumps(best.params)}")
    return 0


def open_study(options: argparse.Namespace) -> optuna.Study:
    """The study in the database, or in the journal file of the folder; made where it is not there."""
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        if options.storage:
            storage: Any = RDBStorage(options.storage, engine_kwargs={"poolclass": NullPool})
        else:
            path = str(options.folder / "journal.log")
            storage = JournalStorage(JournalFileBackend(path, lock_obj=FlockLock(path)))
        name = options.name or options.folder.resolve().name
        return optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    except OSError as error:
        refuse(f"{options.folder}: cannot be used ({error.strerror or error})", error)
    except Exception as error:  # whatever the driver of a database raises
        refuse(f"storage cannot be used: {str(error).splitlines()[0]}", error)


def agree(study: optuna.Study, options: argparse.Namespace) -> dict[str, Any]:
    """What the sweep is, as the first worker has said it. Raises InputError where this one says something else."""
    fixed = {"task": options.task or "digits"}
    fixed |= dict(search_space.parse_value(text) for text in options.set)
    search = dict(search_space.parse(text) for text in options.search)
    mine = {
        "fixed": fixed,
        "search": options.search,
        "trials": options.trials,
        "sampler": options.sampler,
        "pruner": options.pruner,
    }
    if "plan" not in study.user_attrs:
        require(bool(search), "given by the first worker", search=options.search)
        search_space.compose(fixed, {}).build()
        study.set_user_attr("plan", mine)
    plan = study.user_attrs["plan"]
    if options.search or options.set or options.task:
        for name, value in mine.items():
            require(value == plan[name], f"as the sweep has it, {plan[name]!r}", **{name: value})
    return plan


def attempt(
    slots: Slots, trial: Trial, fixed: dict[str, Any], search: dict[str, Any], options: argparse.Namespace
) -> str:
    """Take a trial to its end: complete, pruned, failed, stopped (to be taken up again), or lost to another worker."""
    slot, clock = trial.user_attrs["slot"], time.perf_counter()
    ended, value, folder = "failed", None, options.folder / "trials" / f"{slot:05d}"
    with beating(trial, options.grace / 5) as lost:
        try:
            values = search_space.suggest(search, lambda path, values: ask(trial, path, values), fixed)
            experiment = search_space.compose(fixed, values)
            ended, value = trials.evolve(trial, experiment, experiment.build(), folder, lost.is_set)
            trial.set_user_attr("seconds", round(time.perf_counter() - clock, 2))
        except UpdateFinishedTrialError:
            ended = "lost"
        except (InputError, MemoryError, RuntimeError) as error:  # of this trial, not of the sweep: the others go on
            trial.set_user_attr("error", " ".join(str(error).split())[:500])
        except Exception:  # a disk or a database: this worker ends, and the trial is another's
            slots.finish(trial.number, TrialState.FAIL)
            raise
    state = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}.get(ended, TrialState.FAIL)
    mine = slots.finish(trial.number, state, value)
    ended = ended if mine else "lost"
    reason = trial.user_attrs.get("error", "" if value is None else f"{value:.4f}")
    logger.info("trial %d %s %s %s", slot, ended, reason, json.dumps(trial.params))
    return ended


def ask(trial: Trial, path: str, values: Any) -> Any:
    """One parameter of a trial."""
    if isinstance(values, search_space.Range):
        low, high, log = values
        whole = isinstance(low, int) and isinstance(high, int)
        return trial.suggest_int(path, low, high, log=log) if whole else trial.suggest_float(path, low, high, log=log)
    return search_space.choice(values, trial.suggest_categorical(path, search_space.names(values)))


def table(folder: Path, slots: Slots, search: dict[str, Any]) -> None:
    """Write table.csv and table.json, one row a trial, from what the study knows now."""
    rows = []
    for slot, trial in slots.latest().items():
        counted = {
            "trial": slot,
            "state": trial.state.name.lower(),
            "value": trial.value if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
            "attempts": trial.user_attrs["attempt"] + 1,
            "worker": trial.user_attrs.get("worker"),
            "seconds": trial.user_attrs.get("seconds"),
        }
        rows.append({**counted, **{path: trial.params.get(path) for path in search}})
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *search], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write(folder / "table.csv", text.getvalue())
    _write(folder / "table.json", json.dumps(rows, indent=1) + "\n")


def note(folder: Path, plan: dict[str, Any], study: optuna.Study, search: dict[str, Any]) -> None:
    """Write sweep.json, which `tejax report` reads: the plan, versions, and which parameters matter."""
    about = {"kind": "search", **runs.environment_info(), **{name: plan[name] for name in ("trials", "sampler", "pruner")}}
    experiment = search_space.compose(plan["fixed"], {}).to_json()
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    importance: dict[str, float] = {}
    if len({trial.value for trial in done}) > 1:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        importance = optuna.importance.get_param_importances(study, evaluator=evaluator)
    extra = {"search": plan["search"], "varied": list(search), "importance": importance}
    _write(folder / "sweep.json", json.dumps({**about, "experiment": experiment, **extra}, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    """Write a file that other workers write as well, in one step."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _value(trial: FrozenTrial) -> float:
    return float("-inf") if trial.value is None else trial.value


if __name__ == "__main__":
    main()
