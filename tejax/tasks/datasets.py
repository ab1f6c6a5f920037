"""Real data: what scikit-learn ships, and files of one's own."""

from pathlib import Path
from typing import Any

from tejax.tasks import files
from tejax.tasks.classification import Classification, classification

__all__ = ["breast_cancer", "digits", "from_files", "wine"]


def digits(**options: Any) -> Classification:
    """1,797 handwritten digits of 8 x 8 pixels, ten classes (Alpaydin & Kaynak 1998, as scikit-learn ships them).

    The options are those of `classification`; a generation looks at 128 samples unless `batch` says otherwise.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return classification(x, y, **{"batch": 128, **options})


def breast_cancer(**options: Any) -> Classification:
    """569 tumours, benign or malignant, by 30 measurements (Wolberg et al. 1995, as scikit-learn ships them).

    The options are those of `classification`; thresholds stand at quantiles unless `placement` says otherwise, since
    measurements have units of their own.
    """
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    return classification(x, y, **{"placement": "quantile", **options})


def wine(**options: Any) -> Classification:
    """178 wines of three growers by 13 measurements (Forina et al. 1988, as scikit-learn ships them).

    The options are those of `classification`, thresholds at quantiles as for `breast_cancer`.
    """
    from sklearn.datasets import load_wine

    x, y = load_wine(return_X_y=True)
    return classification(x, y, **{"placement": "quantile", **options})


def from_files(path: str | Path, labels: str | Path | None = None, **options: Any) -> Classification:
    """Labelled data from disk: an .npz file with arrays x and y, or an IDX file of inputs and one of `labels`.

    The options are those of `classification`. Raises InputError for a damaged or foreign file, naming it.
    """
    x, y = files.load_arrays(path) if labels is None else (files.load_idx(path), files.load_idx(labels))
    return classification(x, y, **options)
