"""One source for C and C++, for every compiler at hand, for any number of networks, for a part with 2 KB of RAM."""

import itertools

import jax
import numpy as np
import pytest

from tejax import export, networks
from tejax.tasks.datasets.encoding import fit
from tests.export.c.programs import STRICT, answers, needs, perceptron, shell, simulated, trits
from tests.export.test_packed import random_genome
from tests.helpers import first_quick

RNG = np.random.default_rng(4)
PLAIN = networks.MLP((33, 32, 31, 7), dead_zone=0.5)
FLASH, RAM = 32 * 1024, 2 * 1024  # bytes of an ATmega328P
SMALL = 4096  # bytes that a digits network may take
CXX = (
    "-Wno-long-long",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Werror",
    "-x",
    "c++",
)
EVERY_KIND = [  # name, network, encoding
    ("mlp", PLAIN, None),
    ("linear", networks.MLP((5, 3), bias=300), fit(RNG.normal(size=(50, 5)), 1)),
    ("levels", networks.MLP((5, 6, 2), levels=4), fit(RNG.normal(size=(50, 5)), 4, "levels", placement="quantile")),
    ("elman", networks.Recurrent((4, 40, 3)), fit(RNG.normal(size=(50, 2)), 2, "thermometer")),
    ("gated", networks.Recurrent((35, 3, 1), gated=True, bias=0), None),
    ("conv", networks.Conv((2, 6, 7), (3, 4), kernel=2, pool=1, stride=2), None),
    ("reader", networks.ByteRecurrent((8, 33, 7), context=2, fade=2), None),
]


def write(folder, names=None):
    """The sources of all kinds, and how one calls each."""
    calls = []
    for name, network, encoding in EVERY_KIND:
        if names is None or name in names:
            export.save_c(folder / f"{name}.c", network, random_genome(network), name, encoding)
            seen = {networks.Recurrent: "x", networks.ByteRecurrent: "(uint8_t)(x[0] + 'a')"}.get(type(network))
            memory = f"{{ {name}_state s; {name}_reset(&s); {name}_step(&s, {seen}, y); }}"
            calls.append(f"{name}(x, y);" if seen is None else memory)
    return calls


def main(calls, headers):
    """A program that calls everything, and says the sum of what it answers."""
    includes = "".join(f'#include "{header}"\n' for header in headers)
    asked = " for (i = 0; i < 7; i++) sum += y[i]; ".join([*calls, ""])
    return f"""#include <stdio.h>
{includes}int main(void)
{{
    static int8_t x[200];
    static int32_t y[10];
    int i;
    long sum = 0;
    {asked}
    for (i = 0; i < 200; i++) x[i] = 1;
    {asked}
    printf("%ld\\n", sum);
    return 0;
}}
"""


@needs("gcc", "g++")
@pytest.mark.parametrize("standard", first_quick(["c++11", "c++17", "c++20", "c++98"]))
def test_a_program_in_cpp_links_with_source_compiled_as_either(tmp_path, standard):
    calls = write(tmp_path)
    names = [name for name, _, _ in EVERY_KIND]
    (tmp_path / "main.cpp").write_text(main(calls, [f"{name}.h" for name in names]))
    (tmp_path / "main.c").write_text(main(calls, [f"{name}.h" for name in names]))
    said = []
    for compiler, options in (("gcc", STRICT), ("g++", (f"-std={standard}", *CXX))):
        for name in names:
            shell(tmp_path, compiler, *options, "-c", f"{name}.c", "-o", f"{name}.o")
        objects = [f"{name}.o" for name in names]
        shell(tmp_path, "g++", f"-std={standard}", "main.cpp", *objects, "-o", "net")
        said.append(shell(tmp_path, "./net"))
        shell(tmp_path, "gcc", "-std=c99", "main.c", *objects, "-o", "net")
        said.append(shell(tmp_path, "./net"))
    assert len(set(said)) == 1


@needs("gcc", "g++")
def test_all_networks_are_one_unit(tmp_path):
    calls = write(tmp_path)
    names = [name for name, _, _ in EVERY_KIND]
    together = main(calls, [f"{name}.c" for name in names])
    (tmp_path / "all.c").write_text(together)
    shell(tmp_path, "gcc", *STRICT, "all.c", "-o", "c")
    shell(tmp_path, "g++", "-std=c++17", *CXX, "all.c", "-o", "cpp")
    assert shell(tmp_path, "./c") == shell(tmp_path, "./cpp")
    (tmp_path / "apart.c").write_text(main(calls, [f"{name}.h" for name in names]))
    shell(tmp_path, "gcc", "-std=c99", "apart.c", *(f"{name}.c" for name in names), "-o", "apart")
    assert shell(tmp_path, "./apart") == shell(tmp_path, "./c")


@needs("gcc")
def test_names_that_differ_by_what_the_files_add_are_one_unit(tmp_path):
    names = ["net", "netw", "net1", "nets", "Net", "a", "b", "w", "trits", "dot_net", "net_w0", "net_b", "net_dot"]
    network = networks.MLP((3, 4, 2))
    for name, seed in zip(names, itertools.count()):
        export.save_c(tmp_path / f"{name}_.c", network, random_genome(network, seed), name)
    calls = [f"{name}(x, y);" for name in names]
    (tmp_path / "all.c").write_text(main(calls, [f"{name}_.c" for name in names]))
    shell(tmp_path, "gcc", *STRICT, "all.c", "-o", "c")
    shell(tmp_path, "./c")


@needs("gcc")
def test_names_that_differ_in_case_link(tmp_path):
    network = networks.MLP((3, 4, 2))
    for file, name in (("first", "net"), ("second", "Net"), ("third", "neT")):
        export.save_c(tmp_path / f"{file}.c", network, random_genome(network), name)
    calls = ["net(x, y);", "Net(x, y);", "neT(x, y);"]
    (tmp_path / "main.c").write_text(main(calls, ["first.h", "second.h", "third.h"]))
    shell(tmp_path, "gcc", *STRICT, "main.c", "first.c", "second.c", "third.c", "-o", "net")


@pytest.mark.parametrize(
    ("compiler", "options"),
    [
        pytest.param("clang", (*STRICT, "-O2"), marks=needs("clang")),
        pytest.param("tcc", ("-Wall", "-Werror"), marks=needs("tcc")),
        pytest.param("gcc", (*STRICT, "-O3"), marks=needs("gcc")),
    ],
)
def test_any_compiler_gives_the_same(tmp_path, compiler, options):
    genome, x = random_genome(PLAIN), trits(50, 33)
    said = answers(tmp_path, PLAIN, genome, x, *options, compiler=compiler)
    np.testing.assert_array_equal(said, perceptron(PLAIN, genome, x))


@needs("clang")
def test_a_compiler_whose_int_has_16_bits_warns_of_nothing(tmp_path):
    write(tmp_path)
    for name, _, _ in EVERY_KIND:
        shell(tmp_path, "clang", "--target=msp430", "-ffreestanding", *STRICT, "-fsyntax-only", f"{name}.c")


@needs("avr-gcc", "avr-g++")
@pytest.mark.parametrize("name", first_quick([name for name, _, _ in EVERY_KIND], 2))
def test_an_avr_keeps_the_constants_in_flash(tmp_path, name):
    write(tmp_path, [name])
    warnings = ("-mmcu=atmega328p", "-Os", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")
    for compiler in (("avr-gcc", "-std=c99"), ("avr-g++", "-std=c++11", "-x", "c++")):
        shell(tmp_path, *compiler, *warnings, "-c", f"{name}.c", "-o", "net.o")
        _, data, bss = map(int, shell(tmp_path, "avr-size", "net.o").decode().splitlines()[1].split()[:3])
        assert data == bss == 0, compiler


@needs("avr-gcc", "simavr")
def test_a_perceptron_of_64_128_10_runs_on_an_atmega328p(tmp_path):
    network = networks.MLP((64, 128, 10), dead_zone=0.3)
    genome, x = random_genome(network), trits(5, 64)
    export.save_c(tmp_path / "net.c", network, genome)
    said, flash, ram = simulated(tmp_path, 64, 10, x)
    np.testing.assert_array_equal(said, perceptron(network, genome, x))
    assert flash < FLASH / 8
    assert ram == 0


@needs("avr-gcc", "simavr")
def test_biases_of_four_bytes_are_read_from_flash(tmp_path):
    network = networks.MLP((7, 5, 2), bias=300)
    genome, x = random_genome(network), trits(5, 7)
    genome = (genome[0]._replace(bias=-np.ones((5, 300), np.int8)), genome[1]._replace(bias=np.ones((2, 300), np.int8)))
    export.save_c(tmp_path / "net.c", network, genome)
    np.testing.assert_array_equal(simulated(tmp_path, 7, 2, x)[0], perceptron(network, genome, x))


@needs("avr-gcc", "simavr")
def test_a_memory_runs_on_an_atmega328p(tmp_path):
    network = networks.Recurrent((5, 40, 3), gated=True, ticks=2)
    genome, x = random_genome(network), trits(6, 5)
    export.save_c(tmp_path / "net.c", network, genome)
    state, call = "network_state state; network_reset(&state);", "network_step(&state, x, y);"
    said, _, ram = simulated(tmp_path, 5, 3, x, state=state, call=call)
    np.testing.assert_array_equal(said, jax.jit(network.apply)(genome, x))
    assert ram == 0


@needs("avr-gcc")
def test_more_constants_than_an_avr_reads_are_said_so(tmp_path):
    network = networks.MLP((128, 1100, 1100, 2))
    export.save_c(tmp_path / "net.c", network, random_genome(network))
    with pytest.raises(AssertionError, match="bytes of constants, an AVR's short instructions reach 65536 at most"):
        shell(tmp_path, "avr-gcc", "-std=c99", "-mmcu=atmega2560", "-c", "net.c")


@needs("gcc", "size", "nm")
@pytest.mark.parametrize("hidden", first_quick([64, 48]))
def test_a_digits_network_fits_in_4_kib(tmp_path, hidden):
    network = networks.MLP((128, hidden, 10))
    export.save_c(tmp_path / "net.c", network, random_genome(network))
    shell(tmp_path, "gcc", "-std=c99", "-Os", "-c", "net.c")
    text, data, bss = map(int, shell(tmp_path, "size", "net.o").decode().splitlines()[1].split()[:3])
    assert text <= SMALL
    assert data == bss == 0, "weights belong in read-only memory, and nothing is kept between calls"
    symbols = shell(tmp_path, "nm", "-u", "net.o").decode().split()
    assert not [name for name in symbols if name not in ("U", "_GLOBAL_OFFSET_TABLE_")], "no library"
