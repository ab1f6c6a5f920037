"""What a hard world does to a run: kills, damaged files, full and read-only disks, other versions."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

import tejax
from tejax.errors import InputError
from tests.helpers import TINY, checkpoints, evolve, fingerprints, start, tejax_process, tiny, wait_for

TOTAL = 60


def options(path, total=TOTAL):
    """A run that spends nearly all of its time in writing checkpoints."""
    return ["evolve", *TINY, "--generations", total, "--chunk", 1, "--checkpoint-every", 0, "--out", path]


def kill(path, arguments, *, during_write, delay=0.0):
    """Start or resume a run and SIGKILL it; whether it was still alive then."""
    known = set(checkpoints(path))
    process = start(*arguments)
    wait_for(lambda: set(checkpoints(path)) - known, process)
    time.sleep(delay)
    if during_write:
        wait_for(lambda: list((path / "checkpoints").glob("*tmp*")), process)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive


def finish(path, total):
    """Resume to the end; the run must not differ from one that was never interrupted."""
    done = tejax_process("resume", path, "--generations", total, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    experiment = tiny(generations=total, chunk=1, checkpoint_every=0.0)
    assert (answer["state"], answer["best"]) == fingerprints(evolve(experiment))
    generations = [json.loads(line)["generation"] for line in (path / "metrics.jsonl").read_text().splitlines()]
    assert generations == list(range(1, total + 1))


def test_killed_and_resumed_is_the_same_as_uninterrupted(tmp_path):
    path = tmp_path / "run"
    assert kill(path, options(path), during_write=True)
    assert list((path / "checkpoints").glob("*tmp*")), "the kill was to tear a checkpoint"
    kill(path, ["resume", path], during_write=False, delay=random.uniform(0, 0.5))
    finish(path, TOTAL)


@pytest.mark.long
def test_fifty_random_kills_lose_nothing_but_the_work_since_the_last_checkpoint(tmp_path):
    path, seed = tmp_path / "run", int(os.environ.get("TEJAX_SEED", "0"))
    dice = random.Random(seed)
    for number in range(50):
        saved = checkpoints(path)
        arguments = ["resume", path] if saved else options(path, 100_000)
        assert kill(path, arguments, during_write=dice.random() < 0.5, delay=dice.uniform(0, 0.5))
        where = f"kill {number}, TEJAX_SEED={seed}"
        assert checkpoints(path)[-1] > max(saved, default=0), where
        told = [line["generation"] for line in tejax.Run(path).metrics]
        assert told == list(range(1, len(told) + 1)), where
        assert len(told) >= checkpoints(path)[-1], where
    finish(path, checkpoints(path)[-1] + 3)


@pytest.mark.long
def test_killed_at_any_moment_from_the_first_instruction_on(tmp_path):
    """Also before there is a directory, a config or a checkpoint."""
    path = tmp_path / "run"
    for delay in (0.3, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0):
        resumable = (path / "config.json").exists()
        process = start(*(["resume", path] if resumable else options(path, 100)))
        time.sleep(delay)
        process.kill()
        process.communicate()
    if not (path / "config.json").exists():
        assert tejax_process(*options(path, 100)).returncode == 0
    finish(path, 100)


def test_ctrl_c_saves_says_how_to_resume_and_exits_130(tmp_path):
    path = tmp_path / "run"
    process = start(*options(path, 100_000))
    wait_for(lambda: checkpoints(path), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    last = json.loads((path / "metrics.jsonl").read_text().splitlines()[-1])["generation"]
    assert f"stopped at generation {last}; go on with `tejax resume {path}`" in out
    assert "Traceback" not in err
    assert checkpoints(path)[-1] == last


def test_a_directory_takes_one_writer_at_a_time(tmp_path):
    path = tmp_path / "run"
    process = start(*options(path, 100_000))
    wait_for(lambda: checkpoints(path), process)
    experiment = tiny(generations=100_000, chunk=1, checkpoint_every=0.0)
    for second in (lambda: evolve(experiment, run=tejax.Run(path)), lambda: tejax.runs.prepare(path, overwrite=True)):
        with pytest.raises(InputError, match="another process is writing to it") as refusal:
            second()
        assert str(path) in str(refusal.value)
    process.kill()
    process.communicate()
    keeper = tejax.Run(path)
    evolve(experiment, run=keeper, callback=lambda progress: True)  # the lock went with the process
    keeper.close()


# damaged files


@pytest.fixture
def run(tmp_path):
    """A run with checkpoints of generations 8 and 12 of 12."""
    experiment = tiny(generations=12, chunk=4, checkpoint_every=0.0)
    path = tmp_path / "run"
    keeper = tejax.Run(path, experiment.to_json(), checkpoint_every=0)
    evolve(experiment, run=keeper)
    keeper.close()
    assert checkpoints(path) == [8, 12]
    return path, experiment


def contents(path):
    """The files of a folder, the large ones first."""
    return sorted((each for each in path.rglob("*") if each.is_file()), key=lambda file: -file.stat().st_size)


def damage(path, how):
    for file in contents(path):
        data = file.read_bytes()
        if how == "cut":
            file.write_bytes(data[: len(data) // 2])
        elif how == "empty":
            file.write_bytes(b"")
        elif how == "noise":
            file.write_bytes(os.urandom(len(data)))
        elif how == "gone":
            file.unlink()


@pytest.mark.parametrize("how", ["cut", "empty", "noise", "gone"])
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(run, caplog, how):
    path, experiment = run
    damage(path / "checkpoints" / "12", how)
    keeper = tejax.Run(path, experiment.to_json())
    assert fingerprints(evolve(experiment, run=keeper)) == fingerprints(evolve(experiment))
    (record,) = [record for record in caplog.records if record.name == "tejax"]
    message = record.getMessage()
    assert str(path / "checkpoints" / "12") in message
    assert "going on from generation 8" in message
    assert "\n" not in message
    assert checkpoints(path) == [8, 12]


@pytest.mark.long
def test_damage_to_any_single_file_of_a_checkpoint_is_survived(run):
    path, experiment = run
    sound = path.with_name("sound")
    shutil.copytree(path, sound)
    wanted = fingerprints(evolve(experiment))
    for number, file in enumerate(contents(sound / "checkpoints" / "12")):
        for change in (lambda data: data[: len(data) // 2], lambda data: bytes(byte ^ 255 for byte in data)):
            copy = path.with_name(f"copy{number}")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(sound, copy)
            target = copy / file.relative_to(sound)
            target.write_bytes(change(target.read_bytes()))
            keeper = tejax.Run(copy, experiment.to_json())
            assert fingerprints(evolve(experiment, run=keeper)) == wanted, file
            keeper.close()


def test_damage_everywhere_is_an_error_in_one_line(run):
    path, experiment = run
    for generation in (8, 12):
        damage(path / "checkpoints" / str(generation), "cut")
    with pytest.raises(InputError) as refusal:
        evolve(experiment, run=tejax.Run(path, experiment.to_json()))
    message = str(refusal.value)
    assert str(path / "checkpoints" / "12") in message
    assert "no older checkpoint" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged"),
        ('{"format": 4, "tejax": "0.1', "damaged"),
        ("[]", "not the config of a tejax run"),
        ("{}", "not the config of a tejax run"),
        ('{"format": 1, "tejax": "0.1.0"}', "run format 1, but this tejax reads format 4"),
        ('{"format": 2, "tejax": "0.1.0"}', "run format 2, but this tejax reads format 4"),
        ('{"format": 4, "tejax": "0.0.9"}', "made by tejax 0.0.9"),
        ('{"format": 4, "tejax": "7.1.0"}', "made by tejax 7.1.0"),
    ],
)
def test_a_foreign_or_damaged_config_is_refused_in_one_line(run, text, words):
    path, experiment = run
    (path / "config.json").write_text(text)
    with pytest.raises(InputError) as refusal:
        evolve(experiment, run=tejax.Run(path, experiment.to_json()))
    message = str(refusal.value)
    assert str(path / "config.json") in message
    assert words in message
    assert "\n" not in message


def test_a_patch_version_may_differ(run):
    path, experiment = run
    config = json.loads((path / "config.json").read_text())
    major, minor, _ = config["tejax"].split(".")
    (path / "config.json").write_text(json.dumps({**config, "tejax": f"{major}.{minor}.99"}))
    assert evolve(experiment, run=tejax.Run(path, experiment.to_json())).generations == 12


# disks


@contextmanager
def small_disk(path, size):
    """A tmpfs of `size` bytes at `path`; the test is skipped where mounting is not permitted."""
    path.mkdir()
    mount = shutil.which("mount")
    done = (
        subprocess.run([mount or "mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(path)], check=False)
        if mount
        else None
    )
    if done is None or done.returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_is_an_error_in_one_line_and_the_older_checkpoint_stays(tmp_path):
    disk = tmp_path / "disk"
    experiment = tiny(generations=8, chunk=4, checkpoint_every=0.0)
    with small_disk(disk, 512 * 1024):
        path = disk / "run"
        keeper = tejax.Run(path, experiment.to_json(), checkpoint_every=0)
        evolve(experiment, run=keeper, callback=lambda progress: True)
        assert checkpoints(path) == [4]
        filler = disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with pytest.raises(InputError) as refusal:
            evolve(experiment, run=keeper)
        message = str(refusal.value)
        assert str(path) in message
        assert "\n" not in message
        keeper.close()
        assert checkpoints(path) == [4]
        filler.unlink()
        result = evolve(experiment, run=tejax.Run(path, experiment.to_json()))
    assert fingerprints(result) == fingerprints(evolve(experiment))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_read_only_place_is_an_error_in_one_line(capsys):
    experiment = tiny(generations=4)
    with pytest.raises(InputError) as refusal:
        evolve(experiment, run=tejax.Run("/proc/run", experiment.to_json()))
    assert "/proc/run: cannot be written" in str(refusal.value)


def test_a_run_that_becomes_read_only_is_an_error_in_one_line(run):
    path, _ = run
    longer = tiny(generations=20, chunk=4, checkpoint_every=0.0)
    if os.geteuid() == 0:
        done = subprocess.run(["mount", "--bind", "-r", str(path), str(path)], check=False, capture_output=True)
        if done.returncode:
            pytest.skip("root may write anywhere, and mounting is not permitted here")
    else:
        path.chmod(0o500)
    try:
        with pytest.raises(InputError) as refusal:
            evolve(longer, run=tejax.Run(path))
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", str(path)], check=True)
        else:
            path.chmod(0o700)
    message = str(refusal.value)
    assert str(path) in message
    assert "\n" not in message
    assert checkpoints(path) == [8, 12]
