"""Searches of several worker processes, one of which is killed, on a journal file and on a real PostgreSQL server."""

import getpass
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

import tejax
from tejax import export
from tejax.search import SearchOptions
from tejax.search.slots import Slots
from tejax.search.study import open_study
from tests import helpers

OPTIONS = [
    *("--task", "parity", "--trials", "4", "--sampler", "random"),
    *("--set", "task.n=3", "schedule.generations=600", "schedule.chunk=8", "schedule.checkpoint_every=0"),
    *("strategy.population=16", "strategy.elites=2"),
    *("--search", "strategy.mutation_rate=0.001..0.1:log", "network.hidden=[4],[4,4]"),
]
GRACE = 3.0

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def worker(folder, *arguments):
    """One more worker, in a process of its own."""
    return helpers.start("search", folder, "--grace", GRACE, *arguments, stderr=subprocess.STDOUT)


def run_with_a_kill(folder, *storage):
    """Two workers, one killed in the middle of a trial, one more that comes later: slots, and the killed trial."""
    workers = [worker(folder, *OPTIONS, *storage)]
    doomed = workers[0]
    try:
        wait(lambda: (folder / "sweep.json").exists(), doomed)
        slots = Slots(open_study(SearchOptions(folder, storage=storage[1] if storage else None)), GRACE)
        workers.append(worker(folder, *storage))

        def under_way():
            """A trial of the first worker that has a checkpoint to go on from."""
            running = [trial for trial in slots.latest().values() if trial.state == TrialState.RUNNING]
            doomed_has = [t for t in running if t.user_attrs.get("worker", "").endswith(f":{doomed.pid}")]
            return [t for t in doomed_has if helpers.checkpoints(folder / "trials" / f"{t.user_attrs['slot']:05d}")]

        wait(under_way, doomed)
        killed = under_way()[0]
        doomed.send_signal(signal.SIGKILL)
        doomed.wait(10)
        workers.append(worker(folder, *storage))
        for process in workers[1:]:
            out, _ = process.communicate(timeout=240)
            assert process.returncode == 0, out
            assert "best: " in out
        return slots, killed
    finally:
        for process in workers:
            process.kill()
            process.communicate()


def wait(condition, process, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def check(folder, slots, killed):
    """Every trial is complete, none twice, and the killed one has gone on from its checkpoint."""
    done = slots.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    assert sorted(trial.user_attrs["slot"] for trial in done) == [0, 1, 2, 3]
    attempts = slots.attempts()
    slot = killed.user_attrs["slot"]
    assert sorted(attempts) == sorted([*((each, 0) for each in range(4)), (slot, 1)])
    assert attempts[slot, 0].state == TrialState.FAIL
    assert attempts[slot, 1].params == killed.params
    for each in range(4):
        run = folder / "trials" / f"{each:05d}"
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        assert [line["generation"] for line in lines] == list(range(8, 601, 8)), "each generation once"
        network, genome = export.load(run / "best.safetensors")
        assert network.apply(genome, tejax.tasks.parity(3).x).shape == (8, 1)
    rows = json.loads((folder / "table.json").read_text())
    assert [(row["trial"], row["state"], row["attempts"]) for row in rows] == [
        (each, "complete", 2 if each == slot else 1) for each in range(4)
    ]


def test_a_search_on_a_journal_file_survives_the_killing_of_a_worker(tmp_path):
    folder = tmp_path / "search"
    check(folder, *run_with_a_kill(folder))
    done = helpers.tejax_process("report", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "history.png").read_bytes().startswith(b"\x89PNG")
    refused = worker(folder, *OPTIONS, "--trials", "5")
    out, _ = refused.communicate(timeout=60)
    assert (refused.returncode, out.strip().splitlines()[-1]) == (
        2,
        "tejax: trials must be as the search has it, 4: got trials=5",
    )


@pytest.fixture
def postgresql():
    """The URL of a PostgreSQL server for one test, on a socket in a temporary folder."""
    places = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    initdb, postgres = (shutil.which(name, path=places) for name in ("initdb", "postgres"))
    if not (initdb and postgres):
        pytest.skip("no PostgreSQL server is installed (initdb and postgres)")
    user, prefix = getpass.getuser(), []
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as name:
        folder = Path(name)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            if not shutil.which("setpriv"):
                pytest.skip("PostgreSQL does not run as root, and there is no setpriv")
            user, account = "nobody", pwd.getpwnam("nobody")
            os.chown(folder, account.pw_uid, account.pw_gid)
            prefix = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        data = folder / "data"
        made = [
            *prefix,
            initdb,
            "--pgdata",
            data,
            "--username",
            user,
            "--auth",
            "trust",
            "--no-sync",
            "--encoding=UTF8",
        ]
        subprocess.run(made, check=True, capture_output=True, cwd="/")
        with (folder / "server.log").open("w") as log:
            started = [*prefix, postgres, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
            server = subprocess.Popen(started, stdout=log, stderr=log, cwd="/")
        try:
            wait(lambda: list(folder.glob(".s.PGSQL.*")) and _answers(user, folder), server)
            yield f"postgresql+psycopg://{user}@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def _answers(user, folder):
    import psycopg

    try:
        psycopg.connect(f"host={folder} user={user} dbname=postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_search_on_postgresql_survives_the_killing_of_a_worker(tmp_path, postgresql):
    folder = tmp_path / "search"
    check(folder, *run_with_a_kill(folder, "--storage", postgresql))
    assert not (folder / "journal.log").exists()
