"""The experiment that a run directory was made for, and its best network."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

from tejax import engines, runs
from tejax.cli.parts import load_operator
from tejax.errors import refuse
from tejax.runs import Experiment

__all__ = ["best_file", "load_experiment"]

logger = logging.getLogger("tejax")


def load_experiment(directory: Path, operators: Sequence[str] = ()) -> Experiment:
    """The experiment in a run's config.json.

    Args:
        directory: of the run.
        operators: MODULE:NAME of those of the run that are not tejax's own.

    Raises:
        InputError: where there is no run, where its config is damaged, for a run of the library that does not say what
            it was made of, and for one with foreign parts that have not been named again.
    """
    for name in operators:
        load_operator(name)
    experiment = runs.read_config(directory).get("experiment")
    if experiment is None:
        refuse(f"{directory / 'config.json'}: names no experiment; go on where the run was started, with tejax.evolve")
    return _with_engine(Experiment.from_json(experiment, f"{directory / 'config.json'}: experiment"))


def _with_engine(experiment: Experiment) -> Experiment:
    """The experiment, with `auto` for an engine that cannot be used here: it changes no result."""
    name = experiment.network.options.get("engine")
    if name not in engines.ENGINES or engines.status(name) == "ready":
        return experiment
    logger.warning("the %s engine of this run is %s; auto takes its place", name, engines.status(name))
    return dataclasses.replace(experiment, network=experiment.network.replace(engine="auto"))


def best_file(path: Path) -> Path:
    """The best network of a run directory, or the file that `path` is. Raises InputError where a run has none yet."""
    if not path.is_dir():
        return path
    file = path / "best.safetensors"
    if file.is_symlink():
        refuse(f"{file}: is a link, and a run directory holds none; name the file that is meant")
    if not file.is_file():
        refuse(f"{path}: has no best.safetensors yet; finish the run with `tejax resume {path}`")
    return file
