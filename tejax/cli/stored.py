"""The experiment that a run directory was made for."""

from pathlib import Path

from tejax import runs
from tejax.config import Experiment
from tejax.errors import refuse

__all__ = ["stored"]


def stored(directory: Path) -> Experiment:
    """The experiment in a run's config.json.

    Raises InputError where there is no run, where its config is damaged, and for a run of the library that does not
    say what it was made of.
    """
    experiment = runs.read_config(directory).get("experiment")
    if experiment is None:
        refuse(f"{directory / 'config.json'}: names no experiment; go on where the run was started, with tejax.evolve")
    return Experiment.from_json(experiment, f"{directory / 'config.json'}: experiment")
