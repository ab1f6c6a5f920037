"""Real processes that talk over loopback: the same bits as one process, and clear words when something is wrong."""

import json
import random
import signal
import socket
import time

import pytest

import tejax
from tejax import cli, errors
from tejax.errors import InputError
from tejax.parallel import processes
from tests.helpers import TINY, checkpoints, evolve, fingerprints, start, tejax_process, tiny, wait_for

TOTAL = 12
RUN = ["evolve", *TINY, "--generations", TOTAL, "--chunk", 2, "--checkpoint-every", 1000]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def launch(count, *arguments, devices=1, others=()):
    """`tejax ...` as `count` processes; `others` are further arguments of all but the first."""
    place, flags = f"127.0.0.1:{free_port()}", f"--xla_force_host_platform_device_count={devices}"
    return [
        start(
            *[*arguments, *(others if number else ())],
            *("--coordinator", place, "--process-id", number, "--processes", count, "--json"),
            flags=flags,
        )
        for number in range(count)
    ]


def ends(started, seconds=300):
    """(exit status, stdout, stderr) of each."""
    try:
        told = [process.communicate(timeout=seconds) for process in started]
    finally:
        for process in started:
            process.kill()
    return [(process.returncode, *words) for process, words in zip(started, told, strict=True)]


def bits(answer):
    told = json.loads(answer)
    return told["state"], told["best"]


def test_two_processes_give_the_bits_of_one_and_the_first_one_writes(tmp_path):
    path = tmp_path / "run"
    (code, out, err), (other, nothing, more) = ends(launch(2, *RUN, "--out", path))
    assert (code, other) == (0, 0), err + more
    assert bits(out) == fingerprints(evolve(tiny(generations=TOTAL)))
    assert nothing == ""
    assert checkpoints(path) == [TOTAL]
    assert [line["generation"] for line in tejax.Run(path).metrics] == list(range(2, TOTAL + 1, 2))
    assert len(list((path / "checkpoints" / str(TOTAL) / "state").glob("ocdbt.process_*"))) == 2, "both are to save"
    assert fingerprints(evolve(tiny(generations=TOTAL + 2), run=tejax.Run(path))) == fingerprints(
        evolve(tiny(generations=TOTAL + 2))
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--coordinator", "nowhere"], "coordinator must be HOST:PORT or auto: got coordinator='nowhere'"),
        (["--coordinator", "a:1", "--processes", 0], "processes must be at least 1: got processes=0"),
        (["--coordinator", "a:1", "--processes", 2], "process_id must be from 0 to processes - 1: got process_id=None"),
        (["--processes", 2], "coordinator must be given, for there are several processes"),
        (
            ["--coordinator", "127.0.0.1:1", "--process-id", 1, "--processes", 2, "--wait", 1],
            "the coordinator at 127.0.0.1:1 does not answer (tried for 1 s)",
        ),
        (
            ["--coordinator", "auto", "--processes", 2],
            "processes must be left out where the cluster says who takes part",
        ),
        (["--coordinator", "auto", "--process-id", 0], "process_id must be left out where the cluster says who takes"),
        (["--devices", 99], "devices must be from 1 to"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(arguments, words, capsys, tmp_path):
    with pytest.raises(SystemExit) as end:
        cli.main([str(each) for each in [*RUN, "--out", tmp_path / "run", *arguments]])
    err = capsys.readouterr().err
    assert end.value.code == 2
    assert err.startswith("tejax: ")
    assert err.count("\n") == 1
    assert words in err


def test_where_no_cluster_says_who_takes_part_the_coordinator_must_be_given(tmp_path, monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    done = tejax_process(*RUN, "--out", tmp_path / "run", "--coordinator", "auto")
    assert done.returncode == 2
    line = "tejax: coordinator must be HOST:PORT, for no cluster says who takes part: got coordinator='auto'"
    assert done.stderr.splitlines()[-1] == line
    assert "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("tasks", [1, 2])
def test_under_slurm_the_processes_find_each_other_by_themselves(tmp_path, monkeypatch, tasks):
    """JAX reads these variables, and makes the port out of the number of the job."""
    job = 10_000 + random.randrange(2**11)
    known = {"JOB_ID": job, "STEP_NODELIST": "localhost", "STEP_NUM_NODES": 1, "NTASKS": tasks}
    for name, value in known.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    started = []
    for number in range(tasks):
        monkeypatch.setenv("SLURM_PROCID", str(number))
        monkeypatch.setenv("SLURM_LOCALID", str(number))
        started.append(start(*RUN, "--out", tmp_path / "run", "--coordinator", "auto", "--json"))
    told = ends(started)
    assert [code for code, *_ in told] == [0] * tasks, told
    assert bits(told[0][1]) == fingerprints(evolve(tiny(generations=TOTAL)))


def test_differences_are_named():
    assert processes.difference({"a": {"b": 1}}, {"a": {"b": 2}}) == "a.b was 1, is 2"
    processes.assert_same_config({"a": 1})  # alone, one agrees with oneself
    with pytest.raises(InputError, match="mine"):
        processes.on_primary(lambda: errors.refuse("mine"))
    assert processes.any_of(True, False) == (True, False)


@pytest.mark.long
@pytest.mark.parametrize(("count", "devices"), [(2, 2), (4, 1), (4, 2)])
def test_any_number_of_processes_and_devices_gives_the_same_bits(tmp_path, count, devices):
    path = tmp_path / "run"
    told = ends(launch(count, *RUN, "--islands", 8, "--elites", 0, "--migrants", 1, "--out", path, devices=devices))
    assert [code for code, *_ in told] == [0] * count, told
    alone = tejax_process(*RUN, "--islands", 8, "--elites", 0, "--migrants", 1, "--out", tmp_path / "alone", "--json")
    assert bits(told[0][1]) == bits(alone.stdout)


@pytest.mark.long
def test_a_run_goes_on_with_other_devices_and_processes(tmp_path):
    """Two processes, then one with four devices, then four processes; each is asked to stop by SIGTERM."""
    path, total = tmp_path / "run", 3000
    first = launch(2, *["evolve", *TINY, "--generations", total, "--chunk", 1, "--checkpoint-every", 0], "--out", path)
    wait_for(lambda: checkpoints(path), first[0], 100)
    first[1].send_signal(signal.SIGTERM)
    assert [code for code, *_ in ends(first)] == [130, 130]
    reached = checkpoints(path)[-1]
    assert 0 < reached < total
    middle = start("resume", path, "--devices", 4, flags="--xla_force_host_platform_device_count=4")
    wait_for(lambda: checkpoints(path)[-1] > reached, middle, 100)
    middle.send_signal(signal.SIGTERM)
    middle.communicate(timeout=200)
    assert middle.returncode == 130
    told = ends(launch(4, "resume", path, "--generations", checkpoints(path)[-1] + 5))
    assert [code for code, *_ in told] == [0] * 4, told
    answer = json.loads(told[0][1])
    experiment = tiny(generations=answer["generations"], chunk=1, checkpoint_every=0.0)
    assert bits(told[0][1]) == fingerprints(evolve(experiment))


@pytest.mark.long
def test_processes_that_were_started_with_something_else_are_refused(tmp_path):
    told = ends(launch(2, *RUN, "--out", tmp_path / "run", others=("--seed", 1)))
    for code, out, err in told:
        assert (code, out) == (2, "")
        assert "process 1 was started with something else than process 0: experiment.schedule.seed was 0, is 1" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.long
@pytest.mark.parametrize(("victim", "how"), [(0, signal.SIGKILL), (1, signal.SIGKILL), (0, signal.SIGSTOP)])
def test_the_end_of_a_process_ends_the_others_soon_and_the_run_can_go_on(tmp_path, victim, how):
    """Or its silence: what is stopped keeps its connections, and only its heartbeats are missed."""
    path = tmp_path / "run"
    endless = ["evolve", *TINY, "--generations", 100_000, "--chunk", 1, "--checkpoint-every", 0, "--out", path]
    started = launch(2, *endless)
    wait_for(lambda: checkpoints(path), started[0], 100)
    time.sleep(random.uniform(0, 1))
    started[victim].send_signal(how)
    lost = time.monotonic()
    try:
        _, err = started[1 - victim].communicate(timeout=90)
    finally:
        started[victim].kill()
        started[victim].communicate()
    assert time.monotonic() - lost < processes.HEARTBEAT + 40
    assert started[1 - victim].returncode != 0
    signs = ("another process of this run has ended", "another task died", "heartbeat")
    assert any(sign in err for sign in signs), err
    total = checkpoints(path)[-1] + 3
    done = tejax_process("resume", path, "--generations", total, "--json")
    assert done.returncode == 0, done.stderr
    assert bits(done.stdout) == fingerprints(evolve(tiny(generations=total)))


@pytest.mark.long
def test_others_that_do_not_come_are_waited_for_only_so_long(tmp_path):
    place = f"127.0.0.1:{free_port()}"
    alone = start(*RUN, *("--coordinator", place, "--process-id", 0, "--processes", 2, "--wait", 5))
    began = time.monotonic()
    _, err = alone.communicate(timeout=120)
    assert alone.returncode != 0
    assert time.monotonic() - began < 100
    assert "did not find each other" in err or "timed out" in err.lower() or "DEADLINE_EXCEEDED" in err
