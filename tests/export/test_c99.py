"""The C source gives what `network.apply` gives, integer for integer, under a compiler that complains of everything."""

import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments import without_jax
from tejax import export, networks, tasks
from tejax.errors import InputError
from tests.export.test_packed import random_genome
from tests.helpers import first_quick

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
FLASH = 4096  # bytes of a small microcontroller that a digits network may take
# rows of int8 from stdin, rows of int32 to stdout
MAIN = """
#include <stdio.h>
#include "net.h"

int main(void)
{
    int8_t x[NETWORK_INPUTS];
    int32_t y[NETWORK_OUTPUTS];
    while (fread(x, sizeof x, 1, stdin) == 1) {
        network(x, y);
        fwrite(y, sizeof y, 1, stdout);
    }
    return 0;
}
"""
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def compiled(folder, network, genome, *options):
    """A program that answers rows of x, made of the exported source."""
    export.save_c(folder / "net.c", network, genome)
    (folder / "main.c").write_text(MAIN)
    command = ["gcc", *STRICT, *options, "main.c", "net.c", "-o", "net"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder / "net"


def answers(program, x, outputs):
    done = subprocess.run([program], input=np.asarray(x).tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert not done.stderr, done.stderr.decode()
    return np.frombuffer(done.stdout, "<i4").reshape(-1, outputs)


@needs_gcc
@pytest.mark.parametrize("options", [("-O2",), ("-O1", "-g", "-fsanitize=address,undefined")], ids=["O2", "sanitized"])
def test_every_output_on_digits_is_that_of_apply(tmp_path, options):
    task = tasks.digits()
    network = networks.MLP((task.features, 64, task.outputs))
    genome = random_genome(network)
    program = compiled(tmp_path, network, genome, *options)
    np.testing.assert_array_equal(answers(program, task.x_test, 10), jax.jit(network.apply)(genome, task.x_test))


@needs_gcc
@pytest.mark.parametrize(
    "network",
    first_quick(
        [
            networks.MLP((1, 1), bias=0),
            networks.MLP((33, 32, 31, 7), dead_zone=0.5),
            networks.MLP((9, 4, 3), bias=300),  # sums of biases that int8_t could not hold
            networks.MLP((5, 3)),
            networks.MLP((70, 65, 2), dead_zone=1.0),
        ],
        quick=3,
    ),
    ids=str,
)
def test_any_shape(tmp_path, network):
    genome = random_genome(network)
    x = np.random.default_rng(1).integers(-1, 2, (50, network.features[0])).astype(np.int8)
    x[:3] = [[1], [-1], [0]]
    program = compiled(tmp_path, network, genome, "-O1", "-fsanitize=address,undefined")
    np.testing.assert_array_equal(answers(program, x, network.features[-1]), jax.jit(network.apply)(genome, x))


@needs_gcc
@pytest.mark.skipif(shutil.which("size") is None, reason="needs size")
@pytest.mark.parametrize("hidden", first_quick([64, 48]))
def test_a_digits_network_fits_in_4_kib(tmp_path, hidden):
    network = networks.MLP((128, hidden, 10))
    export.save_c(tmp_path / "net.c", network, random_genome(network))
    subprocess.run(["gcc", "-std=c99", "-Os", "-c", "net.c"], cwd=tmp_path, check=True)
    lines = subprocess.run(["size", "net.o"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    text, data, bss = map(int, lines.splitlines()[1].split()[:3])
    assert text <= FLASH
    assert data == bss == 0, "weights belong in read-only memory, and nothing is kept between calls"
    symbols = subprocess.run(["nm", "-u", "net.o"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert not [name for name in symbols.split() if name not in ("U", "_GLOBAL_OFFSET_TABLE_")], "no library"


def test_the_source_has_no_floats_and_no_allocation():
    network = networks.MLP((40, 33, 4))
    source = export.to_c(network, random_genome(network), "digits", "digits.h")
    for word in ("float", "double", "malloc", "math.h", "stdlib", "%d", "network"):
        assert word not in source.code.replace("a ternary network", "")
    assert "void digits(const int8_t x[40], int32_t y[4])" in source.code
    assert "DIGITS_INPUTS 40" in source.header


def test_what_c_could_not_hold_is_refused(tmp_path):
    network = networks.MLP((3, 4, 2))
    genome = random_genome(network)
    for name in ("", "2fast", "do it", "int", "main", "count", "w0", "x_t", "ä", "a" * 80, 'a"; system("'):
        with pytest.raises(InputError, match="name must be a C identifier"):
            export.to_c(network, genome, name)
    with pytest.raises(InputError, match="header must be a plain file name"):
        export.to_c(network, genome, header='x.h"\n#include "')
    with pytest.raises(InputError, match="network must be an MLP"):
        export.to_c(object(), genome)
    with pytest.raises(InputError, match="genome must be a genome of MLP"):
        export.to_c(networks.MLP((3, 5, 2)), genome)
    with pytest.raises(InputError, match="genome must be int8 values"):
        export.to_c(network, jax.tree.map(lambda leaf: leaf * np.int8(2), genome))
    wide = networks.MLP((4_700_000, 1, 1), dead_zone=1e6)  # times the root of the fan-in: more than int32_t holds
    with pytest.raises(InputError, match="dead_zone must be at most"):
        export.to_c(wide, random_genome(wide))
    with pytest.raises(InputError, match=r"path must be a file that ends in \.c"):
        export.save_c(tmp_path / "net.txt", network, genome)
    with pytest.raises(InputError, match=r"cannot be written \(No such file or directory\)"):
        export.save_c(tmp_path / "nowhere" / "net.c", network, genome)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", first_quick([{"dead_zone": 0.5, "bias": 3}, {}, {"bias": 0}]), ids=str)
def test_numpy_alone_gives_the_same_outputs(tmp_path, options):
    network = networks.MLP((21, 9, 13, 4), **options)
    genome, x = random_genome(network), np.random.default_rng(2).integers(-1, 2, (30, 21)).astype(np.int8)
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
