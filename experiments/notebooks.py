"""Runs notebooks again and keeps what their cells show.

python -m experiments.notebooks                # all of notebooks/
python -m experiments.notebooks notebooks/01_quickstart.ipynb
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def execute(path: Path, seconds: int = 300) -> nbformat.NotebookNode:
    """The notebook with the outputs of a fresh kernel, which works in a folder that is thrown away.

    Raises nbclient's CellExecutionError for the first cell that fails. seconds: that a cell may take.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=seconds, resources={"metadata": {"path": folder}}, record_timing=False
        )
        client.execute(env={**os.environ, "XLA_FLAGS": ""})  # devices as a reader has them
    return notebook


def main() -> None:
    """Write the executed notebooks in place of the old ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="*", default=sorted(NOTEBOOKS.glob("*.ipynb")))
    for path in parser.parse_args().paths:
        start = time.perf_counter()
        notebook = execute(path)
        # the same kernel everywhere, and no version of the Python it was last run with
        notebook.metadata = {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        nbformat.write(notebook, path)
        print(f"{path.name}: {time.perf_counter() - start:.1f} s, {path.stat().st_size / 1024:.0f} KiB", flush=True)


if __name__ == "__main__":
    main()
