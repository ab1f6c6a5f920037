"""How the tests run JAX: strict, on eight pretended devices, with a compilation cache that outlives the run."""

import gc
import os
from pathlib import Path

from tests import xla_flags

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = " ".join(
    ["--xla_force_host_platform_device_count=8", *xla_flags.known(xla_flags.FASTER), os.environ.get("XLA_FLAGS", "")]
)
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parent.parent / ".cache" / "jax"))

import jax
import pytest
from hypothesis import settings

import tejax.cli

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", True)
jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
jax.config.update("jax_disable_most_optimizations", True)  # compiles in half the time, and integers do not care
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # the tests compile a thousand small programs

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=25)
settings.register_profile("long", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_finish():
    """Collect garbage seldom: tracing makes objects by the million, and what is imported is never garbage."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)


@pytest.fixture(autouse=True, scope="module")
def _forgotten():
    """Drop compiled programs after each file: kept to the end, they and their traces would fill several gigabytes."""
    yield
    jax.clear_caches()


@pytest.fixture
def optimized():
    """Compile the programs of this test with all optimizations."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture
def command(capsys, monkeypatch):
    """Run a command in this process, whose compilation cache stays: exit status, stdout, stderr."""
    monkeypatch.setattr("tejax.cli.app.keep_compiled_programs", lambda: None)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            tejax.cli.main([str(argument) for argument in arguments])
        return end.value.code or 0, *capsys.readouterr()

    return run


def pytest_terminal_summary(terminalreporter):
    """How much of the reference's traces was replayed (tests/conformance)."""
    passed = (dict(report.user_properties) for report in terminalreporter.getreports("passed"))
    replayed = [counts["golden"] for counts in passed if "golden" in counts]
    if replayed:
        mutations, ticks = (sum(column) for column in zip(*replayed, strict=True))
        line = f"traces of the reference: {len(replayed)} files, {mutations:,} mutations, {ticks:,} ticks, all equal"
        terminalreporter.write_line(line)
