"""config.json: the experiment, and the versions and the machine that it ran on."""

import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from tejax._version import __version__
from tejax.errors import refuse

__all__ = ["FORMAT", "environment_info", "read_config", "update_config", "write_text"]

FORMAT = 2  # of the run directory; another number is refused


def environment_info() -> dict[str, Any]:
    """Versions, the platform and its devices, and the commit if tejax runs from a checkout."""
    devices = jax.devices()
    return {
        "format": FORMAT,
        "tejax": __version__,
        **{name: version(name) for name in ("jax", "jaxlib", "numpy")},
        "python": platform.python_version(),
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "devices": len(devices),
        "commit": _commit(),
    }


def _commit() -> str | None:
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def read_config(directory: str | Path) -> dict[str, Any]:
    """The config.json of a run directory.

    Raises InputError, in one line, where there is no run, where the file is damaged, and for a run of another format
    or of another version (first two numbers) of tejax.
    """
    path = Path(directory) / "config.json"
    if not path.is_file():
        refuse(f"{directory}: no run there (no config.json)")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        refuse(f"{path}: damaged ({error})", error)
    if not isinstance(config, dict) or not isinstance(config.get("tejax"), str):
        refuse(f"{path}: not the config of a tejax run")
    if config.get("format") != FORMAT:
        refuse(
            f"{path}: run format {config.get('format')!r:.20}, but this tejax reads format {FORMAT}; "
            "go on with the tejax that wrote it, or start the run again"
        )
    here = __version__
    if config["tejax"].split(".")[:2] != here.split(".")[:2]:
        refuse(f"{path}: made by tejax {config['tejax']:.20}; this is {here}, whose bits may differ: use that version")
    return config


def update_config(directory: str | Path, experiment: Mapping[str, Any]) -> None:
    """Put another experiment into the config.json of a run: one of more generations, say.

    Raises InputError where there is no run, where it is damaged, and where it cannot be written.
    """
    config = {**read_config(directory), "experiment": experiment}
    try:
        write_text(Path(directory) / "config.json", json.dumps(config, indent=2) + "\n")
    except OSError as error:
        refuse(f"{directory}: cannot be written ({error.strerror or error})", error)


def write_text(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old text or the new one, never a part."""
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
