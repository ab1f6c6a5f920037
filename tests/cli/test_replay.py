"""`tejax replay`: the policy of a run as an animation."""

import json

import jax
import pytest
from PIL import Image

from tejax import export, networks
from tejax.core import records
from tejax.registry import TASKS


def policy(path, choice):
    """A random network in a file of its own, with the task that it is for."""
    task = TASKS.make(choice)
    network = networks.MLP((task.features, 3, task.outputs))
    plain = {"name": choice.name, **records.to_plain(choice.options)}
    export.save(path, network, network.init(jax.random.key(0)), {"task": plain})
    return path


def test_the_command_writes_a_small_file(command, tmp_path):
    pytest.importorskip("gymnax")
    choice = TASKS.choose("control", trits=1, steps=5, eval_episodes=3)
    file = policy(tmp_path / "policy.safetensors", choice)
    code, out, _ = command("replay", file, "--frames", 4, "--episode", 2, "--json")
    answer = json.loads(out)
    assert (code, answer["file"], answer["steps"]) == (0, str(tmp_path / "policy.gif"), 5)
    assert answer["return"] == 5
    with Image.open(answer["file"]) as picture:
        assert picture.n_frames == 3  # steps 1, 3 and 5
    assert answer["bytes"] < 500_000 * 4 / 120
    code, out, _ = command("replay", file, "--out", tmp_path / "policy.html", "--frames", 2)
    assert code == 0
    assert "CartPole-v1: 5 steps, return 5" in (tmp_path / "policy.html").read_text()


def test_only_control_can_be_replayed(command, tmp_path):
    file = policy(tmp_path / "policy.safetensors", TASKS.choose("parity", n=3))
    code, _, err = command("replay", file)
    assert code == 2
    assert err == "tejax: task must be one of control, which acts in an environment: got task=TruthTable\n"
