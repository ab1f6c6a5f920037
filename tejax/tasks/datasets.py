"""Real data: the digits that scikit-learn ships, and files of one's own."""

from pathlib import Path
from typing import Any

from tejax.tasks import files
from tejax.tasks.classification import Classification, classification

__all__ = ["digits", "from_files"]


def digits(**options: Any) -> Classification:
    """1,797 handwritten digits of 8 x 8 pixels, ten classes (Alpaydin & Kaynak 1998, as scikit-learn ships them).

    The options are those of `classification`; a generation looks at 128 samples unless `batch` says otherwise.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return classification(x, y, **{"batch": 128, **options})


def from_files(path: str | Path, labels: str | Path | None = None, **options: Any) -> Classification:
    """Labelled data from disk: an .npz file with arrays x and y, or an IDX file of inputs and one of `labels`.

    The options are those of `classification`. Raises InputError for a damaged or foreign file, naming it.
    """
    x, y = files.load_arrays(path) if labels is None else (files.load_idx(path), files.load_idx(labels))
    return classification(x, y, **options)
