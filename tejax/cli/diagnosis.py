"""`tejax doctor`: what this machine has, and what tejax makes of it."""

import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax

from tejax import engines, evolution, runs
from tejax.engines import native
from tejax.registry import TASKS
from tejax.runs import Experiment

__all__ = ["diagnose"]

PACKAGES = ("orbax-checkpoint", "safetensors", "matplotlib", "scikit-learn", "tyro", "rich")


def diagnose() -> tuple[dict[str, Any], str, int]:
    """Versions, devices, and what auto picks for the digits. The same in words, and the exit status."""
    about = runs.environment_info()
    experiment = Experiment(TASKS.choose("digits"))
    task, network, strategy = experiment.build()
    fan_in = task.features
    batch = evolution.auto_batch(network, task, strategy.population)
    cache = getattr(jax.config, "jax_compilation_cache_dir", None)
    result = {
        **about,
        "packages": {name: _version(name) for name in PACKAGES},
        "all_devices": [str(device) for device in jax.devices()],
        "accelerator": _accelerator(about["platform"]),
        "native": native.status(),
        "auto": {"engine": engines.choose(fan_in), "fan_in": fan_in, "evaluation_batch": batch},
        "compile_cache": cache,
    }
    versions = {name: about[name] for name in ("tejax", "jax", "jaxlib", "numpy", "python")} | result["packages"]
    every = f"all {strategy.population}" if batch is None else f"{batch} of {strategy.population}"
    lines = [
        f"versions        {', '.join(f'{name} {number}' for name, number in versions.items())}",
        f"commit          {about['commit'] or 'not a checkout'}",
        f"platform        {about['platform']}: {about['devices']} x {about['device']}",
        f"accelerator     {result['accelerator']}",
        f"native engine   {result['native']}",
        f"auto picks      engine {result['auto']['engine']} for a fan-in of {fan_in}; "
        f"{every} individuals evaluated at once (digits, the default network)",
        f"compile cache   {cache or 'none'}",
    ]
    return result, "\n".join(lines), 0


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
