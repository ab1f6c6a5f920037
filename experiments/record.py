"""Results as small JSON files: what was measured, on what machine, with which versions."""

import json
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tejax import runs

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Versions, device, processor and cores."""
    return {**runs.environment_info(), "processor": _processor(), "cores": _cores()}


def _processor() -> str:
    """The model that the kernel names, with the vector extensions that matter here."""
    try:
        lines = dict(
            line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if line.count(":") == 1
        )
    except OSError:
        return platform.processor() or platform.machine()
    fields = {name.strip(): value.strip() for name, value in lines.items()}
    flags = [flag for flag in ("avx2", "avx512f", "avx512_vpopcntdq") if flag in fields.get("flags", "").split()]
    return f"{fields.get('model name', platform.machine())} ({', '.join(flags)})"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def write(name: str, results: Any) -> Path:
    """Write `results` with the machine beside them to experiments/results/<name>.json."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")
    return path


def read(name: str) -> dict[str, Any]:
    """What `write` wrote."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def collect(name: str, settings: Any, jobs: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """What every job gives, by its label, written after each: an interrupted experiment goes on where it stopped.

    Rows of other `settings` are thrown away. Rows of the same ones that are not asked for now stay in the file.
    """
    path = RESULTS / f"{name}.json"
    settings = json.loads(json.dumps(settings))  # as a file has them, tuples being lists
    before = read(name)["results"] if path.exists() else {}
    same = isinstance(before, dict) and before.get("settings") == settings
    rows = before["rows"] if same else {}
    for label, job in jobs.items():
        if label not in rows:
            rows[label] = job()
            write(name, {"settings": settings, "rows": rows})
        print(label, rows[label], flush=True)
    return {label: rows[label] for label in jobs}
