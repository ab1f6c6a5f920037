"""Workers that die at any step, without processes: a worker that is dead simply does no more."""

import time

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from tejax.search.slots import RETRIES, Slots, heartbeat
from tejax.search.study import FlockLock

GRACE = 0.05

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture
def join(tmp_path):
    """A worker's view of the one study in a journal file, as a process of its own would have it."""

    def joined(grace=GRACE):
        path = str(tmp_path / "journal.log")
        storage = JournalStorage(JournalFileBackend(path, lock_obj=FlockLock(path)))
        study = optuna.create_study(storage=storage, study_name="s", direction="maximize", load_if_exists=True)
        return Slots(study, grace)

    return joined


def work(slots):
    """Take what waits and finish it: the slots that were run."""
    done = []
    while trial := slots.claim():
        x = trial.suggest_float("x", 0, 1)
        done.append(trial.user_attrs["slot"])
        assert slots.finish(trial.number, TrialState.COMPLETE, x)
    return done


def wait_and_recover(slots):
    """See the dead twice, with more than the grace between."""
    slots.recover()
    time.sleep(2 * GRACE)
    slots.recover()


def completed(slots):
    return sorted(
        trial.user_attrs["slot"] for trial in slots.study.get_trials(states=(TrialState.COMPLETE,), deepcopy=False)
    )


def test_every_slot_is_run_once_by_whoever_takes_it(join):
    one, two = join(), join()
    one.fill([{}] * 5)
    two.fill([{}] * 5)
    assert sorted([one.claim().user_attrs["slot"], *work(two)]) == [0, 1, 2, 3, 4]
    assert len(one.study.trials) == 5
    assert one.claim() is None, "nothing is made up when nothing waits"


def test_slots_that_two_have_filled_at_once_count_once(join):
    one, two = join(), join()
    one.attempts = two.attempts = dict  # neither has seen what the other queued
    one.fill([{}] * 3)
    two.fill([{}] * 3)
    worker = join()
    assert work(worker) == [0, 1, 2]
    assert len(worker.study.trials) == 6
    assert not worker.is_open()


def test_a_dead_workers_trial_is_run_again_once_with_its_parameters(join):
    dead, one, two = join(), join(), join()
    dead.fill([{}] * 3)
    lost = dead.claim()
    x = lost.suggest_float("x", 0, 1)
    wait_and_recover(one)
    wait_and_recover(two)
    assert sorted(work(one) + work(two)) == [0, 1, 2]
    again = one.latest()[lost.user_attrs["slot"]]
    assert (again.user_attrs["attempt"], again.params, again.value) == (1, {"x": x}, x)
    assert completed(one) == [0, 1, 2]
    assert not one.is_open()
    assert not dead.finish(lost.number, TrialState.COMPLETE, x), "who was taken for dead has no say any more"
    assert completed(one) == [0, 1, 2]


def test_a_worker_that_dies_between_failing_a_trial_and_queueing_it_loses_nothing(join):
    dead, one = join(), join()
    dead.fill([{}])
    trial = dead.claim()
    dead.finish(trial.number, TrialState.FAIL)
    assert one.is_open()
    one.recover()
    assert work(one) == [0]


def test_two_who_queue_the_same_attempt_make_one_run_of_it(join):
    dead, one, two = join(), join(), join()
    dead.fill([{}])
    trial = dead.claim()
    dead.finish(trial.number, TrialState.FAIL)
    due = one.latest()[0]
    for each in (one, two):
        each._queue(0, 1, due.params)  # both have looked before either has queued
    assert work(one) + work(two) == [0]
    assert completed(one) == [0]
    assert not one.is_open()


def test_a_worker_with_a_heartbeat_is_left_alone_and_notified_when_it_was_taken_for_dead(join):
    one, two = join(grace=1), join()
    one.fill([{}])
    trial = one.claim()
    with heartbeat(trial, GRACE / 10) as lost:
        for _ in range(3):
            wait_and_recover(two)
        assert two.study.trials[0].state == TrialState.RUNNING
        assert not lost.is_set()
        two.finish(trial.number, TrialState.FAIL)
        assert lost.wait(5)


def test_a_trial_that_kills_its_workers_is_given_up(join):
    slots = join()
    slots.fill([{}])
    for number in range(RETRIES + 1):
        slots.recover()
        trial = slots.claim()
        assert trial.user_attrs["attempt"] == number
        slots.finish(trial.number, TrialState.FAIL)
    slots.recover()
    assert slots.claim() is None
    assert not slots.is_open()


def test_a_trial_that_failed_by_itself_is_not_run_again(join):
    slots = join()
    slots.fill([{}])
    trial = slots.claim()
    trial.set_user_attr("error", "population must be positive")
    slots.finish(trial.number, TrialState.FAIL)
    slots.recover()
    assert not slots.is_open()
