"""config.json: the experiment, and the versions and the machine that it ran on."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from tejax._version import __version__
from tejax.core.paths import expanded
from tejax.core.reading import is_missing, read_json
from tejax.core.settings import settings
from tejax.errors import InputError, refuse, shown

__all__ = ["FORMAT", "environment_info", "read_config"]

FORMAT = 4  # of the run directory; another number is refused. 3: networks and tasks of trits alone


def environment_info() -> dict[str, Any]:
    """Versions, the platform and its devices, the commit if tejax runs from a checkout, and the settings of JAX."""
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
        "settings": settings(),
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

    Raises:
        InputError: in one line, where there is no run, where the file is damaged or a link, and for a run of another
            format or of another version (first two numbers) of tejax.
    """
    path = expanded(directory, "directory") / "config.json"
    try:
        config = read_json(path)
    except InputError as error:
        if is_missing(error):
            refuse(f"{directory}: no run there (no config.json)", error)
        raise
    if not isinstance(config, dict) or not isinstance(config.get("tejax"), str):
        refuse(f"{path}: not the config of a tejax run")
    if config.get("format") != FORMAT:
        refuse(
            f"{path}: run format {shown(config.get('format'), 20)}, but this tejax reads format {FORMAT}; "
            "go on with the tejax that wrote it, or start the run again"
        )
    here = __version__
    if config["tejax"].split(".")[:2] != here.split(".")[:2]:
        refuse(f"{path}: made by tejax {config['tejax']:.20}; this is {here}, whose bits may differ: use that version")
    return config
