"""The libraries of kernels in CUDA: who builds them, for which GPU, and what is said where that cannot be."""

import os
import shlex
import shutil
import subprocess
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import networks, tasks
from tejax.core.frames import Frames
from tejax.engines import circuits, cuda, selftest
from tejax.engines.building import handlers
from tejax.engines.cuda import library
from tejax.errors import InputError

posix = pytest.mark.skipif(os.name != "posix" or shutil.which("cc") is None, reason="the compiler is a script")


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """A machine with a GPU of these capabilities, as far as the library asks; no kernel is registered."""

    def make(*capabilities):
        devices = [types.SimpleNamespace(compute_capability=each) for each in capabilities]
        monkeypatch.setattr(library.jax, "default_backend", lambda: "gpu")
        monkeypatch.setattr(library.jax, "local_devices", lambda: devices)
        library._loaded.cache_clear()

    monkeypatch.delenv("TEJAX_CUDA", raising=False)
    monkeypatch.delenv("CUDA_HOME", raising=False)
    monkeypatch.setattr(library, "USUAL", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(handlers.jax.ffi, "register_ffi_target", lambda *arguments, **more: None)
    monkeypatch.setattr(
        library, "_handlers", {name: handlers.Handlers(names, "CUDA") for name, names in library.HANDLERS.items()}
    )
    yield make
    library._loaded.cache_clear()


@pytest.fixture
def nvcc(monkeypatch, tmp_path):
    """A script that is nvcc: a C compiler that makes the functions of a kernel, and notes with what it was called."""

    def make(name, body=None):
        code = "".join(f"void {symbol}(void) {{}}\n" for symbol in library.HANDLERS[name])
        (tmp_path / "kernel.c").write_text(code)
        compiled = f"{shutil.which('cc')} -shared -fPIC -x c {shlex.quote(str(tmp_path / 'kernel.c'))} -o $out"
        script, noted = tmp_path / "cuda" / "bin" / "nvcc", shlex.quote(str(tmp_path / "called"))
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\necho "$@" >> {noted}\nfor out; do :; done\n{body or compiled}\n')
        script.chmod(0o755)
        monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
        return tmp_path / "called"

    monkeypatch.setenv(
        "PATH", os.pathsep.join(f for f in os.environ["PATH"].split(":") if not os.path.exists(f + "/nvcc"))
    )
    return make


@pytest.mark.parametrize("name", cuda.SOURCES)
def test_without_a_gpu_it_says_so(name):
    library._loaded.cache_clear()
    assert cuda.status(name) == "for GPUs only, not for a cpu"
    assert not cuda.available(name)
    assert cuda.identity(name) == ""
    assert selftest.status(f"cuda {name}") == "for GPUs only, not for a cpu"


@posix
def test_a_kernel_is_built_once_for_the_gpu_that_is_here(gpu, nvcc, tmp_path):
    called = nvcc("tissue")
    for _ in range(2):
        gpu("9.0", "9.0")
        assert cuda.status("tissue") == "ready"
    assert len(cuda.identity("tissue")) == 32
    (line,) = called.read_text().splitlines()
    assert "-gencode=arch=compute_90a,code=sm_90a" in line
    assert str(library.FOLDER / "tissue.cu") in line
    gpu("8.0")
    assert cuda.status("tissue") == "ready"
    assert "-gencode=arch=compute_80,code=sm_80" in called.read_text().splitlines()[1]
    assert len(list((tmp_path / "cache" / "tejax").glob("cuda-tissue-*.so"))) == 2


@posix
def test_another_source_compiler_or_flag_has_its_own_library(gpu, nvcc, monkeypatch, tmp_path):
    called, elsewhere = nvcc("ring"), tmp_path / "sources"
    shutil.copytree(library.FOLDER, elsewhere)
    copied = {
        name: each._replace(files=tuple(elsewhere / file.relative_to(library.FOLDER) for file in each.files))
        for name, each in library.SOURCES.items()
    }
    changes = (
        lambda: None,
        lambda: monkeypatch.setattr(library, "SOURCES", copied),
        lambda: (elsewhere / "handler.h").write_text("// changed"),
        lambda: monkeypatch.setattr(library, "FLAGS", ("-O0", *library.FLAGS)),
        lambda: nvcc("ring", (tmp_path / "cuda" / "bin" / "nvcc").read_text().splitlines()[-1] + " # another"),
    )
    for change, built in zip(changes, (1, 1, 2, 3, 4), strict=True):
        change()
        gpu("9.0")
        assert cuda.status("ring") == "ready"
        assert len(called.read_text().splitlines()) == built


def test_where_nvcc_is_looked_for(gpu, nvcc, monkeypatch, tmp_path):
    assert library.find_nvcc() == ""
    gpu("9.0")
    assert cuda.status("circuit") == "no nvcc found"
    nvcc("circuit")
    there = str(tmp_path / "cuda" / "bin" / "nvcc")
    assert library.find_nvcc() == there
    monkeypatch.delenv("CUDA_HOME")
    assert library.find_nvcc() == ""
    monkeypatch.setattr(library, "USUAL", str(tmp_path / "cuda"))
    assert library.find_nvcc() == there
    monkeypatch.setattr(library, "USUAL", "/nowhere")
    monkeypatch.setenv("PATH", os.path.dirname(there))
    assert library.find_nvcc() == there


@posix
@pytest.mark.parametrize(
    ("capabilities", "body", "why"),
    [
        (("9.0", "8.0"), None, "for GPUs of one kind, not of several"),
        (("gfx942",), None, "for NVIDIA's GPUs from Ampere on, not for one of capability gfx942"),
        (("7.5",), None, "for NVIDIA's GPUs from Ampere on, not for one of capability 7.5"),
        (("",), None, "for NVIDIA's GPUs from Ampere on, not for one of capability unknown"),
        (("9.0",), "echo 'x.cu(1): error: no' >&2; exit 2", "does not compile: x.cu(1): error: no"),
        (("9.0",), 'echo no library > "$out"', "cannot be built or loaded: "),
    ],
)
def test_where_it_cannot_be_it_says_why(gpu, nvcc, capabilities, body, why):
    nvcc("circuit", body)
    gpu(*capabilities)
    assert cuda.status("circuit").startswith(why)
    assert "\n" not in cuda.status("circuit")


def test_a_kernel_may_be_for_one_kind_of_gpu(gpu, nvcc):
    nvcc("perceptron")
    gpu("9.0")
    assert cuda.status("perceptron") == "ready"
    gpu("10.0")
    assert cuda.status("perceptron") == "for GPUs of capability 9.0, not of 10.0"


def test_it_is_switched_off_by_a_word(gpu, monkeypatch):
    monkeypatch.setenv("TEJAX_CUDA", "No")
    gpu("9.0")
    assert cuda.status("circuit") == "switched off by TEJAX_CUDA=No"
    monkeypatch.setenv("TEJAX_CUDA", "perhaps")
    library._loaded.cache_clear()
    with pytest.raises(InputError, match="TEJAX_CUDA must be one of"):
        cuda.status("circuit")


def test_every_source_belongs_to_a_kernel():
    sources = [path for path in library.FOLDER.rglob("*") if path.suffix in (".cu", ".h")]
    kept = {path.relative_to(library.FOLDER).as_posix() for path in sources}
    assert kept == {name for names in library.FILES.values() for name in names}
    assert {f"cuda {name}" for name in cuda.SOURCES} <= set(selftest.CHECKS)


@pytest.mark.long
@pytest.mark.parametrize("name", cuda.SOURCES)
@pytest.mark.parametrize("capability", ["8.0", "9.0", "12.0"])
def test_nvcc_takes_it(name, capability, monkeypatch, tmp_path):
    if not library.find_nvcc():
        pytest.skip("no nvcc")
    if library.ONLY.get(name, capability) != capability:
        pytest.skip(f"a kernel for GPUs of capability {library.ONLY[name]}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = library.build(name, library.find_nvcc(), capability)
    listed = subprocess.run(["nm", "-D", str(path)], capture_output=True, text=True, check=True).stdout
    assert all(f" T {symbol}\n" in listed for symbol in library.HANDLERS[name])


def genomes(network, count=3):
    return jax.vmap(network.init)(jax.random.split(jax.random.key(0), count))


def a_circuit():
    network = networks.Autonomous(16)
    frames = Frames(jnp.zeros(9, jnp.int8), 6, 3, 30)

    def rate(genome):
        return tasks.Emission(frames, 1).rate(network, genome, jnp.int32(1))

    return network, rate


def a_tissue(neurons, ends):
    network = networks.FixedTissue(*ends, capacity=neurons, neighbors=neurons - neurons % 2, ticks=9)
    x = np.random.default_rng(0).integers(-1, 2, (40, ends[0])).astype(np.int8)
    return network, lambda genome: network.apply(genome, jnp.asarray(x))


CASES = {
    "tejax_cuda_rate_circuit": ("circuit", a_circuit),
    "tejax_cuda_settle": ("tissue", lambda: a_tissue(40, (9, 3))),
    "tejax_cuda_settle_ring": ("ring", lambda: a_tissue(80, (40, 30))),
}


@pytest.mark.parametrize("symbol", CASES)
def test_a_program_for_a_gpu_calls_the_kernel_and_one_for_the_cpu_does_not(symbol, monkeypatch):
    kernel, make = CASES[symbol]
    network, evaluate = make()
    population = genomes(network)
    wanted = jax.tree.map(np.asarray, jax.vmap(evaluate)(population))
    monkeypatch.setattr(cuda, "status", lambda name: "ready" if name == kernel else "not here")
    monkeypatch.setattr(circuits.native, "status", lambda: "not here")
    monkeypatch.setattr(selftest, "proved", lambda name, kind: True)
    monkeypatch.setattr(cuda, "shared_memory", lambda: 99 * 2**10)
    monkeypatch.setattr(networks.FixedTissue, "_packs", lambda self: False)
    evaluated = jax.jit(jax.vmap(evaluate))
    unchecked = [jax.export.DisabledSafetyCheck.custom_call(symbol)]
    exported = jax.export.export(evaluated, platforms=["cuda"], disabled_checks=unchecked)(population)
    assert f"@{symbol}(" in exported.mlir_module()
    found = evaluated(population)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert np.array_equal(one, other)


def test_what_the_kernels_take():
    frames = Frames(jnp.zeros(9, jnp.int8), 6, 3, 30)
    assert cuda.circuit_fits(8192, frames)
    assert not cuda.circuit_fits(8193, frames)
    assert not cuda.circuit_fits(16, Frames(jnp.zeros(20_000, jnp.int8), 6, 19_000, 30))
    assert cuda.tissue_fits(256, 14, 8)
    assert not cuda.tissue_fits(257, 14, 8)
    assert not cuda.tissue_fits(256, 40, 30)
    large, small = 227 * 2**10, 99 * 2**10
    assert cuda.ring_fits(1024, 728, False, large)
    assert not cuda.ring_fits(1024, 728, False, small)
    assert cuda.ring_fits(512, 512, True, small)
    assert not cuda.ring_fits(1024, 1024, True, large)
    assert not cuda.ring_fits(1025, 8, False, large)


def test_how_much_shared_memory_there_is(gpu):
    assert cuda.shared_memory() == 0
    for capability, size in (("9.0", 227), ("8.0", 163), ("8.9", 99), ("12.1", 99)):
        gpu(capability)
        assert cuda.shared_memory() == size * 2**10
