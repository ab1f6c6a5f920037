"""The wheel, installed into a fresh environment, works outside the checkout."""

import json
import os
import re
import shutil
import site
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import tejax

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.long


def run(*command, cwd):
    """A command that knows nothing of the checkout; its output, or a failure that shows it."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "XLA_FLAGS")}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of what is in the checkout, so that nothing is left there and no old build gets in."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "tejax", source / "tejax", ignore=shutil.ignore_patterns("__pycache__"))
    # without isolation no package index is asked, if the setuptools that is here can read our pyproject.toml
    alone = ["--no-isolation"] if int(version("setuptools").split(".")[0]) >= 77 else []
    command = [sys.executable, "-m", "build", "--wheel", *alone, "--outdir", source / "dist", source]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode and not alone and "No matching distribution found for setuptools" in done.stdout + done.stderr:
        pytest.skip("a wheel needs setuptools 77 or newer, and no package index can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    return next((source / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The bin folder of a fresh environment with the wheel; what tejax depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    own = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd="/").strip())
    # a path in a .pth file is searched, but its own .pth files, such as that of an editable tejax, are not read
    (own / "borrowed.pth").write_text("".join(f"{path}\n" for path in site.getsitepackages()))
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd="/")
    return folder / "bin"


def test_what_is_in_the_wheel(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tejax").rglob("*.py")}
    sources = {
        path.relative_to(ROOT).as_posix()
        for folder, endings in (
            ("engines/native", ("cc", "h")),
            ("engines/cuda", ("cu", "h")),
            ("engines/cuda/perceptron", ("cu", "h")),
            ("export/c", ("c", "h", "txt")),
        )
        for ending in endings
        for path in (ROOT / "tejax" / folder).glob(f"*.{ending}")
    }
    assert len(sources) > 10
    assert names >= wanted | sources | {"tejax/py.typed"}
    assert {name.split("/")[0] for name in names} == {"tejax", f"tejax-{version('tejax')}.dist-info"}


def test_the_commands_work_from_another_folder(installed, tmp_path):
    place = run(installed / "python", "-c", "import tejax; print(tejax.__file__)", cwd=tmp_path).strip()
    assert Path(place).is_relative_to(installed.parent)
    assert Path(place) != Path(tejax.__file__)
    about = json.loads(run(installed / "tejax", "doctor", "--json", cwd=tmp_path))
    assert about["tejax"] == version("tejax")
    tiny = ("--population", 8, "--elites", 1, "--generations", 2)
    done = json.loads(run(installed / "tejax", "evolve", "xor", *tiny, "--out", "run", "--json", cwd=tmp_path))
    assert done["generations"] == 2
    assert (tmp_path / "run" / "best.safetensors").is_file()
    for command in (("evaluate", "run"), ("report", "run"), ("export", "run", "--out", "net.c"), ("resume", "run")):
        run(installed / "tejax", *command, cwd=tmp_path)
    swept = ("sweep", "xor", *tiny, "--seeds", 2, "--rates", "mutation_rate=0.1,0.2", "--out", "swept")
    run(installed / "tejax", *swept, cwd=tmp_path)
    searched = ("--task", "xor", "--trials", 2, "--set", "schedule.generations=2", "strategy.population=8")
    space = ("strategy.elites=1,2",)
    run(installed / "tejax", "search", "found", *searched, "--search", *space, cwd=tmp_path)
    assert len(json.loads((tmp_path / "found" / "table.json").read_text())) == 2


def of_the_checkout(file):
    """Whether a file of tests imports experiments, or reads what is not in a wheel."""
    return bool(re.search(r"^from experiments|parents\[", file.read_text(), re.MULTILINE))


def test_the_quick_tests_pass_against_it(installed, tmp_path):
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    files = sorted(file for file in (ROOT / "tests").rglob("test_*.py") if not of_the_checkout(file))
    assert len(files) > 50
    pytest_ = ("-m", "pytest", "-q", "-m", "not long", "-p", "no:cacheprovider")
    out = run(installed / "python", *pytest_, *(file.relative_to(ROOT) for file in files), cwd=tmp_path)
    assert " passed" in out
    assert "failed" not in out
