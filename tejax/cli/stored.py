"""The experiment that a run directory was made for."""

from pathlib import Path

from tejax import runs
from tejax.config import Experiment
from tejax.errors import refuse

__all__ = ["best_file", "stored"]


def stored(directory: Path) -> Experiment:
    """The experiment in a run's config.json.

    Raises InputError where there is no run, where its config is damaged, and for a run of the library that does not
    say what it was made of.
    """
    experiment = runs.read_config(directory).get("experiment")
    if experiment is None:
        refuse(f"{directory / 'config.json'}: names no experiment; go on where the run was started, with tejax.evolve")
    return Experiment.from_json(experiment, f"{directory / 'config.json'}: experiment")


def best_file(path: Path) -> Path:
    """The best network of a run directory, or the file that `path` is. Raises InputError where a run has none yet."""
    if not path.is_dir():
        return path
    file = path / "best.safetensors"
    if not file.is_file():
        refuse(f"{path}: has no best.safetensors yet; finish the run with `tejax resume {path}`")
    return file
