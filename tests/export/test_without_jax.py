"""A network from its file, in NumPy alone."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments import without_jax
from tejax import export, networks
from tests.export.test_packed import random_genome
from tests.helpers import first_quick


def inputs_of(network):
    least, most = network.input_range
    return np.random.default_rng(2).integers(least, most + 1, (30, network.features[0]), np.int8)


@pytest.mark.parametrize("options", first_quick([{"dead_zone": 0.5, "bias": 3, "levels": 6}, {}, {"bias": 0}]), ids=str)
def test_numpy_alone_gives_the_same_outputs(tmp_path, options):
    network = networks.MLP((21, 9, 13, 4), **options)
    genome, x = random_genome(network), inputs_of(network)
    export.save(tmp_path / "net.safetensors", network, genome)
    outputs = without_jax.apply(without_jax.load(tmp_path / "net.safetensors"), x)
    np.testing.assert_array_equal(outputs, jax.jit(network.apply)(genome, x))


def test_the_numpy_example_runs_where_there_is_no_jax(tmp_path):
    network = networks.MLP((6, 5, 2))
    genome, x = random_genome(network), np.random.default_rng(3).integers(-1, 2, (4, 6)).astype(np.int8)
    export.save(tmp_path / "net.safetensors", network, genome)
    np.save(tmp_path / "x.npy", x)
    script = Path(without_jax.__file__)
    without = "import sys; sys.modules['jax'] = sys.modules['tejax'] = None; import runpy; sys.argv = sys.argv[1:]; "
    command = [sys.executable, "-c", without + "runpy.run_path(sys.argv[0], run_name='__main__')", script]
    done = subprocess.run(
        [*command, tmp_path / "net.safetensors", tmp_path / "x.npy"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    shown = [[int(number) for number in line.split()] for line in done.stdout.splitlines()]
    np.testing.assert_array_equal(shown, jax.jit(network.apply)(genome, x))
