"""A figure as a file."""

import io
import warnings
from pathlib import Path

from matplotlib.figure import Figure

from tejax.core.drafts import write_file
from tejax.core.paths import expanded
from tejax.errors import require

__all__ = ["save"]


def save(figure: Figure, path: str | Path, dpi: int = 120) -> Path:
    """Write a figure as the kind of file that the path's ending names.

    Args:
        figure: what to write.
        path: of the file, .png, .svg, .pdf ...
        dpi: pixels an inch.

    Returns:
        The path.

    Raises:
        InputError: for an ending that names no kind of picture, and where the file cannot be written.
    """
    path, buffer = expanded(path), io.BytesIO()
    kinds = figure.canvas.get_supported_filetypes()
    kind = path.suffix[1:].lower() or "png"
    require(kind in kinds, f"a file that ends in one of {sorted(kinds)}", path=str(path))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in letters that the font lacks
        figure.savefig(buffer, format=kind, dpi=dpi, facecolor="white")
    write_file(path, buffer.getvalue())
    return path
