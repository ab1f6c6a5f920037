"""One worker of a search: it takes trials until none is left, those of dead workers too.

Workers may join, die at any instant and come back: `tejax.search.slots` says why no trial is lost or finished twice.
Each trial is a run in a directory of its own, and who takes it over goes on from its last checkpoint, to the same
bits. A journal file in the folder holds the study unless the options name a database; there the password is best left
to the driver's own means (PGPASSWORD, ~/.pgpass).
"""

import logging
import time
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial, TrialState

from tejax.core.plain import dumps
from tejax.errors import InputError, one_line, printable
from tejax.search import space
from tejax.search.options import SearchOptions
from tejax.search.slots import Slots, heartbeat
from tejax.search.study import PRUNERS, SAMPLERS, Plan, assert_same_plan, open_study
from tejax.search.tables import best_of, write_note, write_table
from tejax.search.trial import Ending, evolve_trial

__all__ = ["work"]

STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}  # every other ending is a failure

logger = logging.getLogger(__name__)


def work(options: SearchOptions) -> int:
    """From the first trial to the last; the exit status."""
    study = open_study(options)
    plan = assert_same_plan(study, options)
    study.sampler, study.pruner = SAMPLERS[plan.sampler](), PRUNERS[plan.pruner]()
    slots = Slots(study, options.grace)
    slots.fill(plan.queue())
    write_note(options.folder, slots, plan)
    while True:
        slots.recover()
        trial = slots.claim()
        if trial is not None:
            ending = attempt(slots, trial, plan, options)
            write_table(options.folder, slots, plan)
            if ending.state == "stopped":
                return 130
        elif slots.is_open():
            time.sleep(min(1.0, options.grace / 5))
        else:
            break
    write_table(options.folder, slots, plan)
    write_note(options.folder, slots, plan)
    print(printable(best_of(slots)))  # noqa: T201
    return 0


def attempt(slots: Slots, trial: Trial, plan: Plan, options: SearchOptions) -> Ending:
    """Take a trial to its end: complete, pruned, failed, stopped (to be taken up again), or lost to another worker."""
    slot, clock = trial.user_attrs["slot"], time.perf_counter()
    ending, folder = Ending("failed"), options.folder / "trials" / f"{slot:05d}"
    with heartbeat(trial, options.grace / 5) as lost:
        try:
            values = space.suggest(plan.space, lambda path, values: _suggest_value(trial, path, values), plan.fixed)
            experiment = space.compose(plan.fixed, values)
            ending = evolve_trial(trial, experiment, experiment.build(), folder, lost.is_set)
            trial.set_user_attr("seconds", round(time.perf_counter() - clock, 2))
        except UpdateFinishedTrialError:
            ending = Ending("lost")
        except (InputError, MemoryError, RuntimeError) as error:  # of this trial, not of the search: the others go on
            trial.set_user_attr("error", one_line(error, 500))
        except Exception:  # a disk or a database: this worker ends, and the trial is another's
            slots.finish(trial.number, TrialState.FAIL)
            raise
    if not slots.finish(trial.number, STATES.get(ending.state, TrialState.FAIL), ending.value):
        ending = Ending("lost")
    reason = trial.user_attrs.get("error", "" if ending.value is None else f"{ending.value:.4f}")
    logger.info("trial %d %s %s %s", slot, ending.state, reason, dumps(trial.params))
    return ending


def _suggest_value(trial: Trial, path: str, values: Any) -> Any:
    """One parameter of a trial, from a Range or a list of values."""
    if not isinstance(values, space.Range):
        return space.value_of(values, trial.suggest_categorical(path, space.labels(values)))
    low, high, log = values
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(path, low, high, log=log)
    return trial.suggest_float(path, low, high, log=log)
