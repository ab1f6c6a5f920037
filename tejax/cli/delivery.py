"""`tejax export`: the best network of a run, in a form that others can use."""

from pathlib import Path
from typing import Any

from tejax import export
from tejax.cli.stored import best_file
from tejax.core import pytrees

__all__ = ["deliver"]


def deliver(path: Path, form: str, out: Path, name: str) -> tuple[dict[str, Any], str, int]:
    """Write the network of a run or of a file to `out`: "c" (with a header beside it), or "safetensors".

    The C source encodes numbers as well, where the network's metadata say how its inputs were made of them, and says
    what the classes are called.

    Raises InputError for a missing or damaged file, a network that has no C form, and where `out` cannot be written.
    """
    saved = export.read(best_file(path))
    if form == "c":
        files = list(export.save_c(out, saved.network, saved.genome, name, saved.encoding, saved.classes))
    else:
        export.save(out, saved.network, saved.genome, saved.metadata)
        files = [out]
    trits = pytrees.size(saved.genome)
    result = {"files": [str(file) for file in files], "trits": trits}
    sizes = ", ".join(f"{file} ({file.stat().st_size:,} bytes)" for file in files)
    return result, f"wrote {sizes}: {trits:,} trits, {-(-trits // 4):,} bytes at 2 bits each", 0
