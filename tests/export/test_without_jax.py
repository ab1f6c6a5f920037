"""A network from its file, in NumPy alone."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import text_without_jax, without_jax
from tejax import export, networks
from tejax.tasks._language import to_trits
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


@pytest.mark.parametrize(
    "options",
    first_quick(
        [
            {"context": 3, "fade": 2, "threshold": 20},
            {"context": 1, "bias": 0},
            {"context": 2, "fade": 7, "step_size": 127, "weight": 1},
        ],
        2,
    ),
    ids=str,
)
def test_numpy_alone_reads_bytes_as_step_does(tmp_path, options):
    network = networks.ByteRecurrent((8, 37, 256), **options)
    genome = random_genome(network)
    export.save(tmp_path / "net.safetensors", network, genome)
    note, trits = text_without_jax.load(tmp_path / "net.safetensors")
    spec, step, wanted = note["network"], jax.jit(network.step), network.init_state()
    state = text_without_jax.begin(spec)
    for byte in np.random.default_rng(4).integers(0, 256, 40).astype(np.uint8):
        state, outputs = text_without_jax.step(spec, trits, state, byte)
        wanted, answers = step(genome, wanted, to_trits(jnp.asarray(byte)))
        np.testing.assert_array_equal(outputs, answers)
        np.testing.assert_array_equal(state[0][: network.context - 1], wanted.bytes)
        np.testing.assert_array_equal(state[1], wanted.traces)


def alone(script, *arguments, cwd):
    """What a script prints where there is neither JAX nor tejax."""
    without = "import sys; sys.modules['jax'] = sys.modules['tejax'] = None; import runpy; sys.argv = sys.argv[1:]; "
    command = [sys.executable, "-c", without + "runpy.run_path(sys.argv[0], run_name='__main__')", script.__file__]
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, cwd=cwd)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_a_text_goes_on_where_there_is_no_jax(tmp_path):
    network, path = networks.ByteRecurrent((8, 5, 256)), tmp_path / "net.safetensors"
    export.save(path, network, random_genome(network), {"temperature": [8, 1]})
    said = alone(text_without_jax, path, "def ", 9, cwd=tmp_path)
    assert said == b"def " + bytes(int(byte) for byte in text_without_jax.generate(path, b"def ", 9))


def test_the_numpy_example_runs_where_there_is_no_jax(tmp_path):
    network = networks.MLP((6, 5, 2))
    genome, x = random_genome(network), np.random.default_rng(3).integers(-1, 2, (4, 6)).astype(np.int8)
    export.save(tmp_path / "net.safetensors", network, genome)
    np.save(tmp_path / "x.npy", x)
    said = alone(without_jax, tmp_path / "net.safetensors", tmp_path / "x.npy", cwd=tmp_path)
    shown = [[int(number) for number in line.split()] for line in said.decode().splitlines()]
    np.testing.assert_array_equal(shown, jax.jit(network.apply)(genome, x))
