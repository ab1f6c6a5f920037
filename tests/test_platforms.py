"""tejax where a user has no home, no name and no caches, and where a platform lacks what POSIX has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tejax

ROOT = Path(tejax.__file__).parent.parent


def python(code, tmp_path, **environment):
    """Run a program in a process of its own that has no home; None takes a variable away."""
    dropped = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "USERPROFILE", "CXX"))
    env = {**os.environ, **dropped, "PYTHONPATH": str(ROOT), "TEJAX_NATIVE": "no", **environment}
    env = {name: value for name, value in env.items() if value is not None}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


RUN = """
import jax, tejax
from tejax import networks, runs
from tests.helpers import evolve, tiny
networks.MLP((3, 2))
run = tejax.Run("run")
evolve(tiny(generations=2), run=run)
run.close()
with runs.lock.Lock(run.path): pass
"""
COMMAND = """
from tejax.cli import main
main("evolve parity --n 3 --hidden 4 --population 16 --generations 2 --out run --json".split())
"""
NAMELESS = """
import pwd
def unknown(name): raise KeyError(name)
pwd.getpwuid = pwd.getpwnam = unknown
"""
WITHOUT = """
import sys
for name in ("fcntl", "pwd", "resource", "grp", "termios"): sys.modules[name] = None
import importlib, pkgutil, tejax
for module in pkgutil.walk_packages(tejax.__path__, "tejax."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            assert error.name in ("optuna", "flax", "optax", "sqlalchemy", "gymnax", "evosax"), (module.name, error)
"""


HOMES = [None, "/proc/nonexistent", "", "/etc/passwd", "/proc"]


def test_a_user_without_a_home_does_without_caches(tmp_path):
    python(NAMELESS + RUN, tmp_path)
    assert (tmp_path / "run" / "checkpoints").is_dir()


@pytest.mark.long
@pytest.mark.parametrize("home", HOMES)
def test_a_command_says_nothing_of_a_home_that_is_not_there(tmp_path, home):
    done = python(NAMELESS + COMMAND, tmp_path, HOME=home, JAX_COMPILATION_CACHE_DIR=None)
    assert [line for line in done.stderr.splitlines() if line.startswith("tejax: ")] == []
    assert "Warning" not in done.stderr
    assert (tmp_path / "run" / "best.safetensors").is_file()


def test_a_platform_without_the_modules_of_posix(tmp_path):
    python(WITHOUT + RUN, tmp_path, HOME=str(tmp_path))
    assert (tmp_path / "run" / "checkpoints").is_dir()
