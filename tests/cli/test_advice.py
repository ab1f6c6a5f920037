"""What usually hurts is said before it does, and nothing else."""

import dataclasses

import pytest

from tejax.cli.advice import advice
from tests.helpers import tiny


@pytest.mark.parametrize(
    ("population", "platform", "lines"), [(512, "cpu", 0), (8192, "cpu", 0), (8208, "cpu", 1), (8208, "gpu", 0)]
)
def test_a_population_for_a_gpu_is_warned_of_on_a_cpu(population, platform, lines):
    experiment = tiny()
    experiment = dataclasses.replace(experiment, strategy=experiment.strategy.replace(population=population))
    said = advice(experiment, experiment.build(), platform)
    assert len(said) == lines
    assert all(f"{population:,} individuals on a CPU" in line for line in said)
