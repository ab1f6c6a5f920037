"""The user's cache folder for tejax: found, or done without."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["cache_folder", "write_json"]


def cache_folder() -> Path | None:
    """XDG_CACHE_HOME/tejax or ~/.cache/tejax; None for a user without a home."""
    home = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(home).expanduser() / "tejax" if home else Path.home() / ".cache" / "tejax"
    except RuntimeError:  # neither HOME nor an entry of this user
        return None


def write_json(path: Path, value: Any) -> None:
    """Write a file in one step, where it can be written; a cache that cannot is done without."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")
        Path(draft).replace(path)
