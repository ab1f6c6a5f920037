"""`tejax doctor`: what this machine has, what tejax makes of it, and whether it computes the right bits."""

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import jax

from tejax import engines, evolution, runs
from tejax.core.caches import cache_folder
from tejax.engines import native, selftest
from tejax.registry import TASKS
from tejax.runs import Experiment

__all__ = ["EngineState", "check_exactness", "diagnose", "engine_state"]

PACKAGES = ("orbax-checkpoint", "safetensors", "matplotlib", "scikit-learn", "tyro", "rich")


class EngineState(NamedTuple):
    """Whether an engine can be used on this device."""

    state: str  # ready, not here or failed
    where: str = ""  # why it is not here, or where it is wrong


def diagnose() -> tuple[dict[str, Any], str, int]:
    """Versions, devices, engines, and what auto picks for the digits. The same in words, and the exit status."""
    devices = jax.devices()
    about = runs.environment_info()
    experiment = Experiment(TASKS.choose("digits"))
    task, network, strategy = experiment.build()
    fan_in = task.features
    batch = evolution.auto_batch(network, task, strategy.population)
    states = {name: engine_state(name) for name in (*engines.ENGINES, *selftest.CHECKS)}
    width = native.vector_bits() or None
    compiled = getattr(jax.config, "jax_compilation_cache_dir", None)
    folder, outcomes, table = cache_folder(), selftest.outcomes_path(), _calibrated()
    result = {
        **about,
        "packages": {name: _version(name) for name in PACKAGES},
        "all_devices": [str(device) for device in devices],
        "accelerator": _accelerator(about["platform"]),
        "native": native.status(),
        "vector_bits": width,
        "engines": {name: each._asdict() for name, each in states.items()},
        "auto": {"engine": engines.choose(fan_in), "fan_in": fan_in, "evaluation_batch": batch},
        "compile_cache": compiled,
        "caches": {
            "folder": folder and str(folder),
            "outcomes": outcomes and str(outcomes),
            "calibrated_engines": table and str(table),
        },
    }
    versions = {name: about[name] for name in ("tejax", "jax", "jaxlib", "numpy", "python")} | result["packages"]
    every = f"all {strategy.population}" if batch is None else f"{batch} of {strategy.population}"
    calibrated = table or "not calibrated (tejax bench TASK --calibrate)"
    lines = [
        f"versions        {', '.join(f'{name} {number}' for name, number in versions.items())}",
        f"commit          {about['commit'] or 'not a checkout'}",
        f"platform        {about['platform']}: {about['devices']} x {about['device']}",
        f"accelerator     {result['accelerator']}",
        "engines         on this device, each against NumPy",
        *(f"  {name:<13} {_words(name, each, width)}" for name, each in states.items()),
        f"auto picks      engine {result['auto']['engine']} for a fan-in of {fan_in}; "
        f"{every} individuals evaluated at once (digits, the default network)",
        f"engine table    {calibrated}",
        f"compile cache   {compiled or 'none'}",
        f"other caches    {folder or 'none (neither HOME nor XDG_CACHE_HOME)'}",
    ]
    return result, "\n".join(lines), 0


def check_exactness(quick: bool, quiet: bool) -> tuple[dict[str, Any], str, int]:
    """Every computation that exactness rests on, on this device against the CPU and the record.

    Args:
        quick: a part that takes much less time.
        quiet: print nothing on the way; otherwise the table is printed as it grows.

    Returns:
        The findings, the last line in words, and 1 where something differs.
    """
    from tejax.testing import exactness

    device, findings = jax.devices()[0], []
    if not quiet:
        print(f"{device.device_kind} ({device.platform}) against {exactness.reference()}", flush=True)  # noqa: T201
    for finding in exactness.compare(quick=quick):
        findings.append(finding)
        if not quiet:
            print(exactness.line(finding), flush=True)  # noqa: T201
    wrong = [finding.name for finding in findings if finding.differs]
    result = {
        **runs.environment_info(),
        "reference": exactness.reference(),
        "findings": [finding._asdict() for finding in findings],
        "differ": wrong,
    }
    said = f"{len(findings)} compared, {len(wrong) or 'none'} differ{'s' if len(wrong) == 1 else ''}"
    return result, f"{said}{': ' if wrong else ''}{', '.join(wrong)}", int(bool(wrong))


def engine_state(name: str) -> EngineState:
    """Of an engine, or of another thing that proves itself on a device, by name."""
    here = selftest.status(name)
    if here != "ready":
        return EngineState("not here", here)
    found = selftest.outcome(name)
    return EngineState("ready") if found == "ready" else EngineState("failed", found)


def _calibrated() -> Path | None:
    """The file of the calibrated engine table; None where there is none."""
    path = engines.table_path()
    return path if path is not None and os.path.isfile(path) else None


def _words(name: str, each: EngineState, width: int | None) -> str:
    more = f" ({width}-bit vectors)" if name == "native" and width else ""
    return f"{each.state}{more}{': ' if each.where else ''}{each.where}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _accelerator(platform: str) -> str:
    """Is the hardware that is here in use?"""
    if platform != "cpu":
        return f"yes: JAX runs on the {platform.upper()}"
    if shutil.which("nvidia-smi") or Path("/dev/nvidia0").exists():
        return 'not in use: there is an NVIDIA GPU, but JAX runs on the CPU; try pip install "jax[cuda13]"'
    if Path("/dev/kfd").exists():
        return "not in use: there is an AMD GPU, but JAX runs on the CPU; see JAX's instructions for ROCm"
    return "none found: JAX runs on the CPU"
