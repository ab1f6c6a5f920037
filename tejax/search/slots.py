"""Work that is shared out among workers which may die: every trial is finished once, none is lost.

A search of N trials is N slots. Each slot is a waiting trial of an Optuna study, and to take one is a step that the
storage makes whole: no two workers get the same. While it works, a worker counts a number up in its trial, its
heartbeat. Whoever sees such a number unchanged for longer than the grace, by their own clock, fails the trial (one
worker can, for a trial ends once) and queues the next attempt of the slot with the same parameters. Should two do so
at once, the one with the lower number counts, and the other is passed over by whoever takes it. So a worker that is
killed between any two steps leaves a state from which the others go on.

Optuna's own heartbeat is for databases and `Study.optimize` only, and a worker that is killed between its two steps,
fail and retry, loses the trial; hence these hundred lines, which know nothing but Optuna's public interface.
"""

import itertools
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from tejax.errors import one_line

__all__ = ["RETRIES", "Slots", "heartbeat"]

RETRIES = 5  # attempts at a slot whose workers died, before it is given up: such a trial may be what kills them
OPEN = (TrialState.WAITING, TrialState.RUNNING)

logger = logging.getLogger(__name__)


class Slots:
    """The slots of a study.

    Args:
        study: whose trials they are.
        grace: seconds without a heartbeat after which a worker counts as dead.
    """

    def __init__(self, study: optuna.Study, grace: float) -> None:
        self.study, self.grace = study, grace
        self._seen: dict[int, tuple[Any, float]] = {}  # trial -> its heartbeat, and when it was first seen so

    def fill(self, queue: list[dict[str, Any]]) -> None:
        """Make sure that there is a slot for each of these sets of parameters ({}: the sampler chooses)."""
        known = {slot for slot, _ in self.attempts()}
        for slot, parameters in enumerate(queue):
            if slot not in known:
                self._queue(slot, 0, parameters)

    def attempts(self) -> dict[tuple[int, int], FrozenTrial]:
        """(slot, attempt) -> its trial, the one that counts."""
        counting: dict[tuple[int, int], FrozenTrial] = {}
        for trial in sorted(self.study.get_trials(deepcopy=False), key=lambda trial: trial.number):
            if "slot" in trial.user_attrs:
                counting.setdefault((trial.user_attrs["slot"], trial.user_attrs["attempt"]), trial)
        return counting

    def latest(self) -> dict[int, FrozenTrial]:
        """slot -> the trial of its last attempt."""
        return {slot: trial for (slot, _), trial in sorted(self.attempts().items(), key=lambda item: item[0])}

    def claim(self) -> Trial | None:
        """Take a trial that waits; None if there is none."""
        while self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            trial = self.study.ask()
            if any(counting.number == trial.number for counting in self.attempts().values()):
                trial.set_user_attr("worker", f"{socket.gethostname()}:{os.getpid()}")
                return trial
            # one too many: queued twice, or made by `ask` because others took the last one meanwhile
            self.finish(trial.number, TrialState.FAIL)
        return None

    def is_open(self) -> bool:
        """Whether anything is waiting or under way."""
        return any(trial.state in OPEN for trial in self.latest().values()) or bool(self._due())

    def recover(self) -> None:
        """Fail the trials whose workers are dead, and queue the next attempt of every slot that needs one."""
        now = time.monotonic()
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            beat = trial.user_attrs.get("beat")
            known = self._seen.get(trial.number)
            if known is None or known[0] != beat:
                self._seen[trial.number] = beat, now
            elif now - known[1] > self.grace:
                logger.warning("trial %d: no sign of %s", trial.number, trial.user_attrs.get("worker"))
                self.finish(trial.number, TrialState.FAIL)
        for slot, trial in self._due():
            self._queue(slot, trial.user_attrs["attempt"] + 1, trial.params)

    def finish(self, number: int, state: TrialState, value: float | None = None) -> bool:
        """End a trial; False if it has ended already, as it has for a worker that was taken for dead."""
        try:
            self.study.tell(number, value, state)
        except (UpdateFinishedTrialError, ValueError):
            return False
        return True

    def _due(self) -> list[tuple[int, FrozenTrial]]:
        """The slots whose last attempt has failed through no fault of its parameters."""
        return [
            (slot, trial)
            for slot, trial in self.latest().items()
            if trial.state == TrialState.FAIL
            and "error" not in trial.user_attrs
            and trial.user_attrs["attempt"] < RETRIES
        ]

    def _queue(self, slot: int, attempt: int, parameters: dict[str, Any]) -> None:
        self.study.enqueue_trial(parameters, {"slot": slot, "attempt": attempt})


@contextmanager
def heartbeat(trial: Trial, every: float) -> Iterator[threading.Event]:
    """Count up a number in a trial while inside.

    Args:
        trial: the trial of this worker.
        every: seconds from one count to the next.

    Yields:
        An event that is set once the trial turns out to be over, because its worker was taken for dead.
    """
    done, lost = threading.Event(), threading.Event()

    def beat() -> None:
        for number in itertools.count():
            try:
                trial.set_user_attr("beat", number)
            except UpdateFinishedTrialError:
                lost.set()
                return
            except Exception as error:  # a database that is away for a while: go on, and count when it is back
                logger.warning("trial %d: no heartbeat (%s)", trial.number, one_line(error, 200))
            if done.wait(every):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()
